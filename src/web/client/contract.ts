// The messages of the service, as its JSON has them: the names of the contract, decimals as text, null for unknown.

/** How current a value is. */
export type Freshness = "UNSPECIFIED" | "FRESH" | "CARRIED_OVER" | "LATE" | "STALE";
/** Which way a value moved. */
export type Direction = "UNSPECIFIED" | "UP" | "DOWN" | "FLAT";
/** How a rate follows from what was published. */
export type Derivation = "UNSPECIFIED" | "PUBLISHED" | "INVERTED" | "CROSSED" | "IDENTITY";
/** A period that a change is taken over, beside the one since the previous fixing. */
export type Window = "UNSPECIFIED" | "WEEK" | "MONTH" | "YEAR";
/** Whether a stream continues at the position it was to be resumed at. */
export type ResumeVerdict =
  "UNSPECIFIED" | "SNAPSHOT_REQUESTED" | "RESUMED" | "SNAPSHOT_TOO_OLD" | "SNAPSHOT_OTHER_EPOCH" | "SNAPSHOT_AHEAD";

/** A revision means nothing without its epoch. */
export interface Position {
  epoch: string;
  revision: number;
}

/** A difference of two served values. */
export interface Change {
  absolute: string;
  percent: string;
  direction: Direction;
  reference_value: string;
  reference_date: string;
}

/** One row as published. */
export interface Fixing {
  source: string;
  currency: string;
  units: string;
  value: string;
  home_currency: string;
  effective_date: string;
}

/** A value that is published and not yet in force. */
export interface Announced {
  value: string;
  effective_date: string;
  change: Change | null;
}

/** A published value that failed a check and is not served. */
export interface HeldFixing {
  id: string;
  detail: string;
}

/** The change over a window. */
export interface WindowChange {
  window: Window;
  change: Change | null;
  reason: string | null;
}

/** What is served for a pair; only what is shown is named here. */
export interface Rate {
  pair: string;
  value: string;
  derivation: Derivation;
  source: string | null;
  effective_date: string | null;
  freshness: Freshness;
  freshness_reason: string | null;
  change: Change | null;
  fixings: Fixing[];
  announced: Announced | null;
  held: HeldFixing[];
  windows: WindowChange[];
  decimal_places: number | null;
}

/** What is known of a source at a revision. */
export interface Source {
  id: string;
  name: string;
  attribution: string | null;
  freshness: Freshness;
  freshness_reason: string | null;
  newest_effective_date: string | null;
  next_publication_time: string | null;
  next_publication_due_time: string | null;
}

/** The answer of `/v1/snapshot.json`, and the message of the same name. */
export interface Snapshot {
  position: Position;
  server_time?: string | null;
  rates: Rate[];
  sources: Source[];
}

/** What says that a stream is alive. */
export interface Heartbeat {
  server_time: string;
  replica?: Replica | null;
}

/** The difference between two positions. */
export interface Update extends Snapshot {
  after: Position;
  removed_pairs: string[];
}

/** The answer of `/v1/history`: rates by date, the newest first. */
export interface HistoryPage {
  rates: Rate[];
  next_page_token: string | null;
}

/** How one replica of a service stands to the others. */
export interface Replica {
  detached: boolean;
}

/** What the server granted. */
export interface Opening {
  position: Position;
  replica?: Replica | null;
  verdict: ResumeVerdict;
  heartbeat_interval: string;
}

/** A position as text, in the form of the stream's `id` and of the `after` parameter. */
export function positionKey(position: Position): string {
  return `${position.epoch}:${position.revision}`;
}
