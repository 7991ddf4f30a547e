// The figures of an entry, before a language writes them: its value and its changes, as a pair or as local media print them.

import type { Change, Derivation, Direction, Rate } from "./contract";
import { inverse, isZero, minus, needsMore, parseDecimal, quotient, rounded, significant, times, trimmed } from "./decimal";
import type { Decimal } from "./decimal";

/** Decimal places of a displayed percentage. */
const PERCENT_PLACES = 2;
/** Decimal places of a percentage that the service sends. */
const PERCENT_PLACES_SENT = 4;
/** The least decimal places of a published value: every bank prints two or four, and some omit zeros. */
const PUBLISHED_PLACES_MIN = 2;
/** Significant digits of a derived value: a day's usual move, a tenth of a per cent, changes the last two. */
const DERIVED_DIGITS = 5;
/** Significant digits that a fixed number of places must leave of a value below one. */
const FIXED_DIGITS_MIN = 3;
/** Significant digits of an inverted value, as the service computes it. */
const INVERTED_DIGITS = 12;
/** The largest number of units that an entry is the price of: banks print 10 000 at most. */
const UNITS_MAX = 1_000_000n;
/** The source whose table no bank prints: its values have as many digits as its vendor computes. */
const MARKET = "market";
const FIVE = /^(?:KZT|KGS|TJS|UZS|TMT)$/;

/** Whether a currency is one of the five. */
export function isOfTheFive(code: string): boolean {
  return FIVE.test(code);
}

/** A change of a value. */
export interface Move {
  absolute: Decimal;
  percent: Decimal;
  direction: Direction;
  since: string;
}

/** What an entry shows. */
export interface Entry {
  base: string;
  quote: string;
  /** The number of units of the base that `value` is the price of. */
  units: bigint;
  value: Decimal;
  /** Whether a bank printed the value. */
  isPublished: boolean;
  /** The least decimal places of a value that a bank printed: those of its other rows. */
  publishedPlaces: number;
  move: Move | undefined;
  announced: { value: Decimal; move: Move | undefined; date: string } | undefined;
}

/** The change over a period, or the reason why there is none. */
export function changeOf(rate: Rate, window: string): { change: Change | null; reason: string | null } {
  if (window === "previous") {
    return { change: rate.change, reason: null };
  }
  const found = (rate.windows ?? []).find((one) => one.window === window.toUpperCase());
  return { change: found?.change ?? null, reason: found?.reason ?? null };
}

/** The figures of a rate; undefined when its value cannot be read. */
export function entryOf(rate: Rate, form: string, window: string): Entry | undefined {
  const value = parseDecimal(rate.value);
  if (!value) {
    return undefined;
  }
  const [base = "", quote = ""] = rate.pair.split("/");
  const { announced } = rate;
  const announcedValue = parseDecimal(announced?.value);
  const pair: Entry = {
    base,
    quote,
    units: 1n,
    value,
    isPublished: isPublished(rate.derivation, rate.source),
    publishedPlaces: publishedPlaces(rate, 1n),
    move: moveOf(changeOf(rate, window).change),
    announced: announced && announcedValue ? { value: announcedValue, move: moveOf(announced.change), date: announced.effective_date } : undefined,
  };
  return form === "local" ? localEntry(rate, pair, parseDecimal(changeOf(rate, window).change?.reference_value)) : pair;
}

function isPublished(derivation: Derivation, source: string | null): boolean {
  return (derivation === "PUBLISHED" || derivation === "IDENTITY") && source !== MARKET;
}

/** The least decimal places of a published value of a number of units. */
function publishedPlaces(rate: Rate, units: bigint): number {
  const [row] = rate.fixings;
  // The decimal point of the price of fewer units than those of the row has moved.
  const moved = row ? (BigInt(row.units) / units).toString().length - 1 : 0;
  return Math.max(PUBLISHED_PLACES_MIN, (rate.decimal_places ?? 0) + moved);
}

function moveOf(change: Change | null | undefined): Move | undefined {
  const [absolute, percent] = [parseDecimal(change?.absolute), parseDecimal(change?.percent)];
  return change && absolute && percent ? { absolute, percent, direction: change.direction, since: change.reference_date } : undefined;
}

