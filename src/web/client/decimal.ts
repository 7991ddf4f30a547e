// Decimals arrive as text. They become integers of their last place (BigInt), never a JavaScript number, so that no
// digit is lost.

/** A decimal: `units` divided by ten to the power of `scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** The longest text that is parsed: the contract never sends more. */
const TEXT_LENGTH_MAX = 64;
const GRAMMAR = /^-?[0-9]+(\.[0-9]+)?$/;

/** Parses plain notation. Undefined for anything else: an unreadable value is shown as unknown, never as zero. */
export function parseDecimal(text: string | null | undefined): Decimal | undefined {
  if (!text || text.length > TEXT_LENGTH_MAX || !GRAMMAR.test(text)) {
    return undefined;
  }
  const [whole = "", fraction = ""] = text.split(".");
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

export function isZero(value: Decimal): boolean {
  return value.units === 0n;
}

/** The value without its sign. */
export function magnitude(value: Decimal): Decimal {
  return value.units < 0n ? { units: -value.units, scale: value.scale } : value;
}

/** Rounds half-even to a number of decimal places. */
export function rounded(value: Decimal, places: number): Decimal {
  const dropped = value.scale - places;
  if (dropped <= 0) {
    return { units: value.units * tenTo(-dropped), scale: places };
  }
  const unit = tenTo(dropped);
  let units = value.units / unit;
  const twice = (magnitude(value).units % unit) * 2n;
  if (twice > unit || (twice === unit && units % 2n !== 0n)) {
    units += value.units < 0n ? -1n : 1n;
  }
  return { units, scale: places };
}

/** Rounds half-even to a number of significant digits, and removes trailing zeros. */
export function significant(value: Decimal, digits: number): Decimal {
  const length = magnitude(value).units.toString().length;
  // Rounding up may add a digit (0.0009999 becomes 0.001000); the extra digit is a zero, which is removed.
  return trimmed(rounded(value, value.scale - length + digits));
}

/** Removes the trailing zeros of the fraction. */
export function trimmed(value: Decimal): Decimal {
  let { units, scale } = value;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

/** Whether the magnitude is below one thousandth, where five places show fewer than three significant digits. */
export function isBelowThousandth(value: Decimal): boolean {
  return magnitude(value).units * 1000n < tenTo(value.scale);
}

/** The digits of the integer part and of the fraction, without the sign. */
export function digits(value: Decimal): [whole: string, fraction: string] {
  const { scale } = value;
  const text = magnitude(value).units.toString().padStart(scale + 1, "0");
  return scale > 0 ? [text.slice(0, -scale), text.slice(-scale)] : [text, ""];
}

/** Scales values linearly so that the smallest becomes 0 and the largest `height`, as integers, for a chart. */
export function chartHeights(values: readonly Decimal[], height: bigint): string[] {
  const scale = values.reduce((most, value) => Math.max(most, value.scale), 0);
  const units = values.map((value) => rounded(value, scale).units);
  const first = units[0] ?? 0n;
  const least = units.reduce((a, b) => (b < a ? b : a), first);
  const range = units.reduce((a, b) => (b > a ? b : a), first) - least;
  return units.map((unit) => (range === 0n ? height / 2n : ((unit - least) * height) / range).toString());
}

function tenTo(power: number): bigint {
  return 10n ** BigInt(power);
}
