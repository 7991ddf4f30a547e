// One connection per page and service: one stream carries the pairs of all elements. It resumes from the last position,
// backs off with full jitter, pauses while the page is hidden, and polls snapshots where a proxy breaks streams.

import { positionKey } from "./contract";
import type { Opening, Snapshot, Update } from "./contract";
import { eventParser } from "./events";
import type { ServerEvent } from "./events";
import { milliseconds, retryMilliseconds } from "./measure";
import { pollDelay, retryDelay } from "./backoff";
import { State } from "./state";

/** An element that is shown rates by a hub. */
export interface Subscriber {
  /** The requested pairs; empty means the ticker pairs of the server. */
  readonly pairs: readonly string[];
  /** Called after the state of the hub changed. */
  changed(): void;
}

/** The snapshot that the server rendered into the page for one element. */
export type InitialSnapshot = Snapshot;

/** Milliseconds to wait for the opening event: a server sends it at once, so a proxy holds the stream back after that. */
const OPENING_TIMEOUT = 10_000;
/** The heartbeat interval of the contract, in milliseconds, until the server announces its own. */
const HEARTBEAT_INTERVAL = 20_000;
/** After this number of missed heartbeats the connection counts as dead. */
const HEARTBEATS_MISSED = 3;
/** Timeout of a snapshot request, in milliseconds: a snapshot is small. */
const POLL_TIMEOUT = 15_000;
/** Milliseconds of polling before the stream is tried again: a proxy that breaks streams rarely changes within minutes. */
const STREAM_RETRY = 5 * 60_000;
/** Milliseconds without a connection before the elements show that they are offline. */
const OFFLINE_AFTER = 10_000;

const hubs = new Map<string, Hub>();

/** The hub of a service, found by the base URL of the service. */
export function hubOf(endpoint: string): Hub {
  const hub = hubs.get(endpoint) ?? new Hub(endpoint);
  hubs.set(endpoint, hub);
  return hub;
}

export class Hub {
  readonly state = new State();
  readonly #endpoint: string;
  /** The ticker pairs of the server, once they are known. */
  defaults: readonly string[] = [];
  /** Whether the connection has been lost for a while. */
  offline = false;
  readonly #subscribers = new Set<Subscriber>();
  #filter = "";
  #stop = new AbortController();
  #running = false;
  #failures = 0;
  #retryMinimum = 0;
  #streamAgainAt = 0;
  #offlineTimer = 0;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    document.addEventListener("visibilitychange", () => this.#restart());
    // The network is back: retry at once, without waiting for the backoff delay.
    addEventListener("online", () => this.#restart());
  }

  /** Adds a subscriber. The stream is reopened only when it lacks one of its pairs. */
  add(subscriber: Subscriber, initial?: InitialSnapshot): void {
    const { position } = this.state;
    if (initial && !this.#running && (!position || positionKey(position) === positionKey(initial.position))) {
      this.state.include(initial);
      this.#filter = this.#filterOf([...this.#subscribers, subscriber]);
      if (!subscriber.pairs.length) {
        this.defaults = initial.rates.map((rate) => rate.pair);
      }
    }
    this.#subscribers.add(subscriber);
    // The elements of a page are added one by one within a task; the request is made once they are all known.
    setTimeout(() => this.#updateFilter());
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    // Moving an element within the page removes and adds it in one task; only a lasting removal closes the stream.
    queueMicrotask(() => {
      if (!this.#subscribers.size) {
        this.#stop.abort();
      }
    });
  }

  #updateFilter(): void {
    if (!this.#subscribers.size) {
      return;
    }
    const filter = this.#filterOf(this.#subscribers);
    const has = new Set(this.#filter.split(","));
    if (filter.split(",").some((pair) => !has.has(pair))) {
      this.#filter = filter;
      // Resuming would send only changed rows, and not the rows of the new pairs: start with a snapshot.
      this.state.position = undefined;
      this.#restart();
    } else if (!this.#running) {
      this.#restart();
    }
  }

  /** The filter of some subscribers, in which `default` stands for the ticker pairs of the server. */
  #filterOf(subscribers: Iterable<Subscriber>): string {
    const pairs = new Set<string>();
    for (const subscriber of subscribers) {
      (subscriber.pairs.length ? subscriber.pairs : ["default"]).forEach((pair) => pairs.add(pair));
    }
    return [...pairs].sort().join(",");
  }

  #restart(): void {
    this.#stop.abort();
    this.#failures = 0;
    this.#retryMinimum = 0;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  async #run(stop: AbortSignal): Promise<void> {
    this.#running = true;
    while (!stop.aborted && this.#subscribers.size && !document.hidden) {
      let delay: number;
      try {
        delay = await this.#attempt(stop);
      } catch {
        this.#failures += 1;
        delay = retryDelay(this.#failures, this.#retryMinimum);
        this.#disconnected();
      }
      await sleep(delay, stop);
    }
    if (stop === this.#stop.signal) {
      this.#running = false;
    }
  }

