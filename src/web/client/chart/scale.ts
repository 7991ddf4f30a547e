// The axes: round values and round dates, as few as there is room for. Values stay exact, so the text of an axis is exact.

import { trimmed } from "../decimal";
import type { Decimal } from "../decimal";
import { civil, share, unitsAt } from "./measure";

/** Digits after the last one of the values: a step of the axis may be finer than they are. */
const FINER_DIGITS = 3;
/**
 * The part of the highest value that an axis reaches above and below the middle, at least: on a finer one, the last digits that
 * a derived value is rounded to would look like moves of a peg. The pictures that the service draws have the same.
 */
const MARGIN_PARTS = 400n;
/** The steps of an axis within a power of ten, which readers count in. */
const STEPS = [1n, 2n, 5n];
/** Days between two dates of an axis, up to two weeks; the longer ones are Mondays. */
const DAY_STEPS = [1, 2, 7, 14];
/** Months between two dates of an axis. */
const MONTH_STEPS = [1, 2, 3, 6, 12];
/** The weekday of 1 January 1970, a Thursday, counted from Monday. */
const FIRST_WEEKDAY = 3;

/** The axis of values. */
export interface ValueAxis {
  /** From the lowest to the highest; all with the same decimal places. */
  readonly ticks: readonly Decimal[];
  /** Where a value is between the lowest tick (0) and the highest (1). */
  at(value: Decimal): number;
}

/** The axis of some values, with a number of ticks at most, which is three or more. */
export function valueAxis(values: readonly Decimal[], ticksMax: number): ValueAxis {
  const scale = FINER_DIGITS + values.reduce((most, value) => Math.max(most, value.scale), 0);
  const units = values.map((value) => unitsAt(value, scale));
  units.sort((one, other) => (one < other ? -1 : 1));
  let [low = 0n, high = 0n] = [units[0], units.at(-1)];
  const [middle, margin] = [(low + high) / 2n, high / MARGIN_PARTS || 1n];
  if (high - low < margin * 2n) {
    [low, high] = [middle - margin, middle + margin];
  }
  const step = roundStep(low, high, ticksMax);
  const [first, last] = [low / step, ceiling(high, step)];
  const marks: bigint[] = [];
  for (let index = first; index <= last; index += 1n) {
    marks.push(index * step);
  }
  const places = trimmed({ units: step, scale }).scale;
  const ticks = marks.map((mark) => ({ units: mark / 10n ** BigInt(scale - places), scale: places }));
  const [bottom, top] = [first * step, last * step];
  return { ticks, at: (value) => share(unitsAt(value, scale), bottom, top) };
}

/** The smallest round step with which the ticks around a range are few enough. */
function roundStep(low: bigint, high: bigint, ticksMax: number): bigint {
  for (let power = 1n; ; power *= 10n) {
    for (const digit of STEPS) {
      const step = digit * power;
      if (ceiling(high, step) - low / step < BigInt(ticksMax)) {
        return step;
      }
    }
  }
}

/** The quotient of two positive numbers, rounded up. */
function ceiling(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** The dates of an axis. */
export interface DateAxis {
  readonly days: readonly number[];
  /** Whether they are the first days of months. */
  readonly isMonths: boolean;
}

/** The dates of an axis between two days, both included: two or more, and a number of them at most. */
export function dateAxis(first: number, last: number, most: number): DateAxis {
  const fits = (days: readonly number[]): boolean => days.length > 1 && days.length <= most;
  const days = DAY_STEPS.map((step) => spaced(first, last, step)).find(fits);
  const months = days ? undefined : MONTH_STEPS.map((step) => firstDays(first, last, step)).find(fits);
  return { days: days ?? months ?? [first, last], isMonths: months !== undefined };
}

function spaced(first: number, last: number, step: number): number[] {
  const every = Array.from({ length: last - first + 1 }, (_nothing, index) => first + index);
  return every.filter((day) => (day + FIRST_WEEKDAY) % step === 0);
}

function firstDays(first: number, last: number, step: number): number[] {
  return spaced(first, last, 1).filter((day) => civil(day).date === 1 && civil(day).month % step === 0);
}
