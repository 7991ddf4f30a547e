// The points of a chart. A fixing stands until the next one, so the line is made of steps; where the next one is long in
// coming, none was in force, and the line has a gap. The pictures that the service draws have the same steps and gaps.

import type { Rate } from "../contract";
import { entryLike, entryOf, moveBetween } from "../figures";
import type { Entry, Move } from "../figures";
import { civil, dateOf, dayOf, firstOfMonth } from "./measure";

/** For how many days after its own a fixing stands without a next one: as long as the service answers from it. */
export const GAP_DAYS = 14;

/** The periods that a chart shows. */
export const WINDOWS = ["week", "month", "year"] as const;
export type ChartWindow = (typeof WINDOWS)[number];

/** The rate of one date. */
export interface Point {
  day: number;
  rate: Rate;
  /** The figures, as the price of the units of the newest point and in its direction. */
  entry: Entry;
}

/** The points of a history, the oldest first. */
export function pointsOf(rates: readonly Rate[], form: string): Point[] {
  const byDay = new Map<number, Point>();
  for (const rate of rates) {
    const day = dayOf(rate.effective_date);
    const entry = entryOf(rate, form, "previous");
    if (day !== undefined && entry) {
      byDay.set(day, { day, rate, entry });
    }
  }
  const points = [...byDay.values()].sort((one, other) => one.day - other.day);
  const newest = points.at(-1)?.entry;
  return points.map(({ day, rate, entry }) => ({ day, rate, entry: newest ? entryLike(newest, entry, rate) : entry }));
}

/** The change from the first point to the last one; undefined without points. */
export function moveOver(points: readonly Point[]): Move | undefined {
  const [first, last] = [points[0], points.at(-1)];
  return first && last ? moveBetween(first.entry.value, last.entry.value, dateOf(first.day)) : undefined;
}

/** The first day of a period that ends on a day, as the service counts: of the 31st, the last day of a shorter month. */
export function firstDay(window: ChartWindow, last: number): number {
  if (window === "week") {
    return last - 7;
  }
  const { year, month, date } = civil(last);
  const before = month - (window === "year" ? 12 : 1);
  return Math.min(firstOfMonth(year, before) + date, firstOfMonth(year, before + 1)) - 1;
}

/** The points from a day to another, and the one before them that was still in force on the first day. */
export function pointsWithin(points: readonly Point[], first: number, last: number): Point[] {
  const within = points.filter((point) => point.day >= first && point.day <= last);
  const before = points.filter((point) => point.day < first).at(-1);
  const isInForce = before !== undefined && standsUntil(before.day, within[0]?.day ?? last + 1) > first;
  return isInForce ? [before, ...within] : within;
}

/** The day until which the fixing of a day stands, before the next one or the end of the chart. */
export function standsUntil(day: number, next: number): number {
  return Math.min(next, day + GAP_DAYS + 1);
}
