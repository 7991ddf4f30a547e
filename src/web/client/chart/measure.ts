// Days and pixels. Dates become days since 1970, which differ by one from each date to the next; values become pixels from
// their exact ratio. A number of this file places something and is never shown.

import type { Decimal } from "../decimal";

const DAY_MILLISECONDS = 86_400_000;
/** A height is computed in parts of a chart's height, finer than the pixels of any screen. */
const PARTS = 1_000_000n;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** The day of a date; undefined for anything else. */
export function dayOf(date: string | null | undefined): number | undefined {
  const time = date && DATE.test(date) ? Date.parse(date) : NaN;
  return isNaN(time) ? undefined : time / DAY_MILLISECONDS;
}

/** The day on which an instant is, in UTC. */
export function dayAt(milliseconds: number): number {
  return Math.floor(milliseconds / DAY_MILLISECONDS);
}

/** The date of a day. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MILLISECONDS).toISOString().slice(0, 10);
}

/** Year, month (0 to 11) and day of the month of a day. */
export function civil(day: number): { year: number; month: number; date: number } {
  const time = new Date(day * DAY_MILLISECONDS);
  return { year: time.getUTCFullYear(), month: time.getUTCMonth(), date: time.getUTCDate() };
}

/** The first day of a month; months beyond December are those of the following years, and negative ones of those before. */
export function firstOfMonth(year: number, month: number): number {
  return Date.UTC(year, month, 1) / DAY_MILLISECONDS;
}

/** The share of a value between two others, from 0 to 1. All three have the same scale. */
export function share(value: bigint, low: bigint, high: bigint): number {
  return high > low ? Number(((value - low) * PARTS) / (high - low)) / Number(PARTS) : 0.5;
}

/** The height of a chart from its attribute, in pixels; undefined outside of its bounds. */
export function pixels(text: string, least: number, most: number): number | undefined {
  const count = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  return count >= least && count <= most ? count : undefined;
}

/** The units of a decimal at a scale that is no smaller than its own. */
export function unitsAt(value: Decimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}
