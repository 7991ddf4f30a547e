// One connection a page: every element's pairs united in one stream. It resumes at the position held, backs off with
// full jitter, rests while the page is hidden, and asks for snapshots where something on the way breaks streams.

import { word } from "./contract";
import type { Opening, Snapshot, Update } from "./contract";
import { eventReader } from "./events";
import type { ServerEvent } from "./events";
import { milliseconds, retryMilliseconds } from "./measure";
import { between, nextPoll } from "./pace";
import { State } from "./state";

/** An element, as the hub sees it. */
export interface Reader {
  /** The pairs wanted; none means the server's ticker pairs. */
  readonly pairs: readonly string[];
  /** The state is another one. */
  changed(): void;
}

/** What the page came with: the rows of one element, at a position. */
export type Start = Snapshot;

/** A stream says something at once; one that is silent for so long is held back by something on the way. */
const OPENING_TIMEOUT = 10_000;
/** What a heartbeat's interval is until the server tells: that of its contract. */
const HEARTBEAT_INTERVAL = 20_000;
/** So many heartbeats missed mean a dead connection. */
const HEARTBEATS_MISSED = 3;
/** A snapshot is a small answer; one that takes longer will not come. */
const POLL_TIMEOUT = 15_000;
/** How long rows are polled before the stream is tried again: whatever broke it rarely mends within minutes. */
const STREAM_RETRY = 5 * 60_000;
/** A gap in the connection that a reader need not hear of. */
const OFFLINE_AFTER = 10_000;

const hubs = new Map<string, Hub>();

/** The hub of a service, by the address its paths start at. */
export function hubOf(endpoint: string): Hub {
  const hub = hubs.get(endpoint) ?? new Hub(endpoint);
  hubs.set(endpoint, hub);
  return hub;
}

export class Hub {
  readonly state = new State();
  readonly #endpoint: string;
  /** The server's ticker pairs, once known. */
  defaults: readonly string[] = [];
  /** Whether a message, or its failure, has told where we stand. */
  offline = false;
  readonly #readers = new Set<Reader>();
  #filter = "";
  #stop = new AbortController();
  #running = false;
  #failures = 0;
  #retryFloor = 0;
  #streamAgainAt = 0;
  #offlineTimer = 0;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    document.addEventListener("visibilitychange", () => this.#restart());
    // Coming back online is the moment to try, whatever the back-off says.
    addEventListener("online", () => this.#restart());
  }

  /** Adds a reader. The connection is made anew only when it lacks a pair. */
  add(reader: Reader, start?: Start): void {
    const { position } = this.state;
    if (start && !this.#running && (!position || word(position) === word(start.position))) {
      this.state.include(start);
      this.#filter = this.#wanted([...this.#readers, reader]);
      if (!reader.pairs.length) {
        this.defaults = start.rates.map((rate) => rate.pair);
      }
    }
    this.#readers.add(reader);
    // Elements of one page arrive one by one within a task; they are united before anything is asked.
    setTimeout(() => this.#settle());
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader);
    // An element that is moved on the page is removed and added at once: only what stays away ends the connection.
    queueMicrotask(() => {
      if (!this.#readers.size) {
        this.#stop.abort();
      }
    });
  }

  #settle(): void {
    if (!this.#readers.size) {
      return;
    }
    const wanted = this.#wanted(this.#readers);
    const has = new Set(this.#filter.split(","));
    if (wanted.split(",").some((pair) => !has.has(pair))) {
      this.#filter = wanted;
      // A resume would bring what changed, and not the rows that were never asked for.
      this.state.position = undefined;
      this.#restart();
    } else if (!this.#running) {
      this.#restart();
    }
  }

