// The words of the chart. The build leaves them out of the ticker's script.

import data from "../../locales.json";
import { format } from "../locale";
import type { Locale } from "../locale";
import { civil } from "./measure";

/** The texts that the build passes to the chart. */
type Key = "name" | "summary" | "extremes" | "period" | "week" | "month" | "year" | "date" | "rate" | "change" | "day";
type ChartWords = Pick<(typeof data.locales)["en"]["chart"], Key | "months">;

function wordsOf(locale: Locale): ChartWords {
  const every = data.locales as unknown as Record<string, { chart?: ChartWords }>;
  return every[locale.tag]?.chart ?? data.locales.en.chart;
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
