// Delays: exponential backoff with full jitter after a failure, and the interval of polling where streams do not work.

import type { Source } from "./contract";
import { instant } from "./measure";

/** Upper bound of the first backoff delay, in milliseconds: a restarting server is usually back by then. */
const BACKOFF_BASE = 1_000;
/** Upper bound of every backoff delay, in milliseconds: the contract asks clients for it. */
const BACKOFF_MAX = 60_000;
/** Poll interval within the publication hours of a bank, in milliseconds: a new table may appear at any moment. */
const POLL_WITHIN_HOURS = 60_000;
/** Shortest poll interval, in milliseconds, whatever the schedule says. */
const POLL_MIN = 30_000;
/** Longest poll interval, in milliseconds: a correction may appear at any hour. */
const POLL_MAX = 15 * 60_000;

/** Milliseconds until the next attempt: uniform in a range that doubles with each failure, added to the server's minimum. */
export function retryDelay(failures: number, minimum: number, random: () => number = Math.random): number {
  const range = Math.min(BACKOFF_MAX, BACKOFF_BASE * 2 ** Math.min(failures, 10));
  return minimum + random() * range;
}

/** Milliseconds until the next poll: until the next publication hours of a bank begin, by the server's clock. */
export function pollDelay(
  sources: readonly Pick<Source, "next_publication_time" | "next_publication_due_time">[],
  now: number | undefined,
  random: () => number = Math.random,
): number {
  let delay = POLL_MAX;
  for (const source of sources) {
    const begins = instant(source.next_publication_time);
    const ends = instant(source.next_publication_due_time);
    if (now === undefined || begins === undefined) {
      continue;
    }
    if (begins > now) {
      delay = Math.min(delay, begins - now);
    } else if (ends !== undefined && ends > now) {
      delay = Math.min(delay, POLL_WITHIN_HOURS);
    }
  }
  // Up to a tenth more at random: pages do not poll all at once, and not in the very second a bank's hours begin.
  return Math.max(delay, POLL_MIN) * (1 + random() / 10);
}
