// The client's copy of the rates, at one position. A message is applied as a whole or not at all.

import type { Position, Rate, Snapshot, Source, Update } from "./contract";
import { positionKey } from "./contract";
import { instant } from "./measure";

/** The rows of every pair that the page requested. */
export class State {
  /** Undefined before the first message. */
  position: Position | undefined;
  /** The position of the rows, even after `position` was forgotten. */
  #shown: Position | undefined;
  readonly rates = new Map<string, Rate>();
  readonly sources = new Map<string, Source>();
  /** The server's clock at its last message, in milliseconds since 1970; it differs from the browser's during a replay. */
  serverTime: number | undefined;

  /** Replaces everything. An older snapshot of the same epoch, from a cache, is ignored. */
  replace(snapshot: Snapshot): boolean {
    this.setServerTime(snapshot.server_time);
    const current = this.position;
    const { position } = snapshot;
    if (current && current.epoch === position.epoch && current.revision > position.revision) {
      return false;
    }
    this.rates.clear();
    this.sources.clear();
    this.#put(snapshot);
    return true;
  }

  /**
   * Whether the rows are newer than the position of a replica of their epoch; or of one that is cut off, maybe in an older epoch:
   * revisions rise over the epochs of a log.
   */
  isNewerThan({ epoch, revision }: Position, isDetached = false): boolean {
    const shown = this.#shown;
    return !!shown && (isDetached || shown.epoch === epoch) && shown.revision > revision;
  }

  /** Adds rows of the current position, or of the first one. */
  include(snapshot: Snapshot): void {
    this.setServerTime(snapshot.server_time);
    this.#put(snapshot);
  }

  /** Applies an update. Returns false, and changes nothing, when it does not follow the current position. */
  apply(update: Update): boolean {
    if (!this.position || positionKey(this.position) !== positionKey(update.after)) {
      return false;
    }
    update.removed_pairs.forEach((pair) => this.rates.delete(pair));
    this.#put(update);
    return true;
  }

  setServerTime(serverTime: string | null | undefined): void {
    this.serverTime = instant(serverTime) ?? this.serverTime;
  }

  /** The rates of a filter, in its order; undefined for a pair without a source. */
  select(pairs: readonly string[]): [pair: string, rate: Rate | undefined][] {
    const chosen = new Map<string, Rate | undefined>();
    for (const pair of pairs) {
      const names = pair.includes("*") ? [...this.rates.keys()].filter((name) => matches(pair, name)).sort() : [pair];
      names.forEach((name) => chosen.set(name, this.rates.get(name)));
    }
    return [...chosen];
  }

  #put(message: Snapshot): void {
    message.rates.forEach((rate) => this.rates.set(rate.pair, rate));
    message.sources.forEach((source) => this.sources.set(source.id, source));
    this.position = this.#shown = message.position;
  }
}

/** Whether a wildcard filter matches a pair; identity pairs never match. */
function matches(filter: string, pair: string): boolean {
  const [base = "", quote = ""] = pair.split("/");
  const [wantedBase, wantedQuote] = filter.split("/");
  return base !== quote && (wantedBase === "*" || wantedBase === base) && (wantedQuote === "*" || wantedQuote === quote);
}
