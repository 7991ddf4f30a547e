// One pair as an item of the list. Everything is text nodes and class names: nothing is parsed as markup.

import type { Change, Rate } from "./contract";
import type { Locale, Word } from "./locale";
import {
  DASH,
  absoluteText,
  bank,
  changeWords,
  currency,
  dateText,
  equation,
  percentText,
  say,
  valueText,
} from "./locale";
import type { State } from "./state";

/** Which change is shown, and over what. */
export interface Shown {
  locale: Locale;
  change: string;
  window: string;
}

const ARROWS: Record<string, string> = { UP: "▲", DOWN: "▼", FLAT: "=" };
/** An hour in milliseconds. */
const HOUR = 3_600_000;
/** The westernmost and the easternmost zone of our banks, in hours from UTC. */
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

/** The change of the window that is shown, and why there is none. */
export function changeOf(rate: Rate, window: string): { change: Change | null; reason: string | null } {
  if (window === "previous") {
    return { change: rate.change, reason: null };
  }
  const found = (rate.windows ?? []).find((one) => one.window === window.toUpperCase());
  return { change: found?.change ?? null, reason: found?.reason ?? null };
}

/** What is inside an item: the pair, its value, the change, and what must be known of it. */
export function content(pair: string, rate: Rate | undefined, state: State, shown: Shown): Node[] {
  const { locale } = shown;
  const name = make("span", { class: "pair", part: "pair" }, pair);
  if (!rate) {
    const dash = make("span", { "aria-hidden": "true" }, DASH);
    const words = make("span", { class: "words" }, say(locale, "unknown"));
    return [name, make("span", { class: "value", part: "value" }, dash, words)];
  }
  const value = make("span", { class: "value", part: "value" }, valueText(locale, rate.value));
  return [name, value, ...changeNodes(rate, shown), ...marks(rate, state, locale)];
}

function changeNodes(rate: Rate, { locale, change: wanted, window }: Shown): Node[] {
  if (wanted === "none") {
    return [];
  }
  const { change } = changeOf(rate, window);
  const way = change ? change.direction.toLowerCase() : "unknown";
  const texts = [
    wanted !== "percent" && absoluteText(locale, change),
    wanted !== "absolute" && percentText(locale, change),
  ].filter((text) => text !== false);
  const seen = make(
    "span",
    { "aria-hidden": "true" },
    make("span", { class: "arrow", part: "arrow" }, ARROWS[change?.direction ?? ""] ?? ""),
    // Where nothing is known one n/a says it.
    change ? texts.join(" · ") : texts[0],
  );
  const words = make("span", { class: "words" }, changeWords(locale, change));
  return [make("span", { class: `change ${way}`, part: `change change-${way}` }, seen, words)];
}

function marks(rate: Rate, state: State, locale: Locale): Node[] {
  const mark = (kind: string, text: string): Node =>
    make("span", { class: `mark ${kind}`, part: `mark mark-${kind}` }, text);
  const found: Node[] = [];
  const kind = rate.freshness.toLowerCase();
  if (kind === "stale" || kind === "late") {
    found.push(mark(kind, say(locale, kind)));
  }
  if (rate.held?.length) {
    found.push(mark("held", say(locale, "held")));
  }
  if (rate.announced) {
    found.push(mark("announced", announcement(rate, state, locale)));
  }
  return found;
}

/** What is published and not yet in force: `from tomorrow, 9 December 2025: 0.00197 (+0.5%)`. */
function announcement(rate: Rate, state: State, locale: Locale): string {
  const { announced } = rate;
  if (!announced) {
    return "";
  }
  const word: Word = isTomorrow(announced.effective_date, state.serverTime) ? "from_tomorrow" : "from";
  const change = announced.change ? ` (${percentText(locale, announced.change)})` : "";
  return `${say(locale, word, { date: dateText(locale, announced.effective_date) })}: ${valueText(locale, announced.value)}${change}`;
}

/** Whether a date is tomorrow at every bank, by the server's clock. Where it is not sure, the date alone is said. */
export function isTomorrow(date: string, serverTime: number | undefined): boolean {
  if (serverTime === undefined) {
    return false;
  }
  return BANK_ZONES.every((hours) => new Date(serverTime + (hours + 24) * HOUR).toISOString().startsWith(date));
}

/** What hover and focus tell: the exact value, its date, its bank, the reference, and what is odd. One line each. */
export function details(pair: string, rate: Rate | undefined, state: State, shown: Shown): string[] {
  const { locale } = shown;
  const [base = "", quote = ""] = pair.split("/");
  const names = `${currency(locale, base).name} / ${currency(locale, quote).name}`;
  if (!rate) {
    return [names, say(locale, "unknown")];
  }
  const lines = [names, equation(locale, pair, rate.value)];
  if (rate.effective_date) {
    lines.push(say(locale, "as_of", { date: dateText(locale, rate.effective_date) }));
  }
  if (rate.source) {
    lines.push(say(locale, "source", { bank: bank(locale, rate.source, (id) => state.sources.get(id)?.name) }));
  }
  const { change } = changeOf(rate, shown.window);
  if (change) {
    const since = say(locale, "since", { date: dateText(locale, change.reference_date) });
    const moved = change.direction === "FLAT" ? "" : `, ${absoluteText(locale, change)}`;
    lines.push(`${changeWords(locale, change)}${moved} (${since})`);
  } else if (shown.change !== "none") {
    lines.push(say(locale, "no_change"));
  }
  const odd = rate.freshness.toLowerCase();
  if (odd === "stale" || odd === "late" || odd === "carried_over") {
    lines.push(say(locale, odd));
  }
  if (rate.held?.length) {
    lines.push(say(locale, "held"));
  }
  if (rate.announced) {
    lines.push(announcement(rate, state, locale));
  }
  return lines;
}

/** What the terms of the banks behind the rates ask to be shown. */
export function attributions(rates: readonly (Rate | undefined)[], state: State, locale: Locale): Node[] {
  const ids = new Set(rates.flatMap((rate) => [rate?.source ?? "", ...(rate?.fixings ?? []).map((row) => row.source)]).flatMap((id) => id.split("+")));
  return [...ids].sort().flatMap((id) => {
    const source = state.sources.get(id);
    if (!source?.attribution) {
      return [];
    }
    const text = say(locale, "source", { bank: bank(locale, id, () => source.name) });
    return [make("span", { class: "attribution", part: "attribution" }, text, " · ", ...linked(source.attribution))];
  });
}

/** A text with its web addresses as links. The text is the service's; a link only ever goes to a plain www name. */
function linked(text: string): Node[] {
  return text.split(/(\bwww\.[a-z0-9.-]+[a-z0-9])/).map((part, index) =>
    index % 2
      ? make("a", { href: `https://${part}`, rel: "noopener", target: "_blank", part: "link" }, part)
      : document.createTextNode(part),
  );
}
