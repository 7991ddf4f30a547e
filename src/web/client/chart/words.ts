// The words of the chart. The build leaves them out of the ticker's script.

import data from "../../locales.json";
import { format, translate } from "../locale";
import type { Locale } from "../locale";
import { civil } from "./measure";

/** The texts that the build passes to the chart. */
type Key = "name" | "summary" | "extremes" | "period" | "week" | "month" | "year" | "date" | "rate" | "change" | "day";
type ChartWords = Pick<(typeof data.locales)["en"]["chart"], Key | "months">;
interface Passed {
  chart: ChartWords;
  /** The credit of several banks. */
  credit: { sources: string };
}

/** No language lacks a text that English has. */
function passed({ tag }: Locale): Passed {
  return data.locales[tag as keyof typeof data.locales];
}

function wordsOf(locale: Locale): ChartWords {
  return passed(locale).chart;
}

/** The credit of one bank, or of several. */
export function creditText(locale: Locale, banks: readonly string[]): string {
  const names = banks.join(", ");
  return banks.length > 1 ? format(passed(locale).credit.sources, { banks: names }) : translate(locale, "source", { bank: names });
}

/** A text of the chart with its placeholders filled in. */
export function chartText(locale: Locale, key: Key, values: Record<string, string> = {}): string {
  return format(wordsOf(locale)[key], values);
}

/** A day beside an axis: `8 December`; the first day of a month is its name, and that of January is the year. */
export function axisText(locale: Locale, day: number, isMonth: boolean): string {
  const { year, month, date } = civil(day);
  if (isMonth) {
    return month ? (wordsOf(locale).months[month] ?? "") : `${year}`;
  }
  return chartText(locale, "day", { day: `${date}`, month: locale.months[month] ?? "" });
}
