// One connection per page and service: one stream carries the pairs of all elements. It resumes from the last position,
// backs off with full jitter, pauses while the page is hidden, and polls snapshots where a proxy breaks streams.

import { isPair, PAIRS_MAX } from "./attributes";
import { positionKey } from "./contract";
import type { Heartbeat, Opening, Snapshot, Update } from "./contract";
import { eventParser } from "./events";
import type { ServerEvent } from "./events";
import { milliseconds, retryMilliseconds } from "./measure";
import { pollDelay, retryDelay } from "./backoff";
import { HttpError, refusal } from "./refusal";
import { report } from "./report";
import { fetchJson, sleep } from "./request";
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
/** Milliseconds of polling before the stream is tried again: a proxy that breaks streams rarely changes within minutes. */
const STREAM_RETRY = 5 * 60_000;
/** Milliseconds without a connection before the elements show that they are offline: two attempts at a stream take less. */
const OFFLINE_AFTER = 15_000;

/**
 * Milliseconds before the stream of a page without elements is closed: a page that replaces its body takes its elements out,
 * and puts them back some frames later.
 */
const CLOSE_AFTER = 1_000;

/** An hour in milliseconds. */
const HOUR = 3_600_000;

const hubs = new Map<string, Hub>();

/** The hub of a service, found by the base URL of the service; one without a base URL never has data. */
export function hubOf(endpoint: string): Hub {
  const hub = hubs.get(endpoint) ?? new Hub(endpoint);
  hubs.set(endpoint, hub);
  return hub;
}

/** The server is a replica that lacks what another one has shown. Polling would not help: the next attempt may meet another one. */
class BehindError extends Error {}