  /** The filter of some readers: `default` stands for the server's ticker pairs. */
  #wanted(readers: Iterable<Reader>): string {
    const pairs = new Set<string>();
    for (const reader of readers) {
      (reader.pairs.length ? reader.pairs : ["default"]).forEach((pair) => pairs.add(pair));
    }
    return [...pairs].sort().join(",");
  }

  #restart(): void {
    this.#stop.abort();
    this.#failures = 0;
    this.#retryFloor = 0;
    this.#stop = new AbortController();
    void this.#run(this.#stop.signal);
  }

  async #run(stop: AbortSignal): Promise<void> {
    this.#running = true;
    while (!stop.aborted && this.#readers.size && !document.hidden) {
      let pause: number;
      try {
        pause = await this.#attempt(stop);
      } catch {
        this.#failures += 1;
        pause = between(this.#failures, this.#retryFloor);
        this.#missed();
      }
      await sleep(pause, stop);
    }
    if (stop === this.#stop.signal) {
      this.#running = false;
    }
  }

  /** Streams for as long as it lasts; polls once where streams do not come through. Tells how long to wait then. */
  async #attempt(stop: AbortSignal): Promise<number> {
    const tryStream = Date.now() >= this.#streamAgainAt;
    if (tryStream) {
      try {
        if (await this.#stream(stop)) {
          this.#missed();
          return between(0, this.#retryFloor);
        }
      } catch (error) {
        // The server said no: asked for a snapshot, it would say the same.
        if (stop.aborted || (error instanceof Refused && error.final)) {
          throw error;
        }
      }
      // Once is an accident, or a server that is just starting; twice, with a server that answers, is a proxy.
      if (this.#failures < 1) {
        throw new Error("no stream");
      }
    }
    const snapshot = await this.#get<Snapshot>("v1/snapshot.json", stop);
    if (tryStream) {
      this.#streamAgainAt = Date.now() + STREAM_RETRY;
    }
    this.#arrived(this.state.replace(snapshot));
    return nextPoll(snapshot.sources, this.state.serverTime);
  }

  /** True when rows, or a resume, came over the stream before it ended. */
  async #stream(stop: AbortSignal): Promise<boolean> {
    const connection = new AbortController();
    const abort = (): void => connection.abort();
    stop.addEventListener("abort", abort);
    let timer = setTimeout(abort, OPENING_TIMEOUT);
    let silence = HEARTBEAT_INTERVAL * HEARTBEATS_MISSED;
    let worked = false;
    const read = eventReader((digits) => {
      this.#retryFloor = retryMilliseconds(digits) ?? this.#retryFloor;
    });
    try {
      const path = await this.#address("v1/watch", stop);
      const held = this.state.position;
      if (held) {
        path.searchParams.set("after", word(held));
      }
      const response = await fetch(path, { signal: connection.signal, credentials: "omit", cache: "no-store" });
      if (!response.ok || !response.body) {
        throw new Refused(response.status);
      }
      const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk = await body.read(); !chunk.done; chunk = await body.read()) {
        for (const event of read(chunk.value)) {
          if (event.name === "opening") {
            const opening = JSON.parse(event.data) as Opening;
            silence = (milliseconds(opening.heartbeat_interval) ?? HEARTBEAT_INTERVAL) * HEARTBEATS_MISSED;
            worked ||= opening.verdict === "RESUMED";
          }
          worked = this.#take(event) || worked;
        }
        clearTimeout(timer);
        timer = setTimeout(abort, silence);
      }
    } catch (error) {
      if (!worked) {
        throw error;
      }
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
      connection.abort();
    }
    return worked;
  }

  /** Applies one message. True when it bore rows. */
  #take(event: ServerEvent): boolean {
    if (event.name === "heartbeat") {
      // Nothing on the page moves with the server's clock, save that "tomorrow" can be said once it is known.
      const first = this.state.serverTime === undefined;
      this.state.told((JSON.parse(event.data) as Snapshot).server_time);
      this.#arrived(first);
    } else if (event.name === "snapshot") {
      // A new epoch, or a server that starts again: what it says holds, so nothing older can stand in its way.
      this.state.position = undefined;
      this.#arrived(this.state.replace(JSON.parse(event.data) as Snapshot));
      return true;
    } else if (event.name === "update") {
      if (!this.state.apply(JSON.parse(event.data) as Update)) {
        this.state.position = undefined;
        throw new Error("an update that does not follow what is held");
      }
      this.#arrived(true);
      return true;
    }
    return false;
  }

  #arrived(changed: boolean): void {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#failures = 0;
    const was = this.offline;
    this.offline = false;
    if (changed && this.#filter === "default") {
      this.defaults = [...this.state.rates.keys()];
    }
    if (changed || was) {
      this.#tell();
    }
  }

  #missed(): void {
    this.#offlineTimer ||= setTimeout(() => {
      this.offline = true;
      this.#tell();
    }, OFFLINE_AFTER);
  }

  #tell(): void {
    this.#readers.forEach((reader) => reader.changed());
  }

  /** A path of the service with the filter. */
  async #address(path: string, stop: AbortSignal): Promise<URL> {
    const url = new URL(path, this.#endpoint);
    if (this.#filter === "default" || !this.#filter) {
      return url;
    }
    const pairs = this.#filter.split(",").filter((pair) => pair !== "default");
    if (pairs.length < this.#filter.split(",").length) {
      // The ticker pairs beside others: they must be named, so they must be known.
      const snapshot = await this.#fetched<Snapshot>(new URL("v1/snapshot.json", this.#endpoint), stop);
      this.defaults = snapshot.rates.map((rate) => rate.pair);
    }
    url.searchParams.set("pairs", [...new Set([...pairs, ...this.defaults])].join(","));
    return url;
  }

  async #get<Answer>(path: string, stop: AbortSignal): Promise<Answer> {
    return this.#fetched<Answer>(await this.#address(path, stop), stop);
  }

  async #fetched<Answer>(url: URL, stop: AbortSignal): Promise<Answer> {
    const request = new AbortController();
    const abort = (): void => request.abort();
    stop.addEventListener("abort", abort);
    const timer = setTimeout(abort, POLL_TIMEOUT);
    try {
      const response = await fetch(url, { signal: request.signal, credentials: "omit", cache: "no-cache" });
      if (!response.ok) {
        throw new Refused(response.status);
      }
      return (await response.json()) as Answer;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
    }
  }
}

/** The server answered, with a status that is none. */
class Refused extends Error {
  /** A status of the four hundreds is about what we ask; one of the five hundreds may be a proxy's. */
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
