// The attributes of the chart. Each one is a property of the same name too: a framework may set either.

import { check, choose, writingOf } from "../check";
import type { Writing } from "../check";
import { pixels } from "./measure";
import { WINDOWS } from "./points";
import type { ChartWindow } from "./points";

/** Every attribute of the chart. */
export const CHART_ATTRIBUTES = ["pair", "window", "locale", "theme", "endpoint", "digits", "form", "labels", "height", "controls"] as const;

/** The lowest chart, in pixels: its texts, and a line between them. */
const HEIGHT_MIN = 120;
/** The highest chart, in pixels: more than the height of a usual screen. */
const HEIGHT_MAX = 2000;
const PAIR = /^[A-Z]{3}\/[A-Z]{3}$/;

/** The attributes in a form to work with; a wrong value counts as none. */
export interface Settings extends Writing {
  /** The pair; empty for none. */
  pair: string;
  window: ChartWindow;
  /** The height in pixels; undefined for that of the style. */
  height: number | undefined;
  hasControls: boolean;
}

/** Reads the attributes. A wrong value is reported in the console. */
export function settingsOf(element: HTMLElement): Settings {
  const text = (name: string): string => element.getAttribute(name) ?? "";
  const pair = text("pair").trim().toUpperCase();
  const height = pixels(text("height"), HEIGHT_MIN, HEIGHT_MAX);
  check(element, "height", height !== undefined || !text("height"), `${HEIGHT_MIN} to ${HEIGHT_MAX} pixels`);
  return {
    ...writingOf(element),
    pair: check(element, "pair", PAIR.test(pair), "a pair such as USD/KZT") && pair,
    window: choose(element, "window", "month", ...WINDOWS),
    height,
    hasControls: choose(element, "controls", "on", "off") === "on",
  };
}