  /** Reads the stream until it ends, or polls once where streams do not work. Returns the delay before the next attempt. */
  async #attempt(stop: AbortSignal): Promise<number> {
    const tryStream = Date.now() >= this.#streamAgainAt;
    if (tryStream) {
      try {
        if (await this.#stream(stop)) {
          this.#disconnected();
          return retryDelay(0, this.#retryMinimum);
        }
      } catch (error) {
        // The server refused the request; it would refuse a snapshot request as well.
        if (stop.aborted || (error instanceof HttpError && error.final)) {
          throw error;
        }
      }
      // One failure may be an accident or a starting server. Two failures while snapshots work indicate a proxy.
      if (this.#failures < 1) {
        throw new Error("no stream");
      }
    }
    const snapshot = await this.#get<Snapshot>("v1/snapshot.json", stop);
    if (tryStream) {
      this.#streamAgainAt = Date.now() + STREAM_RETRY;
    }
    this.#connected(this.state.replace(snapshot));
    return pollDelay(snapshot.sources, this.state.serverTime);
  }

  /** Reads one stream. Returns whether it carried rows, or resumed, before it ended. */
  async #stream(stop: AbortSignal): Promise<boolean> {
    const connection = new AbortController();
    const abort = (): void => connection.abort();
    stop.addEventListener("abort", abort);
    let timer = setTimeout(abort, OPENING_TIMEOUT);
    let timeout = HEARTBEAT_INTERVAL * HEARTBEATS_MISSED;
    let hasRows = false;
    const parse = eventParser((digits) => {
      this.#retryMinimum = retryMilliseconds(digits) ?? this.#retryMinimum;
    });
    try {
      const path = await this.#address("v1/watch", stop);
      const held = this.state.position;
      if (held) {
        path.searchParams.set("after", positionKey(held));
      }
      const response = await fetch(path, { signal: connection.signal, credentials: "omit", cache: "no-store" });
      if (!response.ok || !response.body) {
        throw new HttpError(response.status);
      }
      const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk = await body.read(); !chunk.done; chunk = await body.read()) {
        for (const event of parse(chunk.value)) {
          if (event.name === "opening") {
            const opening = JSON.parse(event.data) as Opening;
            timeout = (milliseconds(opening.heartbeat_interval) ?? HEARTBEAT_INTERVAL) * HEARTBEATS_MISSED;
            hasRows ||= opening.verdict === "RESUMED";
          }
          hasRows = this.#apply(event) || hasRows;
        }
        clearTimeout(timer);
        timer = setTimeout(abort, timeout);
      }
    } catch (error) {
      if (!hasRows) {
        throw error;
      }
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
      connection.abort();
    }
    return hasRows;
  }

  /** Applies one event. Returns whether it carried rows. */
  #apply(event: ServerEvent): boolean {
    if (event.name === "heartbeat") {
      // The page depends on the server's clock only for the word "tomorrow", so only the first heartbeat needs a redraw.
      const first = this.state.serverTime === undefined;
      this.state.setServerTime((JSON.parse(event.data) as Snapshot).server_time);
      this.#connected(first);
    } else if (event.name === "snapshot") {
      // A snapshot replaces everything. Forgetting the position first lets a new epoch in, or a restarted server.
      this.state.position = undefined;
      this.#connected(this.state.replace(JSON.parse(event.data) as Snapshot));
      return true;
    } else if (event.name === "update") {
      if (!this.state.apply(JSON.parse(event.data) as Update)) {
        this.state.position = undefined;
        throw new Error("an update that does not follow what is held");
      }
      this.#connected(true);
      return true;
    }
    return false;
  }

  #connected(changed: boolean): void {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#failures = 0;
    const wasOffline = this.offline;
    this.offline = false;
    if (changed && this.#filter === "default") {
      this.defaults = [...this.state.rates.keys()];
    }
    if (changed || wasOffline) {
      this.#notify();
    }
  }

  #disconnected(): void {
    this.#offlineTimer ||= setTimeout(() => {
      this.offline = true;
      this.#notify();
    }, OFFLINE_AFTER);
  }

  #notify(): void {
    this.#subscribers.forEach((reader) => reader.changed());
  }

  /** A URL of the service with the filter as a parameter. */
  async #address(path: string, stop: AbortSignal): Promise<URL> {
    const url = new URL(path, this.#endpoint);
    if (this.#filter === "default" || !this.#filter) {
      return url;
    }
    const pairs = this.#filter.split(",").filter((pair) => pair !== "default");
    if (pairs.length < this.#filter.split(",").length) {
      // The ticker pairs are mixed with others, so the request must name them: fetch them first.
      const snapshot = await this.#fetchJson<Snapshot>(new URL("v1/snapshot.json", this.#endpoint), stop);
      this.defaults = snapshot.rates.map((rate) => rate.pair);
    }
    url.searchParams.set("pairs", [...new Set([...pairs, ...this.defaults])].join(","));
    return url;
  }

  async #get<Body>(path: string, stop: AbortSignal): Promise<Body> {
    return this.#fetchJson<Body>(await this.#address(path, stop), stop);
  }

  async #fetchJson<Body>(url: URL, stop: AbortSignal): Promise<Body> {
    const request = new AbortController();
    const abort = (): void => request.abort();
    stop.addEventListener("abort", abort);
    const timer = setTimeout(abort, POLL_TIMEOUT);
    try {
      const response = await fetch(url, { signal: request.signal, credentials: "omit", cache: "no-cache" });
      if (!response.ok) {
        throw new HttpError(response.status);
      }
      return (await response.json()) as Body;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
    }
  }
}

/** The server responded with an error status. */
class HttpError extends Error {
  /** Whether retrying is pointless: a 4xx status concerns the request, while a 5xx status may come from a proxy. */
  readonly final: boolean;

  constructor(status: number) {
    super(`status ${status}`);
    this.final = status < 500;
  }
}

function sleep(time: number, stop: AbortSignal): Promise<void> {
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
