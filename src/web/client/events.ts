// A parser of server-sent events for a fetched stream. EventSource hides the status code, the silence of a connection
// and the delay between its attempts; the hub needs all three.

/** One event, as the server sent it. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** The longest line in characters, which bounds the buffer: this service sends far less. */
const LINE_LENGTH_MAX = 4_000_000;

/** Returns a function that turns chunks of text into events. `retry` receives the server's minimum delay before a reconnect. */
export function eventParser(retry: (digits: string) => void): (chunk: string) => ServerEvent[] {
  let rest = "";
  let name = "";
  let data: string[] = [];
  return (chunk) => {
    const found: ServerEvent[] = [];
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) {
      throw new Error("line too long");
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