/** The entry as local media print it: the foreign currency first, with the number of units that the bank prints. */
function localEntry(rate: Rate, pair: Entry, reference: Decimal | undefined): Entry {
  const [row] = rate.fixings;
  const isRow = rate.fixings.length === 1 && row !== undefined && rate.source !== MARKET;
  if (rate.derivation === "INVERTED" || (isOfTheFive(pair.base) && !isOfTheFive(pair.quote) && rate.derivation !== "PUBLISHED")) {
    const [units, value] = isRow ? [BigInt(row.units), parseDecimal(row.value)] : [1n, inverse(pair.value, INVERTED_DIGITS)];
    if (!value) {
      return pair;
    }
    // The row of the bank has these places, so the value that it was inverted from is found again.
    const turned = (of: Decimal | undefined): Decimal | undefined =>
      of && (isRow ? quotient({ units, scale: 0 }, of, value.scale) : inverse(of, INVERTED_DIGITS));
    const announced = turned(pair.announced?.value);
    return {
      base: pair.quote,
      quote: pair.base,
      units,
      value,
      isPublished: isRow,
      publishedPlaces: publishedPlaces(rate, units),
      move: moveBetween(turned(reference), value, pair.move?.since),
      announced: pair.announced && announced && { ...pair.announced, value: announced, move: pair.announced.move && moveBetween(value, announced, pair.announced.move.since) },
    };
  }
  const units = isRow && rate.derivation === "PUBLISHED" ? BigInt(row.units) : unitsAboveOne(pair.value);
  const scaled = (move: Move | undefined): Move | undefined => move && { ...move, absolute: times(move.absolute, units) };
  return {
    ...pair,
    units,
    publishedPlaces: publishedPlaces(rate, units),
    value: (isRow && rate.derivation === "PUBLISHED" && parseDecimal(row.value)) || trimmed(times(pair.value, units)),
    move: scaled(pair.move),
    announced: pair.announced && { ...pair.announced, value: times(pair.announced.value, units), move: scaled(pair.announced.move) },
  };
}

/**
 * An entry of a rate as the price of the units of another entry, in its direction: banks change the number of units that they
 * print, and the bank of another date may have printed the other currency.
 */
export function entryLike(other: Entry, own: Entry, rate: Rate): Entry {
  const { base, quote, units } = other;
  if (own.base === base && own.units === units) {
    return own;
  }
  const priced = (text: string | undefined): Decimal | undefined => {
    const value = parseDecimal(text);
    return value && (rate.pair.startsWith(base) ? trimmed(times(value, units)) : inverse(value, INVERTED_DIGITS, units));
  };
  const [value, change] = [priced(rate.value), rate.change];
  const move = value && moveBetween(priced(change?.reference_value), value, change?.reference_date);
  return value ? { ...own, base, quote, units, value, isPublished: false, move, announced: undefined } : own;
}

/** The smallest power of ten whose price is one at least. */
function unitsAboveOne(value: Decimal): bigint {
  let units = 1n;
  while (units < UNITS_MAX && value.units > 0n && needsMore(times(value, units), 0, 1)) {
    units *= 10n;
  }
  return units;
}

/** The change from one value to another, by the arithmetic of the service. */
export function moveBetween(from: Decimal | undefined, to: Decimal, since: string | undefined): Move | undefined {
  if (!from || since === undefined) {
    return undefined;
  }
  const absolute = minus(to, from);
  const percent = quotient(times(absolute, 100n), from, PERCENT_PLACES_SENT);
  const direction = absolute.units > 0n ? "UP" : absolute.units < 0n ? "DOWN" : "FLAT";
  return percent && { absolute, percent, direction, since };
}

/**
 * A value of an entry as it is displayed: with the digits of its bank and the zeros that it omits, with five significant
 * digits, or with a fixed number of places.
 */
export function displayed(value: Decimal, entry: Pick<Entry, "isPublished" | "publishedPlaces">, places: number | undefined): Decimal {
  if (places === undefined) {
    return entry.isPublished ? rounded(value, Math.max(entry.publishedPlaces, value.scale)) : significant(value, DERIVED_DIGITS);
  }
  return fixed(value, places);
}

/** A difference as it is displayed beside a displayed value. */
export function displayedDifference(absolute: Decimal, value: Decimal): Decimal {
  if (isZero(absolute)) {
    return { units: 0n, scale: 0 };
  }
  return trimmed(absolute).scale <= value.scale ? rounded(absolute, value.scale) : fixed(absolute, value.scale);
}

/** A percentage as it is displayed. */
export function displayedPercent(percent: Decimal): Decimal {
  return rounded(percent, PERCENT_PLACES);
}

function fixed(value: Decimal, places: number): Decimal {
  return needsMore(value, places, FIXED_DIGITS_MIN) ? trimmed(significant(value, FIXED_DIGITS_MIN)) : rounded(value, places);
}
