// What the page knows: the rows it holds, at one position. Whole messages are applied, or none of them.

import type { Position, Rate, Snapshot, Source, Update } from "./contract";
import { word } from "./contract";
import { instant } from "./measure";

/** The rows of every pair that the page asked for. */
export class State {
  /** Nothing before the first message. */
  position: Position | undefined;
  readonly rates = new Map<string, Rate>();
  readonly sources = new Map<string, Source>();
  /** The server's clock in milliseconds when it last told; a replay's differs from ours. */
  serverTime: number | undefined;

  /** Replaces all. A snapshot older than what is held, from a cache on the way, is left. */
  replace(snapshot: Snapshot): boolean {
    this.told(snapshot.server_time);
    const held = this.position;
    const { position } = snapshot;
    if (held && held.epoch === position.epoch && held.revision > position.revision) {
      return false;
    }
    this.rates.clear();
    this.sources.clear();
    this.#put(snapshot);
    return true;
  }

  /** Adds rows of the very position that is held, or of the first one. */
  include(snapshot: Snapshot): void {
    this.told(snapshot.server_time);
    this.#put(snapshot);
  }

  /** Applies a difference. False when it does not follow what is held: something was lost, and nothing is changed. */
  apply(update: Update): boolean {
    if (!this.position || word(this.position) !== word(update.after)) {
      return false;
    }
    update.removed_pairs.forEach((pair) => this.rates.delete(pair));
    this.#put(update);
    return true;
  }

  told(serverTime: string | null | undefined): void {
    this.serverTime = instant(serverTime) ?? this.serverTime;
  }

  /** The rates of a filter, in its order; undefined for a pair that nobody quotes. */
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
    this.position = message.position;
  }
}

/** Whether a pair is of a filter with a star on one side; identity is not. */
function matches(filter: string, pair: string): boolean {
  const [base = "", quote = ""] = pair.split("/");
  const [wantedBase, wantedQuote] = filter.split("/");
  return base !== quote && (wantedBase === "*" || wantedBase === base) && (wantedQuote === "*" || wantedQuote === quote);
}
