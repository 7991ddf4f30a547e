// Localisation: separators, words and dates. locales.json holds the rules and the data. The service reads the same file,
// so its HTML fragment formats numbers in the same way.

import data from "../locales.json";
import { digits, isZero, magnitude, parseDecimal } from "./decimal";
import type { Decimal } from "./decimal";
import type { Direction } from "./contract";
import { displayedPercent } from "./figures";
import type { Move } from "./figures";
import { dayAndMonth } from "./measure";

type Locales = typeof data.locales;
/** A key of the translated texts. */
export type TextKey = keyof Locales["en"]["words"];

interface Currency {
  sign: string;
  name: string;
}

/** The data of one language. */
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
  words: Partial<Record<TextKey, string>>;
  currencies: Record<string, Currency>;
  banks: Record<string, string>;
  attributions: Record<string, string>;
}

/** Displayed in place of an unknown value or change. */
export const DASH = "–";

/** The tags of all languages. */
export const TAGS = Object.keys(data.locales);

/** The language of a tag such as `ru-KZ` or `uz-Cyrl-UZ`; English when the language is unsupported. */
export function localeOf(tag: string): Locale {
  const parts = tag.split(/[-_]/);
  const [language = "", script = ""] = parts.map((part) => part.toLowerCase());
  const known = TAGS.find((one) => one.toLowerCase() === `${language}-${script}`) ?? TAGS.find((one) => one === language) ?? "en";
  return { tag: known, ...(data.locales as unknown as Record<string, Omit<Locale, "tag">>)[known]! };
}

/** A translated text with its placeholders filled in; English when the language lacks the text. */
export function translate(locale: Locale, key: TextKey, values: Record<string, string> = {}): string {
  return format(locale.words[key] ?? data.locales.en.words[key], values);
}

/** The translated name of a source, else its own name, else its id. A crossed pair has two sources. */
export function bank(locale: Locale, id: string, name?: (id: string) => string | undefined): string {
  const banks: Record<string, string> = { ...data.locales.en.banks, ...locale.banks };
  return id
    .split("+")
    .map((one) => banks[one] ?? name?.(one) ?? one)
    .join(" + ");
}

/** What the terms of a source require to be shown: translated, else as the service sends it. */
export function attribution(locale: Locale, id: string, own: string): string {
  return locale.attributions[id] ?? own;
}

/** The name and the sign of a currency; its code where there is none. */
export function currency(locale: Locale, code: string): Currency {
  const english = data.locales.en.currencies as Record<string, Currency>;
  return locale.currencies[code] ?? english[code] ?? { sign: code, name: code };
}

/** A decimal with its digits as they are. */
export function numberText(locale: Locale, value: Decimal): string {
  return (value.units < 0n ? locale.minus : "") + grouped(locale, value);
}

/** Every digit of a value. */
export function exactText(locale: Locale, text: string | null | undefined): string {
  const value = parseDecimal(text);
  return value ? numberText(locale, value) : DASH;
}

/** A percentage with two decimals and its sign. A fall keeps the minus sign when it rounds to zero. */
export function percentText(locale: Locale, move: Move | undefined): string {
  if (!move) {
    return DASH;
  }
  const short = displayedPercent(move.percent);
  return format(locale.percent, { value: signOf(locale, move.direction, isZero(short)) + grouped(locale, short) });
}

/** A difference that is rounded already, with its sign. */
export function differenceText(locale: Locale, difference: Decimal, direction: Direction): string {
  return signOf(locale, direction, isZero(difference)) + grouped(locale, difference);
}

/** The change in words, for screen readers: `down 1.04%`. */
export function changeWords(locale: Locale, move: Move | undefined): string {
  if (!move) {
    return translate(locale, "no_change");
  }
  if (move.direction === "FLAT") {
    return translate(locale, "unchanged");
  }
  const short = grouped(locale, magnitude(displayedPercent(move.percent)));
  return `${translate(locale, move.direction === "UP" ? "up" : "down")} ${format(locale.percent, { value: short })}`;
}

/** An amount of a currency: with its sign, or with its code. */
export function money(locale: Locale, code: string, value: string, withCode = false): string {
  if (withCode) {
    return `${value}\u00a0${code}`;
  }
  const { sign } = currency(locale, code);
  // A no-break space separates a sign of letters from the digits after it: `KGS 1`, not `KGS1`.
  const gap = locale.money.startsWith("{sign}") && /\p{L}$/u.test(sign) ? "\u00a0" : "";
  return format(locale.money, { sign: sign + gap, value });
}

/** A civil date in words. */
export function dateText(locale: Locale, date: string | null | undefined): string {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(date ?? "");
  if (!parts) {
    return DASH;
  }
  const [, year = "", monthDigits = "", dayDigits = ""] = parts;
  const [day, month] = dayAndMonth(dayDigits, monthDigits);
  return format(locale.date, { day: `${day}`, year, month: locale.months[month - 1] ?? monthDigits });
}

function grouped(locale: Locale, value: Decimal): string {
  const [whole, fraction] = digits(value);
  const integer = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, locale.group);
  return fraction ? integer + locale.decimal + fraction : integer;
}

function signOf(locale: Locale, direction: Direction, roundsToZero: boolean): string {
  if (direction === "DOWN") {
    return locale.minus;
  }
  return direction === "UP" && !roundsToZero ? locale.plus : "";
}

/** A text with its placeholders filled in. */
export function format(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_braces, name: string) => values[name] ?? "");
}
