// The chart in words: the sentence that stands for the drawing, and the table of its points.

import type { Rate } from "../contract";
import { minus } from "../decimal";
import type { Locale } from "../locale";
import { bank, dateText, numberText, percentText, translate } from "../locale";
import { attributions, make, valueText } from "../view";
import type { DisplayOptions } from "../view";
import type { State } from "../state";
import { dateOf } from "./measure";
import { moveOver } from "./points";
import type { Point } from "./points";
import { chartText, creditText } from "./words";

/** What the line shows: from what to what, the lowest and the highest value. */
export function summary(points: readonly Point[], options: DisplayOptions): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) {
    return "";
  }
  const { locale } = options;
  const value = (point: Point): string => valueText(point.entry, point.entry.value, options);
  const isBelow = (one: Point, other: Point): boolean => minus(one.entry.value, other.entry.value).units < 0n;
  const low = points.reduce((least, point) => (isBelow(point, least) ? point : least));
  const high = points.reduce((most, point) => (isBelow(most, point) ? point : most));
  const pair = `${last.entry.base}/${last.entry.quote}`;
  const change = percentText(locale, moveOver(points));
  const [from, to, low_date, high_date] = [first, last, low, high].map((point) => dateText(locale, dateOf(point.day))) as [string, string, string, string];
  const course = chartText(locale, "summary", { pair, from, to, first: value(first), last: value(last), change });
  return `${course}; ${chartText(locale, "extremes", { low: value(low), low_date, high: value(high), high_date })}`;
}

/** A table of the points for assistive technology, the newest first, with every digit. */
export function table(points: readonly Point[], locale: Locale, name: string): HTMLTableElement {
  const head = (["date", "rate", "change"] as const).map((key) => make("th", { scope: "col" }, chartText(locale, key)));
  const rows = [...points].reverse().map(({ day, entry }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, dateText(locale, dateOf(day))),
      make("td", {}, numberText(locale, entry.value)),
      make("td", {}, percentText(locale, entry.move)),
    ));
  return make("table", {}, make("caption", {}, name), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

/** The date of the newest of some rates, which is the first, the sources of all, and the words that their terms demand. */
export function credit(rates: readonly Rate[], state: State, locale: Locale): (Node | string)[] {
  const terms = attributions(rates, state, locale);
  const ids = [...new Set(rates.flatMap(({ source }) => source?.split("+") ?? []))].filter((id) => !state.sources.get(id)?.attribution);
  const banks = ids.map((id) => bank(locale, id, () => state.sources.get(id)?.name));
  const source = banks.length && creditText(locale, banks);
  const newest = rates[0]?.effective_date;
  const date = newest ? translate(locale, "as_of", { date: dateText(locale, newest) }) : "";
  const texts = [date, source].flatMap((text) => (text ? [make("span", { part: "source" }, text)] : []));
  return [...texts, ...terms].flatMap((node, index) => (index ? [" · ", node] : [node]));
}
