// When to come back: after a failure with full jitter, and for the next snapshot when a bank is expected to publish.

import type { Source } from "./contract";
import { instant } from "./measure";

/** The span of the first pause: a server that restarts is there again within it. */
const FIRST_PAUSE = 1_000;
/** The span of the longest pause: what the contract asks of clients. */
const LONGEST_PAUSE = 60_000;
/** Inside a bank's hours a new table may come at any moment; asking oftener would be a burden. */
const POLL_INSIDE_HOURS = 60_000;
/** No poll sooner, whatever the times say. */
const POLL_LEAST = 30_000;
/** No poll later: a correction may come at any hour. */
const POLL_MOST = 15 * 60_000;

/** Milliseconds until the next attempt: anywhere in a span that doubles with each failure, and not before the floor. */
export function between(failures: number, floor: number, random: () => number = Math.random): number {
  const span = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
  return floor + random() * span;
}

/** Milliseconds until the next snapshot: when the hours of the next bank begin, on the server's own clock. */
export function nextPoll(
  sources: readonly Pick<Source, "next_publication_time" | "next_publication_due_time">[],
  now: number | undefined,
  random: () => number = Math.random,
): number {
  let wait = POLL_MOST;
  for (const source of sources) {
    const begins = instant(source.next_publication_time);
    const ends = instant(source.next_publication_due_time);
    if (now === undefined || begins === undefined) {
      continue;
    }
    if (begins > now) {
      wait = Math.min(wait, begins - now);
    } else if (ends !== undefined && ends > now) {
      wait = Math.min(wait, POLL_INSIDE_HOURS);
    }
  }
  // A little later, and each page at its own moment: at the very second nothing is out yet.
  return Math.max(wait, POLL_LEAST) * (1 + random() / 10);
}
