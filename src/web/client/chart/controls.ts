// The choice of the period: radio buttons, which are one stop of the keyboard.

import type { Locale } from "../locale";
import { make } from "../view";
import { box } from "./box";
import { WINDOWS } from "./points";
import type { ChartWindow } from "./points";
import { chartText } from "./words";

export class Controls {
  readonly box = box("windows", { role: "radiogroup" });
  readonly #buttons = WINDOWS.map((window) => ({ window, input: make("input", { type: "radio", name: "window" }), words: make("span", {}) }));

  constructor(chosen: (window: ChartWindow) => void) {
    for (const { window, input, words } of this.#buttons) {
      input.addEventListener("change", () => chosen(window));
      this.box.append(make("label", { part: "window" }, input, words));
    }
  }

  render(locale: Locale, chosen: ChartWindow, isShown: boolean): void {
    this.box.hidden = !isShown;
    this.box.setAttribute("aria-label", chartText(locale, "period"));
    for (const { window, input, words } of this.#buttons) {
      input.checked = window === chosen;
      words.textContent = chartText(locale, window);
    }
  }
}