export class Hub {
  readonly state = new State();
  readonly #endpoint: string;
  /** The ticker pairs of the server, once they are known. */
  defaults: readonly string[] = [];
  /** Whether the connection has been lost for a while, or the server has none to its replicas. */
  offline = false;
  /** Whether the service did not answer, and nothing is known. */
  hasFailed = false;
  readonly #subscribers = new Set<Subscriber>();
  #filter = "";
  #stop = new AbortController();
  #running = false;
  #failures = 0;
  #retryMinimum = 0;
  #streamAgainAt = 0;
  #offlineTimer = 0;
  /** Whether the server is cut off from its replicas, so that its values may lack newer ones. */
  #isDetached = false;
  /** The request for the ticker pairs of the server, in an attempt that names them beside others. */
  #tickerPairs: Promise<void> | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    document.addEventListener("visibilitychange", () => this.#restart());
    this.hasFailed = !endpoint;
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
    setTimeout(() => {
      if (!this.#subscribers.size) {
        this.#stop.abort();
        // The next subscriber starts a new run, even before this one has ended.
        this.#running = false;
      }
    }, CLOSE_AFTER);
  }

  #updateFilter(): void {
    if (!this.#subscribers.size || !this.#endpoint) {
      return;
    }
    const filter = this.#filterOf(this.#subscribers);
    const has = new Set(this.#filter.split(","));
    if (!filter) {
      // No element has a pair that the service accepts.
      return;
    }
    if (filter.split(",").some((pair) => !has.has(pair))) {
      this.#filter = filter;
      // Resuming would send only changed rows, and not the rows of the new pairs: start with a snapshot.
      this.state.position = undefined;
      this.#restart();
    } else if (!this.#running) {
      this.#restart();
    }
  }

  /**
   * The filter of some subscribers, in which `default` stands for the ticker pairs of the server. It has only what the
   * service accepts: the wrong pair of one element would otherwise cost all elements their rates.
   */
  #filterOf(subscribers: Iterable<Subscriber>): string {
    const pairs = new Set<string>();
    for (const subscriber of subscribers) {
      (subscriber.pairs.length ? subscriber.pairs : ["default"]).forEach((pair) => pairs.add(pair));
    }
    const [accepted, refused] = [[] as string[], [] as string[]];
    pairs.forEach((pair) => (pair === "default" || isPair(pair) ? accepted : refused).push(pair));
    if (refused.length) {
      report(`a pair is written KZT/USD, */USD or KZT/*, and not ${refused.join(", ")}`);
    }
    if (accepted.length > PAIRS_MAX) {
      report(`the elements of a page may show ${PAIRS_MAX} pairs; the last ${accepted.length - PAIRS_MAX} are left out`);
    }
    return accepted.slice(0, PAIRS_MAX).sort().join(",");
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
      } catch (error) {
        if (stop.aborted) {
          break;
        }
        this.#failures += 1;
        delay = Math.max(retryDelay(this.#failures, this.#retryMinimum), error instanceof HttpError ? error.delay : 0);
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
    this.#tickerPairs = undefined;
    if (tryStream) {
      // A proxy may hold a stream back for many seconds. A snapshot in parallel is the first that the reader sees.
      const first = this.state.position ? undefined : this.#firstSnapshot(stop);
      try {
        if (await this.#stream(stop)) {
          if (!stop.aborted) {
            this.#disconnected();
          }
          return retryDelay(0, this.#retryMinimum);
        }
      } catch (error) {
        if (stop.aborted || error instanceof BehindError) {
          throw error;
        }
      }
      // One failure may be an accident or a starting server. Two failures while snapshots work indicate a proxy.
      await first;
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

  /** Shows a snapshot until the stream has sent its own. */
  async #firstSnapshot(stop: AbortSignal): Promise<void> {
    try {
      const snapshot = await this.#get<Snapshot>("v1/snapshot.json", stop);
      if (!this.state.position) {
        if (!this.state.isNewerThan(snapshot.position)) {
          this.state.include(snapshot);
          this.#rowsArrived();
        }
      } else if (this.#setClock(snapshot.server_time)) {
        // The stream was faster, and its snapshot has no clock.
        this.#notify();
      }
    } catch {
      // The stream reports the failure, and its retries follow.
    }
  }

  /** Reads one stream. Returns whether it carried rows, or resumed, before it ended. */
  async #stream(stop: AbortSignal): Promise<boolean> {
    const connection = new AbortController();
    const abort = (): void => connection.abort();
    stop.addEventListener("abort", abort);
    let timer = setTimeout(abort, OPENING_TIMEOUT);
    let timeout = HEARTBEAT_INTERVAL * HEARTBEATS_MISSED;
    let hasRows = false;
    this.#isDetached = false;
    const parse = eventParser((digits) => {
      this.#retryMinimum = retryMilliseconds(digits) ?? this.#retryMinimum;
    });
    try {
      const path = await this.#address("v1/watch", stop);
      const held = this.state.position;
      if (held) {
        path.searchParams.set("after", positionKey(held));
      }
      const response = await fetch(path, { signal: connection.signal, credentials: "same-origin", cache: "no-store" });
      if (!response.ok || !response.body) {
        throw await refusal(response);
      }
      const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk = await body.read(); !chunk.done; chunk = await body.read()) {
        for (const event of parse(chunk.value)) {
          if (event.name === "opening") {
            const opening = JSON.parse(event.data) as Opening;
            // A service that runs alone was set back; of several replicas one has the newer rows, and soon the others.
            if (opening.replica && this.state.isNewerThan(opening.position, opening.replica.detached)) {
              throw new BehindError();
            }
            timeout = (milliseconds(opening.heartbeat_interval) ?? HEARTBEAT_INTERVAL) * HEARTBEATS_MISSED;
            hasRows ||= opening.verdict === "RESUMED";
            this.#isDetached = !!opening.replica?.detached;
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
      const { server_time, replica } = JSON.parse(event.data) as Heartbeat;
      this.#isDetached = !!replica?.detached;
      this.#connected(this.#setClock(server_time));
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

  /**
   * Sets the clock of the service. Returns whether an hour began: at some of them a day begins for a bank, and with it the
   * word "tomorrow" and the end of a chart change.
   */
  #setClock(time: string | null | undefined): boolean {
    const hour = (): number => Math.floor((this.state.serverTime ?? 0) / HOUR);
    const before = hour();
    this.state.setServerTime(time);
    return hour() !== before;
  }

  #connected(changed: boolean): void {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#failures = 0;
    const wasOffline = this.offline;
    // A server that is cut off from its replicas has the last known values too.
    this.offline = this.#isDetached;
    if (changed || wasOffline !== this.offline) {
      this.#rowsArrived();
    }
  }

  #rowsArrived(): void {
    this.hasFailed = false;
    if (this.#filter === "default") {
      this.defaults = [...this.state.rates.keys()];
    }
    this.#notify();
  }

  #disconnected(): void {
    if (!this.state.rates.size && !this.hasFailed) {
      this.hasFailed = true;
      this.#notify();
    }
    this.#offlineTimer ||= setTimeout(() => {
      this.offline = true;
      this.#notify();
    }, OFFLINE_AFTER);
  }

  #notify(): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber.changed();
      } catch (error) {
        // One broken element costs the others nothing.
        report(String(error));
      }
    }
  }

  /** A URL of the service with the filter as a parameter. */
  async #address(path: string, stop: AbortSignal): Promise<URL> {
    const url = new URL(path, this.#endpoint);
    if (this.#filter === "default" || !this.#filter) {
      return url;
    }
    const pairs = this.#filter.split(",").filter((pair) => pair !== "default");
    if (pairs.length < this.#filter.split(",").length) {
      // The ticker pairs are mixed with others, so the requests must name them: fetch them first, once for all requests.
      this.#tickerPairs ??= fetchJson<Snapshot>(new URL("v1/snapshot.json", this.#endpoint), stop).then(({ rates }) => {
        this.defaults = rates.map((rate) => rate.pair);
      });
      await this.#tickerPairs;
    }
    url.searchParams.set("pairs", [...new Set([...pairs, ...this.defaults])].join(","));
    return url;
  }

  async #get<Body>(path: string, stop: AbortSignal): Promise<Body> {
    return fetchJson<Body>(await this.#address(path, stop), stop);
  }
}
