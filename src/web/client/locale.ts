// What a reader of a language expects: separators, words, dates. The rules and the data are in locales.json, which the
// service reads too, so that its page without script says the same.

import data from "../locales.json";
import { digits, isBelowThousandth, isZero, magnitude, read, rounded, significant, trimmed } from "./decimal";
import type { Decimal } from "./decimal";
import type { Change, Direction } from "./contract";
import { dayAndMonth } from "./measure";

type Locales = typeof data.locales;
/** The words of one language. */
export type Word = keyof Locales["en"]["words"];

interface Currency {
  sign: string;
  name: string;
}

/** One language. */
export interface Locale {
  tag: string;
  decimal: string;
  group: string;
  minus: string;
  plus: string;
  percent: string;
  money: string;
  date: string;
  months: string[];
  words: Partial<Record<Word, string>>;
  currencies: Record<string, Currency>;
  banks: Record<string, string>;
}

/** Places of a value for people. */
const VALUE_PLACES = 5;
/** Digits below which a small value is spelled out. */
const SIGNIFICANT_DIGITS = 3;
/** Places of a percentage for people. */
const PERCENT_PLACES = 2;
/** Shown where nothing is known. */
export const DASH = "–";
/** Shown where no change is known. */
export const NO_CHANGE = "n/a";

/** Every language there is. */
export const TAGS = Object.keys(data.locales);

/** The language of a tag such as `ru-KZ` or `uz-Cyrl-UZ`; English when it is none of ours. */
export function localeOf(tag: string): Locale {
  const parts = tag.split(/[-_]/);
  const [language = "", script = ""] = parts.map((part) => part.toLowerCase());
  const known = TAGS.find((one) => one.toLowerCase() === `${language}-${script}`) ?? TAGS.find((one) => one === language) ?? "en";
  return { tag: known, ...(data.locales as unknown as Record<string, Omit<Locale, "tag">>)[known]! };
}

/** A word of the language, in English when the language lacks it, with what belongs into its braces. */
export function say(locale: Locale, word: Word, what: Record<string, string> = {}): string {
  return filled(locale.words[word] ?? data.locales.en.words[word], what);
}

/** A bank's name in the language; its own name, or its id, when there is none. A crossed pair has two. */
export function bank(locale: Locale, id: string, name?: (id: string) => string | undefined): string {
  const banks: Record<string, string> = { ...data.locales.en.banks, ...locale.banks };
  return id
    .split("+")
    .map((one) => banks[one] ?? name?.(one) ?? one)
    .join(" + ");
}

/** A currency's name and sign; its code where there is none. */
export function currency(locale: Locale, code: string): Currency {
  const english = data.locales.en.currencies as Record<string, Currency>;
  return locale.currencies[code] ?? english[code] ?? { sign: code, name: code };
}

/** A value with five decimals, or with three digits where five decimals leave fewer. */
export function valueText(locale: Locale, text: string | null | undefined): string {
  const value = read(text);
  if (!value) {
    return DASH;
  }
  const sign = value.units < 0n ? locale.minus : "";
  return sign + spelled(locale, shortened(value));
}

/** Every digit of a value. */
export function exactText(locale: Locale, text: string | null | undefined): string {
  const value = read(text);
  return value ? (value.units < 0n ? locale.minus : "") + spelled(locale, value) : DASH;
}

/** A percentage of two decimals from the four-decimal one, with its sign: a fall keeps the minus where it rounds to zero. */
export function percentText(locale: Locale, change: Change | null | undefined): string {
  const percent = change && read(change.percent);
  if (!percent) {
    return NO_CHANGE;
  }
  const short = trimmed(rounded(percent, PERCENT_PLACES));
  return filled(locale.percent, { value: signOf(locale, change.direction, isZero(short)) + spelled(locale, short) });
}

/** The difference of the two values, with its sign. */
export function absoluteText(locale: Locale, change: Change | null | undefined): string {
  const absolute = change && read(change.absolute);
  if (!absolute) {
    return NO_CHANGE;
  }
  const short = isZero(absolute) ? trimmed(absolute) : shortened(absolute);
  return signOf(locale, change.direction, isZero(short)) + spelled(locale, short);
}

/** The change in words, for those who do not see the arrow: `down 1.04%`. */
export function changeWords(locale: Locale, change: Change | null | undefined): string {
  const percent = change && read(change.percent);
  if (!percent) {
    return say(locale, "no_change");
  }
  if (change.direction === "FLAT") {
    return say(locale, "unchanged");
  }
  const short = spelled(locale, trimmed(magnitude(rounded(percent, PERCENT_PLACES))));
  return `${say(locale, change.direction === "UP" ? "up" : "down")} ${filled(locale.percent, { value: short })}`;
}

/** One unit of the base in the quote currency, every digit: `₸1 = $0.00195689`. */
export function equation(locale: Locale, pair: string, text: string): string {
  const [base = "", quote = ""] = pair.split("/");
  return `${money(locale, base, "1")} = ${money(locale, quote, exactText(locale, text))}`;
}

/** A civil date in words. */
export function dateText(locale: Locale, date: string | null | undefined): string {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(date ?? "");
  if (!parts) {
    return DASH;
  }
  const [, year = "", monthDigits = "", dayDigits = ""] = parts;
  const [day, month] = dayAndMonth(dayDigits, monthDigits);
  return filled(locale.date, { day: `${day}`, year, month: locale.months[month - 1] ?? monthDigits });
}

function money(locale: Locale, code: string, value: string): string {
  const { sign } = currency(locale, code);
  // `KGS1` cannot be read; a no-break space parts a sign of letters from the digits behind it.
  const gap = locale.money.startsWith("{sign}") && /\p{L}$/u.test(sign) ? "\u00a0" : "";
  return filled(locale.money, { sign: sign + gap, value });
}

function shortened(value: Decimal): Decimal {
  return isBelowThousandth(value) ? significant(value, SIGNIFICANT_DIGITS) : rounded(value, VALUE_PLACES);
}

function spelled(locale: Locale, value: Decimal): string {
  const [whole, fraction] = digits(value);
  const grouped = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, locale.group);
  return fraction ? grouped + locale.decimal + fraction : grouped;
}

function signOf(locale: Locale, direction: Direction, roundsToZero: boolean): string {
  if (direction === "DOWN") {
    return locale.minus;
  }
  return direction === "UP" && !roundsToZero ? locale.plus : "";
}

function filled(text: string, what: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_braces, name: string) => what[name] ?? "");
}
