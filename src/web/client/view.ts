// Renders one pair as a list item. Content consists of text nodes and class names; nothing is parsed as HTML.

import type { Rate } from "./contract";
import type { Decimal } from "./decimal";
import { displayed, displayedDifference, entryOf } from "./figures";
import type { Entry, Move } from "./figures";
import type { Locale, TextKey } from "./locale";
import {
  DASH,
  attribution,
  bank,
  changeWords,
  currency,
  dateText,
  differenceText,
  money,
  numberText,
  percentText,
  translate,
} from "./locale";
import type { State } from "./state";

/** What the element displays, and how. */
export interface DisplayOptions {
  locale: Locale;
  /** `percent`, `absolute`, `both` or `none`. */
  change: string;
  /** The period of the change. */
  window: string;
  /** Decimal places of a value; undefined for the digits of the bank. */
  digits: number | undefined;
  /** `pair`, or `local` as local media print rates. */
  form: string;
  /** How a currency is named: `code`, `name` or `symbol`. */
  labels: string;
  /** Where an announced value is shown: `tag`, `row` or `off`. */
  announced: string;
}

const ARROWS: Record<string, string> = { UP: "▲", DOWN: "▼", FLAT: "" };
/** The width of a difference beside the digits of its value, in digits: a sign and an arrow. */
const DIFFERENCE_WIDTH = 3;
/** The same with a percentage such as `+0,77 %`, and the point between them. */
const BOTH_WIDTH = 12;
/** An hour in milliseconds. */
const HOUR = 3_600_000;
/** The westernmost and the easternmost time zone of the banks, in hours from UTC. */
const BANK_ZONES = [3, 6];

type Child = Node | string | null | undefined | false;

/** An element with a part name, a class and children. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string>,
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** The entry of a rate, as the options have it. */
export function shownEntry(rate: Rate | undefined, { form, window }: DisplayOptions): Entry | undefined {
  return rate && entryOf(rate, form, window);
}

/** The content of an item: the pair, its value, the change, and its marks (stale, held, announced). */
export function content(pair: string, rate: Rate | undefined, state: State, options: DisplayOptions, entry = shownEntry(rate, options)): Node[] {
  const { locale } = options;
  if (!rate || !entry) {
    const [base = "", quote = ""] = pair.split("/");
    const name = quote && options.form !== "local" ? pairLabel(base, quote, options) : pair;
    const dash = make("span", { "aria-hidden": "true" }, DASH);
    const words = make("span", { class: "words" }, translate(locale, "unknown"));
    return [make("span", { class: "pair", part: "pair" }, name), make("span", { class: "value", part: "value" }, dash, words)];
  }
  const name = make("span", { class: "pair", part: "pair" }, label(entry, options));
  const value = make("span", { class: "value", part: "value" }, make("bdi", {}, valueText(entry, entry.value, options)));
  return [name, value, ...changeNodes(entry, options), ...marks(rate, entry, state, options)];
}

function pairLabel(base: string, quote: string, { locale, labels }: DisplayOptions): string {
  if (labels === "name") {
    return `${currency(locale, base).name} / ${currency(locale, quote).name}`;
  }
  return labels === "symbol" ? `${currency(locale, base).sign}/${currency(locale, quote).sign}` : `${base}/${quote}`;
}

/** What an entry is the price of: `KZT/USD`, or `1 $ =`. */
function label(entry: Entry, options: DisplayOptions): string {
  const { locale, form, labels } = options;
  if (form !== "local") {
    return pairLabel(entry.base, entry.quote, options);
  }
  const units = numberText(locale, { units: entry.units, scale: 0 });
  if (labels === "name") {
    return currency(locale, entry.base).name + (entry.units > 1n ? ` (${units})` : "");
  }
  return `${money(locale, entry.base, units, labels === "code")} =`;
}

/** A value of an entry as it is displayed; with its currency in the local form. */
export function valueText(entry: Entry, value: Decimal, { locale, form, labels, digits }: DisplayOptions): string {
  const text = numberText(locale, displayed(value, entry, digits));
  return form === "local" ? money(locale, entry.quote, text, labels === "code") : text;
}

function absoluteText(entry: Entry, move: Move | undefined, { locale, digits }: DisplayOptions): string {
  const shown = displayed(entry.value, entry, digits);
  return move ? differenceText(locale, displayedDifference(move.absolute, shown), move.direction) : DASH;
}

function changeNodes(entry: Entry, options: DisplayOptions): Node[] {
  const { locale, change: wanted } = options;
  const { move } = entry;
  if (wanted === "none") {
    return [];
  }
  const direction = move ? move.direction.toLowerCase() : "unknown";
  const texts = [
    wanted !== "percent" && absoluteText(entry, move, options),
    wanted !== "absolute" && percentText(locale, move),
  ].filter((text) => text !== false);
  const seen = make(
    "span",
    { "aria-hidden": "true" },
    make("span", { class: "arrow", part: "arrow" }, ARROWS[move?.direction ?? ""] ?? ""),
    // One dash is enough where nothing is known.
    make("bdi", {}, move ? texts.join(" · ") : texts[0]),
  );
  const words = make("span", { class: "words" }, changeWords(locale, move));
  const node = make("span", { class: `change ${direction}`, part: `change change-${direction}` }, seen, words);
  if (wanted !== "percent") {
    // A difference has at most the digits of its value, and a sign. The room for them does not depend on the change of today.
    const value = numberText(locale, displayed(entry.value, entry, options.digits));
    node.style.minWidth = `${value.length + (wanted === "both" ? BOTH_WIDTH : DIFFERENCE_WIDTH)}ch`;
  }
  return [node];
}

