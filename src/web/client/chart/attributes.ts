// The attributes of the chart. Each one is a property of the same name too: a framework may set either.

import { localeOf } from "../locale";
import { decimalPlaces } from "../measure";
import { report } from "../report";
import { pixels } from "./measure";
import { WINDOWS } from "./points";
import type { ChartWindow } from "./points";

/** Every attribute of the chart. */
export const CHART_ATTRIBUTES = ["pair", "window", "locale", "theme", "endpoint", "digits", "form", "labels", "height", "controls"] as const;

/** The lowest chart, in pixels: its texts, and a line between them. */
const HEIGHT_MIN = 120;
/** The highest chart, in pixels: more than the height of a usual screen. */
const HEIGHT_MAX = 2000;
/** The longest wrong value that is repeated in the console, in characters. */
const REPEATED_LENGTH_MAX = 32;
const PAIR = /^[A-Z]{3}\/[A-Z]{3}$/;
const CHOICES = {
  window: WINDOWS,
  theme: ["light", "dark", "auto"],
  form: ["pair", "local"],
  labels: ["code", "name", "symbol"],
  controls: ["on", "off"],
} as const;

/** The attributes in a form to work with; a wrong value counts as none. */
export interface Settings {
  /** The pair; empty for none. */
  pair: string;
  window: ChartWindow;
  form: string;
  labels: string;
  /** Decimal places of a value; undefined for the digits of the bank. */
  digits: number | undefined;
  /** The height in pixels; undefined for that of the style. */
  height: number | undefined;
  hasControls: boolean;
}

/** Reads the attributes. A wrong value is reported in the console. */
export function settingsOf(element: HTMLElement): Settings {
  const text = (name: string): string => element.getAttribute(name) ?? "";
  const check = (name: string, isRight: boolean, allowed: string): string => {
    if (!isRight) {
      report(`<silk-chart ${name}="${text(name).slice(0, REPEATED_LENGTH_MAX)}">: ${name} is ${allowed}`);
    }
    return isRight ? text(name) : "";
  };
  const chosen = (name: keyof typeof CHOICES): string => {
    const choices: readonly string[] = CHOICES[name];
    return check(name, !text(name) || choices.includes(text(name)), choices.join(", "));
  };
  const pair = text("pair").trim().toUpperCase();
  const [digits, height] = [decimalPlaces(text("digits")), pixels(text("height"), HEIGHT_MIN, HEIGHT_MAX)];
  check("pair", PAIR.test(pair), "a pair such as USD/KZT");
  check("digits", digits !== undefined || /^(auto)?$/.test(text("digits")), "auto, 0 to 10");
  check("height", height !== undefined || !text("height"), `${HEIGHT_MIN} to ${HEIGHT_MAX} pixels`);
  check("locale", !text("locale") || localeOf(text("locale")).tag !== "en" || /^en\b/i.test(text("locale")), "no language of the service");
  chosen("theme");
  const form = chosen("form") || "pair";
  return {
    pair: PAIR.test(pair) ? pair : "",
    window: (chosen("window") || "month") as ChartWindow,
    form,
    labels: chosen("labels") || (form === "local" ? "symbol" : "code"),
    digits,
    height,
    hasControls: chosen("controls") !== "off",
  };
}
