// Server-sent events out of a fetched stream. EventSource hides the status, the silence and the pauses between its
// attempts; these few lines leave them to us.

/** One event as sent. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** What a stream holds back when a line does not end; a server that sends more than this on one line is not ours. */
const LINE_LENGTH_MAX = 4_000_000;

/** Cuts chunks of text into events. `retry` is told the milliseconds the server asks to wait before coming back. */
export function eventReader(retry: (digits: string) => void): (chunk: string) => ServerEvent[] {
  let rest = "";
  let name = "";
  let data: string[] = [];
  return (chunk) => {
    const found: ServerEvent[] = [];
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) {
      throw new Error("an endless line");
    }
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) {
          found.push({ name: name || "message", data: data.join("\n") });
        }
        name = "";
        data = [];
        continue;
      }
      const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") {
        name = value;
      } else if (field === "data") {
        data.push(value);
      } else if (field === "retry") {
        retry(value);
      }
    }
    return found;
  };
}
