// Draws the chart as SVG, in the pixels of the page. Every text of it is written from exact values.

import type { Locale } from "../locale";
import { numberText } from "../locale";
import { standsUntil } from "./points";
import type { Point } from "./points";
import { dateAxis, valueAxis } from "./scale";
import { axisText } from "./words";

const SVG = "http://www.w3.org/2000/svg";
/** Pixels between two values of the axis, about. */
const VALUE_SPACE = 48;
/** The fewest and the most values of the axis: with two, the eye finds no third; with more than six, the line is behind bars. */
const VALUES_MIN = 3;
const VALUES_MAX = 6;
/** Pixels that a date of the axis takes, with the gap after it: `18 September`. */
const DATE_SPACE = 92;
/** Pixels between two dates of the axis, at least. */
const DATE_GAP = 8;
/** A chart that is smaller has no axes: their texts would leave nothing of it. */
const AXES_MIN = { width: 180, height: 90 };
/** Pixels around the line, so that the dot at its end is whole. */
const MARGIN = 5;

/** What is drawn. */
export interface Picture {
  locale: Locale;
  /** The first and the last day of the axis. */
  first: number;
  last: number;
  /** The points from the first day on; the first one may be before it. */
  points: readonly Point[];
}

/** Where a point is, in pixels. */
export interface Place {
  x: number;
  y: number;
}

export class Drawing {
  readonly svg = shape("svg", { part: "svg", "aria-hidden": "true", focusable: "false" });
  readonly #axes = shape("g", { class: "axes" });
  readonly #line = shape("path", { class: "line", part: "line" });
  readonly #end = shape("circle", { class: "end", part: "end", r: "3.5" });
  readonly #rule = shape("path", { class: "rule", part: "cursor" });
  readonly #dot = shape("circle", { class: "dot", part: "cursor", r: "4.5" });
  #height = 0;
  /** Where the points are. */
  places: readonly Place[] = [];

  constructor() {
    this.svg.append(this.#axes, this.#line, this.#rule, this.#end, this.#dot);
    this.mark(undefined);
  }

  /** Draws a picture into a box, or nothing where there is no point or no room. */
  draw({ locale, first, last, points }: Picture, width: number, height: number): void {
    this.#axes.replaceChildren();
    const newest = points.at(-1);
    this.svg.toggleAttribute("hidden", !newest);
    if (!newest || !width || !height) {
      this.places = [];
      return;
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const hasAxes = width >= AXES_MIN.width && height >= AXES_MIN.height;
    const values = valueAxis(points.map((point) => point.entry.value), Math.min(VALUES_MAX, Math.max(VALUES_MIN, Math.floor(height / VALUE_SPACE))));
    const labels = hasAxes ? values.ticks.map((tick) => this.#label(numberText(locale, tick), "value")) : [];
    const [labelWidth, lineHeight] = [Math.max(0, ...labels.map(lengthOf)), labels[0]?.getBBox().height ?? 0];
    const right = width - (hasAxes ? labelWidth + MARGIN * 2 : MARGIN);
    const [top, bottom] = [MARGIN + lineHeight / 2, height - MARGIN - lineHeight * 1.4];
    // A value stands for a whole day, so the axis ends with the last one.
    const x = (day: number): number => round(MARGIN + ((right - MARGIN) * (Math.max(first, day) - first)) / (last + 1 - first));
    const y = (share: number): number => round(bottom - (bottom - top) * share);
    labels.forEach((label, index) => {
      const tick = values.ticks[index];
      const height = tick ? y(values.at(tick)) : 0;
      place(label, width, height);
      this.#axes.prepend(shape("path", { class: "grid", part: "grid", d: `M${MARGIN} ${height}H${right}` }));
    });
    if (hasAxes) {
      this.#dates(locale, first, last, { x, bottom, width: right - MARGIN, edge: width, lineHeight });
    }
    this.places = points.map((point) => ({ x: x(point.day), y: y(values.at(point.entry.value)) }));
    this.#line.setAttribute("d", this.#steps(points, last + 1, x));
    const end = this.places.at(-1);
    place(this.#end, x(standsUntil(newest.day, last + 1)), end?.y ?? 0);
    this.#height = bottom;
  }

  /** The dates below the line. One that has no room beside the one before it is left out. */
  #dates(
    locale: Locale,
    first: number,
    last: number,
    { x, bottom, width, edge, lineHeight }: { x: (day: number) => number; bottom: number; width: number; edge: number; lineHeight: number },
  ): void {
    const { days, isMonths } = dateAxis(first, last, Math.max(2, Math.floor(width / DATE_SPACE)));
    let free = 0;
    for (const day of days) {
      const label = this.#label(axisText(locale, day, isMonths), "date");
      const length = lengthOf(label);
      const middle = Math.min(Math.max(x(day), length / 2), edge - length / 2);
      if (middle - length / 2 < free) {
        label.remove();
        continue;
      }
      free = middle + length / 2 + DATE_GAP;
      place(label, middle, bottom + lineHeight * 1.2);
      this.#axes.append(shape("path", { class: "tick", part: "grid", d: `M${x(day)} ${bottom}v4` }));
    }
  }

  #label(text: string, kind: string): SVGTextElement {
    const label = shape("text", { class: kind, part: `axis axis-${kind}` });
    label.textContent = text;
    this.#axes.append(label);
    return label;
  }

  /** The line: each value stands until the next one, and is joined to it unless there is a gap. */
  #steps(points: readonly Point[], end: number, x: (day: number) => number): string {
    let reached: number | undefined;
    return points
      .map(({ day }, index) => {
        const height = this.places[index]?.y ?? 0;
        const start = reached === day ? `V${height}` : `M${x(day)} ${height}`;
        reached = standsUntil(day, points[index + 1]?.day ?? end);
        return `${start}H${x(reached)}`;
      })
      .join("");
  }

  /** Highlights the end of the line, or no longer. */
  highlight(isNew: boolean): void {
    this.#end.classList.toggle("moved", isNew);
  }

  /** Marks the point of an index, or none. */
  mark(index: number | undefined): void {
    const at = index === undefined ? undefined : this.places[index];
    this.#rule.toggleAttribute("hidden", !at);
    this.#dot.toggleAttribute("hidden", !at);
    if (at) {
      this.#rule.setAttribute("d", `M${at.x} 0V${this.#height}`);
      place(this.#dot, at.x, at.y);
    }
  }
}

/** An element of SVG. */
function shape<Name extends keyof SVGElementTagNameMap>(name: Name, attributes: Record<string, string>): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  return element;
}

function place(element: SVGElement, x: number, y: number): void {
  element.setAttribute("transform", `translate(${round(x)} ${round(y)})`);
}

function lengthOf(label: SVGTextElement): number {
  return label.getComputedTextLength();
}

/** A tenth of a pixel is finer than the eye. */
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
