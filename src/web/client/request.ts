// Requests for one answer, and the delays between them, both of which an abort ends.

import { refusal } from "./refusal";

/** Timeout of a request for one answer, in milliseconds: a snapshot is small, and so is a page of a history. */
const ANSWER_TIMEOUT = 15_000;

/** The answer of the service. An error status, a timeout and an abort are thrown. */
export async function fetchJson<Body>(url: URL, stop: AbortSignal): Promise<Body> {
  const request = new AbortController();
  const abort = (): void => request.abort();
  stop.addEventListener("abort", abort);
  const timer = setTimeout(abort, ANSWER_TIMEOUT);
  try {
    const response = await fetch(url, { signal: request.signal, credentials: "same-origin", cache: "no-cache" });
    if (!response.ok) {
      throw await refusal(response);
    }
    return (await response.json()) as Body;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", abort);
  }
}

/** Waits some milliseconds, or until the abort. */
export function sleep(time: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, time);
    function done(): void {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    }
    stop.addEventListener("abort", done);
    if (stop.aborted) {
      done();
    }
  });
}
