// The rates of a pair by date: fetched once for the longest period that was shown, and then continued by the stream.

import type { HistoryPage, Rate } from "../contract";
import { retryDelay } from "../backoff";
import { HttpError } from "../refusal";
import { fetchJson, sleep } from "../request";
import { dateOf, dayOf } from "./measure";
import { GAP_DAYS } from "./points";

/** Rates in a request: the most that the service sends, more than two years of working days. */
const PAGE_SIZE = 1000;
/** The most pages of one history: a year has one. A service that sends ever more must not keep a page busy. */
const PAGES_MAX = 4;

export class History {
  /** The rates by date, the oldest first. */
  rates: readonly Rate[] = [];
  /** Whether the rates are those of the service; false before its first answer. */
  isKnown = false;
  /** Whether the last request failed. */
  hasFailed = false;
  readonly #changed: () => void;
  #stop = new AbortController();
  /** The pair with the service, and the first day, of what is known or on its way. */
  #key = "";
  #first = Infinity;
  #newest: Rate | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Makes the rates of a pair known from a day on, and from the last fixing before it. */
  want(endpoint: string, pair: string, first: number): void {
    const key = `${endpoint} ${pair}`;
    if (key === this.#key && first >= this.#first) {
      return;
    }
    if (key !== this.#key) {
      this.stop();
    }
    this.#key = key;
    this.#first = first;
    this.#reload(endpoint, pair);
  }

  /** Continues with the rate that is in force now. */
  add(endpoint: string, rate: Rate): void {
    const isNews = rate.value !== this.#newest?.value || rate.effective_date !== this.#newest.effective_date;
    this.#newest = rate;
    // A rate ends the wait after a failure too: the pair was not quoted yet, or the service is back.
    if (isNews && (this.isKnown ? !this.#append(rate) : this.hasFailed)) {
      this.#reload(endpoint, rate.pair);
    }
  }

  /** Appends a rate. Returns whether it follows: dates may be missing before it, or the clock of a replay began anew. */
  #append(rate: Rate): boolean {
    const [day, before] = [dayOf(rate.effective_date), dayOf(rate.change?.reference_date)];
    const last = dayOf(this.rates.at(-1)?.effective_date) ?? -Infinity;
    if (day === undefined || day < last) {
      return day === undefined;
    }
    // Of two rates of one day the later one is the correction, which is the point of that day.
    this.rates = [...this.rates, rate];
    return before === undefined || before <= last;
  }

  /** Forgets everything, and ends the requests. */
  stop(): void {
    this.#stop.abort();
    this.#key = "";
    this.#first = Infinity;
    this.#newest = undefined;
    this.rates = [];
    this.isKnown = this.hasFailed = false;
  }

  #reload(endpoint: string, pair: string): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    void this.#load(endpoint, pair, this.#stop.signal);
  }

  async #load(endpoint: string, pair: string, stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; failures += 1) {
      try {
        const rates = await fetchRates(endpoint, pair, dateOf(this.#first - GAP_DAYS), stop);
        if (!stop.aborted) {
          this.rates = rates;
          this.isKnown = true;
          this.hasFailed = false;
          if (this.#newest) {
            this.#append(this.#newest);
          }
          this.#changed();
        }
        return;
      } catch (error) {
        if (!stop.aborted) {
          this.hasFailed = true;
          this.#changed();
          await sleep(Math.max(retryDelay(failures, 0), error instanceof HttpError ? error.delay : 0), stop);
        }
      }
    }
  }
}

/** Every rate from a date on, the oldest first. */
async function fetchRates(endpoint: string, pair: string, start: string, stop: AbortSignal): Promise<Rate[]> {
  const url = new URL(`v1/history/${pair}`, endpoint);
  url.searchParams.set("start", start);
  url.searchParams.set("page_size", `${PAGE_SIZE}`);
  const rates: Rate[] = [];
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await fetchJson<HistoryPage>(url, stop);
    rates.push(...page.rates);
    if (!page.next_page_token) {
      break;
    }
    url.searchParams.set("page_token", page.next_page_token);
  }
  return rates.reverse();
}
