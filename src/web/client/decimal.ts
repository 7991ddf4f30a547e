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

/** Rounds half-even to a number of significant digits, with trailing zeros; the digits of a longer whole part all stay. */
export function significant(value: Decimal, digits: number): Decimal {
  const places = (of: Decimal): number => Math.max(0, of.scale - magnitude(of).units.toString().length + digits);
  const short = rounded(value, places(value));
  // Rounding up may add a digit: 0.0009999 becomes 0.001000.
  return rounded(short, places(short));
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

/** Whether the magnitude is below one, and a number of decimal places shows fewer than a number of significant digits. */
export function needsMore(value: Decimal, places: number, digits: number): boolean {
  const power = Math.min(0, digits - 1 - places);
  return magnitude(value).units * tenTo(-power) < tenTo(value.scale);
}

/** The product with a whole number. */
export function times(value: Decimal, factor: bigint): Decimal {
  return { units: value.units * factor, scale: value.scale };
}

/** The difference of two decimals. */
export function minus(value: Decimal, other: Decimal): Decimal {
  const scale = Math.max(value.scale, other.scale);
  return { units: rounded(value, scale).units - rounded(other, scale).units, scale };
}

/** A quotient of positive decimals, rounded half-even to a number of decimal places. Undefined for a divisor of zero. */
export function quotient(value: Decimal, divisor: Decimal, places: number): Decimal | undefined {
  if (divisor.units === 0n) {
    return undefined;
  }
  const sign = value.units < 0n !== divisor.units < 0n ? -1n : 1n;
  const over = magnitude(value).units * tenTo(places + divisor.scale);
  const under = magnitude(divisor).units * tenTo(value.scale);
  const [whole, twice] = [over / under, (over % under) * 2n];
  const up = twice > under || (twice === under && whole % 2n !== 0n);
  return { units: sign * (up ? whole + 1n : whole), scale: places };
}

/** A number of units divided by a decimal, to a number of significant digits. */
export function inverse(value: Decimal, digits: number, units = 1n): Decimal | undefined {
  // As many places as the digits and the size of the value need, and one more, which `significant` rounds off.
  const places = digits + 1 + Math.max(0, magnitude(value).units.toString().length - value.scale);
  const exact = quotient({ units, scale: 0 }, value, places + digits);
  return exact && trimmed(significant(exact, digits));
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