function marks(rate: Rate, entry: Entry, state: State, options: DisplayOptions): Node[] {
  const { locale } = options;
  const mark = (kind: string, ...children: Child[]): Node =>
    make("span", { class: `mark ${kind}`, part: `mark mark-${kind}` }, ...children);
  const found: Node[] = [];
  const kind = rate.freshness.toLowerCase();
  if (kind === "stale" || kind === "late") {
    found.push(mark(kind, translate(locale, kind)));
  }
  if (rate.held?.length) {
    found.push(mark("held", translate(locale, "held")));
  }
  if (entry.announced && options.announced === "row") {
    found.push(mark("announced", announcement(entry, state, options)));
  } else if (entry.announced && options.announced !== "off") {
    // The tag is short, so that it never pushes the rate out of a narrow window; the words are for assistive technology.
    const seen = make("span", { "aria-hidden": "true" }, "→\u00a0", make("bdi", {}, valueText(entry, entry.announced.value, options)));
    found.push(mark("announced tag", seen, make("span", { class: "words" }, announcement(entry, state, options))));
  }
  return found;
}

/** A published rate that is not yet in force: `from tomorrow, 9 December 2025: 0.00197 (+0.50%)`. */
function announcement(entry: Entry, state: State, options: DisplayOptions): string {
  const { announced } = entry;
  const { locale } = options;
  if (!announced) {
    return "";
  }
  const key: TextKey = isTomorrow(announced.date, state.serverTime) ? "from_tomorrow" : "from";
  const change = announced.move ? ` (${percentText(locale, announced.move)})` : "";
  return `${translate(locale, key, { date: dateText(locale, announced.date) })}: ${valueText(entry, announced.value, options)}${change}`;
}

/** Whether a date is tomorrow in the time zone of every bank, by the server's clock. If unsure, only the date is shown. */
export function isTomorrow(date: string, serverTime: number | undefined): boolean {
  if (serverTime === undefined) {
    return false;
  }
  return BANK_ZONES.every((hours) => new Date(serverTime + (hours + 24) * HOUR).toISOString().startsWith(date));
}

/** The lines of the tooltip: exact value, date, source, reference, and freshness. */
export function details(pair: string, rate: Rate | undefined, state: State, options: DisplayOptions, entry = shownEntry(rate, options)): string[] {
  const { locale } = options;
  const [base = "", quote = ""] = pair.split("/");
  const names = `${currency(locale, base).name} / ${currency(locale, quote).name}`;
  if (!rate || !entry) {
    return [names, translate(locale, "unknown")];
  }
  const units = numberText(locale, { units: entry.units, scale: 0 });
  const lines = [names, `${money(locale, entry.base, units)} = ${money(locale, entry.quote, numberText(locale, entry.value))}`];
  if (rate.effective_date) {
    lines.push(translate(locale, "as_of", { date: dateText(locale, rate.effective_date) }));
  }
  if (rate.source) {
    lines.push(translate(locale, "source", { bank: bank(locale, rate.source, (id) => state.sources.get(id)?.name) }));
  }
  const { move } = entry;
  if (move) {
    const since = translate(locale, "since", { date: dateText(locale, move.since) });
    const moved = move.direction === "FLAT" ? "" : `, ${absoluteText(entry, move, options)}`;
    lines.push(`${changeWords(locale, move)}${moved} (${since})`);
  } else if (options.change !== "none") {
    lines.push(translate(locale, "no_change"));
  }
  const status = rate.freshness.toLowerCase();
  if (status === "stale" || status === "late" || status === "carried_over") {
    lines.push(translate(locale, status));
  }
  if (rate.held?.length) {
    lines.push(translate(locale, "held"));
  }
  if (entry.announced) {
    lines.push(announcement(entry, state, options));
  }
  return lines;
}

/** The attributions that the terms of the sources require. */
export function attributions(rates: readonly (Rate | undefined)[], state: State, locale: Locale): Node[] {
  const ids = new Set(rates.flatMap((rate) => [rate?.source ?? "", ...(rate?.fixings ?? []).map((row) => row.source)]).flatMap((id) => id.split("+")));
  return [...ids].sort().flatMap((id) => {
    const source = state.sources.get(id);
    if (!source?.attribution) {
      return [];
    }
    const text = translate(locale, "source", { bank: bank(locale, id, () => source.name) });
    return [make("span", { class: "attribution", part: "attribution" }, text, " · ", ...linked(attribution(locale, id, source.attribution)))];
  });
}

/** A text with its web addresses as links. The service supplies the text; only plain `www.` names become links. */
function linked(text: string): Node[] {
  return text.split(/(\bwww\.[a-z0-9.-]+[a-z0-9])/).map((part, index) =>
    index % 2
      ? make("a", { href: `https://${part}`, rel: "noopener", target: "_blank", part: "link" }, part)
      : document.createTextNode(part),
  );
}
