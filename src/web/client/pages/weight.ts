// What an answer weighs with the chosen settings, said beside its snippet: its length as the service sent it, compressed.

import { kilobytes } from "../measure";

/** Milliseconds without a change before an answer is requested. */
const CHANGE_PAUSE = 250;

/** Starts the scale. What it returns weighs the answer of a kind; a kind without an answer has a script, which the server weighs. */
export function scale(): (kind: string, answer: string | undefined) => void {
  let timer = 0;
  let running = new AbortController();
  return (kind, answer) => {
    clearTimeout(timer);
    running.abort();
    const place = document.querySelector<HTMLElement>(`[data-kind="${kind}"] [data-weight]`);
    if (!answer || !place) {
      return;
    }
    running = new AbortController();
    const { signal } = running;
    timer = window.setTimeout(() => void weigh(answer, place, signal), CHANGE_PAUSE);
  };
}

async function weigh(answer: string, place: HTMLElement, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(answer, { signal });
    await response.arrayBuffer();
    // A refusal is no answer, and a proxy may send one without its length.
    const size = kilobytes(response.ok ? response.headers.get("content-length") : null);
    place.textContent = size ? sentence(place, size) : "";
  } catch {
    // The service is away and the figure is not that of these settings, or they have changed again and the next one follows.
    if (!signal.aborted) {
      place.textContent = "";
    }
  }
}

function sentence(place: HTMLElement, size: string): string {
  const { weight = "", decimal = "." } = place.dataset;
  return weight.replace("{size}", size.replace(".", decimal));
}
