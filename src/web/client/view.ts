// Renders one pair as a list item. Content consists of text nodes and class names; nothing is parsed as HTML.

import type { Change, Rate } from "./contract";
import type { Locale, TextKey } from "./locale";
import {
  DASH,
  absoluteText,
  bank,
  changeWords,
  currency,
  dateText,
  equation,
  percentText,
  translate,
  valueText,
} from "./locale";
import type { State } from "./state";

/** What the element displays besides the value: the kind of change and its period, in a language. */
export interface DisplayOptions {
  locale: Locale;
  change: string;
  window: string;
}

const ARROWS: Record<string, string> = { UP: "▲", DOWN: "▼", FLAT: "=" };
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

/** The change over a period, or the reason why there is none. */
export function changeOf(rate: Rate, window: string): { change: Change | null; reason: string | null } {
  if (window === "previous") {
    return { change: rate.change, reason: null };
  }
  const found = (rate.windows ?? []).find((one) => one.window === window.toUpperCase());
  return { change: found?.change ?? null, reason: found?.reason ?? null };
}

/** The content of an item: the pair, its value, the change, and its marks (stale, held, announced). */
export function content(pair: string, rate: Rate | undefined, state: State, options: DisplayOptions): Node[] {
  const { locale } = options;
  const name = make("span", { class: "pair", part: "pair" }, pair);
  if (!rate) {
    const dash = make("span", { "aria-hidden": "true" }, DASH);
    const words = make("span", { class: "words" }, translate(locale, "unknown"));
    return [name, make("span", { class: "value", part: "value" }, dash, words)];
  }
  const value = make("span", { class: "value", part: "value" }, valueText(locale, rate.value));
  return [name, value, ...changeNodes(rate, options), ...marks(rate, state, locale)];
}

function changeNodes(rate: Rate, { locale, change: wanted, window }: DisplayOptions): Node[] {
  if (wanted === "none") {
    return [];
  }
  const { change } = changeOf(rate, window);
  const direction = change ? change.direction.toLowerCase() : "unknown";
  const texts = [
    wanted !== "percent" && absoluteText(locale, change),
    wanted !== "absolute" && percentText(locale, change),
  ].filter((text) => text !== false);
  const seen = make(
    "span",
    { "aria-hidden": "true" },
    make("span", { class: "arrow", part: "arrow" }, ARROWS[change?.direction ?? ""] ?? ""),
    // One n/a is enough where nothing is known.
    change ? texts.join(" · ") : texts[0],
  );
  const words = make("span", { class: "words" }, changeWords(locale, change));
  return [make("span", { class: `change ${direction}`, part: `change change-${direction}` }, seen, words)];
}

function marks(rate: Rate, state: State, locale: Locale): Node[] {
  const mark = (kind: string, text: string): Node =>
    make("span", { class: `mark ${kind}`, part: `mark mark-${kind}` }, text);
  const found: Node[] = [];
  const kind = rate.freshness.toLowerCase();
  if (kind === "stale" || kind === "late") {
    found.push(mark(kind, translate(locale, kind)));
  }
  if (rate.held?.length) {
    found.push(mark("held", translate(locale, "held")));
  }
  if (rate.announced) {
    found.push(mark("announced", announcement(rate, state, locale)));
  }
  return found;
}

/** A published rate that is not yet in force: `from tomorrow, 9 December 2025: 0.00197 (+0.5%)`. */
function announcement(rate: Rate, state: State, locale: Locale): string {
  const { announced } = rate;
  if (!announced) {
    return "";
  }
  const key: TextKey = isTomorrow(announced.effective_date, state.serverTime) ? "from_tomorrow" : "from";
  const change = announced.change ? ` (${percentText(locale, announced.change)})` : "";
  return `${translate(locale, key, { date: dateText(locale, announced.effective_date) })}: ${valueText(locale, announced.value)}${change}`;
}

/** Whether a date is tomorrow in the time zone of every bank, by the server's clock. If unsure, only the date is shown. */
export function isTomorrow(date: string, serverTime: number | undefined): boolean {
  if (serverTime === undefined) {
    return false;
  }
  return BANK_ZONES.every((hours) => new Date(serverTime + (hours + 24) * HOUR).toISOString().startsWith(date));
}

/** The lines of the tooltip: exact value, date, source, reference, and freshness. */
export function details(pair: string, rate: Rate | undefined, state: State, options: DisplayOptions): string[] {
  const { locale } = options;
  const [base = "", quote = ""] = pair.split("/");
  const names = `${currency(locale, base).name} / ${currency(locale, quote).name}`;
  if (!rate) {
    return [names, translate(locale, "unknown")];
  }
  const lines = [names, equation(locale, pair, rate.value)];
  if (rate.effective_date) {
    lines.push(translate(locale, "as_of", { date: dateText(locale, rate.effective_date) }));
  }
  if (rate.source) {
    lines.push(translate(locale, "source", { bank: bank(locale, rate.source, (id) => state.sources.get(id)?.name) }));
  }
  const { change } = changeOf(rate, options.window);
  if (change) {
    const since = translate(locale, "since", { date: dateText(locale, change.reference_date) });
    const moved = change.direction === "FLAT" ? "" : `, ${absoluteText(locale, change)}`;
    lines.push(`${changeWords(locale, change)}${moved} (${since})`);
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
  if (rate.announced) {
    lines.push(announcement(rate, state, locale));
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
    return [make("span", { class: "attribution", part: "attribution" }, text, " · ", ...linked(source.attribution))];
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
