// Answers with an error status.

import { retrySeconds } from "./measure";
import { report } from "./report";

/** Milliseconds before a refused request is repeated: an operator has to change something first. */
const REFUSED_RETRY = 5 * 60_000;
/** The status of a server or a proxy that asks for patience. */
const TOO_MANY_REQUESTS = 429;

/** The server, or a proxy, responded with an error status. */
export class HttpError extends Error {
  /** The least milliseconds before the next attempt. */
  readonly delay: number;

  constructor(status: number, delay: number) {
    super(`status ${status}`);
    this.delay = delay;
  }
}

/** The error of an answer. The author of the page learns what only the operator of the service can change. */
export async function refusal(response: Response): Promise<HttpError> {
  const { status } = response;
  const retryAfter = retrySeconds(response.headers.get("retry-after"));
  if (retryAfter !== undefined) {
    return new HttpError(status, retryAfter * 1000);
  }
  if (status === TOO_MANY_REQUESTS || status >= 500) {
    return new HttpError(status, 0);
  }
  const text = await response.text().catch(() => "");
  if (text.includes("FOREIGN_ORIGIN")) {
    report(`${new URL(response.url).origin} does not list ${location.origin} in web.allowed_origins, so it sends no rates`);
  } else {
    report(`${response.url} answers with status ${status}${explanation(text)}`);
  }
  return new HttpError(status, REFUSED_RETRY);
}

/** What the service says about its error, to follow the status; empty for an answer of something else. */
function explanation(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return error?.message ? `: ${String(error.message)}` : "";
  } catch {
    return "";
  }
}
