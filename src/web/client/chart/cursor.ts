// The cursor: pointer, touch and arrow keys move it over the points, and a tooltip tells the point. The table beside the
// chart has the same figures for assistive technology.

import { GAP, Popup } from "../popup";
import { stepOf } from "../roving";
import type { Place } from "./drawing";

/** The chart under the cursor. */
export interface Chart {
  /** Where the points are within the plot, from left to right. */
  places(): readonly Place[];
  /** Marks a point, or none. */
  mark(index: number | undefined): void;
  /** The lines of the tooltip of a point. */
  describe(index: number): string[];
}

export class Cursor {
  readonly #popup = new Popup(() => {
    this.#isOpen = false;
    this.#chart.mark(undefined);
  });
  readonly box = this.#popup.box;
  readonly #plot: HTMLElement;
  readonly #chart: Chart;
  #index: number | undefined;
  #isOpen = false;

  constructor(plot: HTMLElement, chart: Chart) {
    this.#plot = plot;
    this.#chart = chart;
    const follow = (event: PointerEvent): void => this.#open(this.#under(event.clientX));
    const close = (event: Event): void => {
      // A finger that is lifted leaves the tooltip open, to be read.
      if ((event as PointerEvent).pointerType !== "touch") {
        this.#popup.close();
      }
    };
    plot.addEventListener("pointermove", follow);
    plot.addEventListener("pointerdown", follow);
    plot.addEventListener("pointerleave", close);
    plot.addEventListener("blur", close);
    plot.addEventListener("focus", () => plot.matches(":focus-visible") && this.#open(this.#index ?? Infinity));
    plot.addEventListener("keydown", (event) => {
      // The page scrolls up and down, as everywhere.
      const step = /Up|Down/.test(event.key) ? undefined : stepOf(event);
      if (step) {
        event.preventDefault();
        this.#open((this.#index ?? this.#chart.places().length - 1) + step);
      }
    });
  }

  /** Follows a chart that was drawn anew: the cursor stays at its point, and at the newest one if it was there. */
  refresh(countBefore: number): void {
    if (this.#index === countBefore - 1) {
      this.#index = this.#chart.places().length - 1;
    }
    if (this.#isOpen) {
      this.#open(this.#index ?? Infinity);
    }
  }

  /** Closes the tooltip and forgets the point: another period or pair has others. */
  reset(): void {
    this.#index = undefined;
    this.#popup.close();
  }

  /** The point that is in force under a place of the window: the last one that is not right of it. */
  #under(clientX: number): number {
    const x = clientX - this.#plot.getBoundingClientRect().left;
    return this.#chart.places().filter((place) => place.x <= x + 1).length - 1;
  }

  #open(wanted: number): void {
    const places = this.#chart.places();
    const index = Math.max(0, Math.min(wanted, places.length - 1));
    const place = places[index];
    if (!place) {
      this.#popup.close();
      return;
    }
    this.#index = index;
    this.#isOpen = true;
    this.#chart.mark(index);
    const plot = this.#plot.getBoundingClientRect();
    const [x, y] = [plot.left + place.x, plot.top + place.y];
    // Beside its point, or under a plot that is too narrow for both.
    this.#popup.open(this.#chart.describe(index), (width, height) => {
      const away = width + GAP * 3;
      if (away * 2 < plot.width) {
        return [place.x + away > plot.width ? x - away : x + GAP * 3, y - height / 2];
      }
      const under = plot.bottom + GAP;
      return [x - width / 2, under + height > innerHeight ? plot.top - GAP - height : under];
    });
  }
}
