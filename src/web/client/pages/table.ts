// The table of rates: both directions, change, chart, date and source. It subscribes to the hub of the page's tickers,
// so both show the same state.

import type { Rate } from "../contract";
import { chartHeights, parseDecimal } from "../decimal";
import type { Hub, Subscriber } from "../hub";
import { displayed, displayedDifference, entryOf } from "../figures";
import { DASH, bank, currency, dateText, differenceText, exactText, localeOf, percentText, translate } from "../locale";
import { make } from "../view";

const FIVE = ["KZT", "KGS", "TJS", "UZS", "TMT"];
/** Days in the chart. */
const MONTH_DAYS = 31;
/** The size of the chart in its own units; the style sheet scales it. */
const WIDTH = 136;
const HEIGHT = 30n;
const SVG = "http://www.w3.org/2000/svg";
const ARROWS: Record<string, string> = { UP: "▲", DOWN: "▼", FLAT: "" };
const locale = localeOf("en");

/** Renders the table and updates it with the hub. */
export function table(hub: Hub, base: string): void {
  const body = document.querySelector("#table tbody");
  const quote = document.querySelector<HTMLSelectElement>("#quote");
  if (!body || !quote) {
    return;
  }
  const charts = new Map<string, Promise<Node>>();
  const pages = new Map<string, string>();
  let subscriber: Subscriber | undefined;
  const show = (): void => {
    const against = quote.value;
    text("#per-quote", `1 ${against}`);
    text("#per-unit", `1 unit in ${against}`);
    const rows = FIVE.map((code) => {
      const rate = hub.state.rates.get(`${code}/${against}`);
      const inverse = hub.state.rates.get(`${against}/${code}`);
      return row(code, against, rate, inverse, hub, pages);
    });
    body.replaceChildren(...rows);
    rows.forEach((line, index) => {
      const rate = hub.state.rates.get(`${FIVE[index]}/${against}`);
      if (rate?.effective_date) {
        const key = `${rate.pair} ${rate.effective_date} ${rate.value}`;
        const chart = charts.get(key) ?? month(base, rate, rate.effective_date);
        charts.set(key, chart);
        void chart.then((drawing) => line.querySelector(".chart")?.replaceChildren(drawing.cloneNode(true)));
      }
    });
    const terms = [...hub.state.sources.values()].filter((source) => source.attribution);
    text("#terms", terms.map((source) => `${source.name}: ${source.attribution}`).join(" · "));
  };
  const subscribe = (): void => {
    const pairs = FIVE.flatMap((code) => [`${code}/${quote.value}`, `${quote.value}/${code}`]);
    const next: Subscriber = { pairs, changed: show };
    hub.add(next);
    if (subscriber) {
      hub.remove(subscriber);
    }
    subscriber = next;
    show();
  };
  quote.addEventListener("change", subscribe);
  subscribe();
  void pagesOf(base).then((found) => {
    found.forEach((page, id) => pages.set(id, page));
    show();
  });
}

function text(selector: string, words: string): void {
  const element = document.querySelector(selector);
  if (element) {
    element.textContent = words;
  }
}

function row(code: string, against: string, rate: Rate | undefined, inverse: Rate | undefined, hub: Hub, pages: Map<string, string>): HTMLElement {
  const name = make("th", { scope: "row" }, code, make("small", {}, currency(locale, code).name));
  const main = make("td", { class: "number main" }, inverse ? priced(code, inverse) : translate(locale, "unknown"));
  const unit = make("td", { class: "number unit" }, rate ? exactText(locale, rate.value) : "–");
  if (!rate) {
    const rest = ["moved", "chart", "date", "source"].map((kind) => make("td", { class: kind }, "–"));
    return make("tr", {}, name, main, unit, ...rest);
  }
  return make(
    "tr",
    { "data-pair": `${code}/${against}` },
    name,
    main,
    unit,
    moved(rate),
    make("td", { class: "chart" }),
    make("td", { class: "date" }, dateText(locale, rate.effective_date), status(rate)),
    source(rate, hub, pages),
  );
}

/** The published digits, followed by the sign of the currency unless that equals its code. */
function priced(code: string, rate: Rate): string {
  const { sign } = currency(locale, code);
  return exactText(locale, rate.value) + (sign === code ? "" : `\u00a0${sign}`);
}

function moved(rate: Rate): HTMLElement {
  const entry = entryOf(rate, "pair", "previous");
  const move = entry?.move;
  if (!entry || !move) {
    return make("td", { class: "number moved unknown" }, DASH);
  }
  const arrow = make("span", { class: "arrow", "aria-hidden": "true" }, ARROWS[move.direction]);
  const since = translate(locale, "since", { date: dateText(locale, move.since) });
  const percent = make("span", { class: move.direction.toLowerCase() }, arrow, percentText(locale, move));
  const difference = displayedDifference(move.absolute, displayed(entry.value, entry, undefined));
  const absolute = differenceText(locale, difference, move.direction);
  return make("td", { class: "number moved" }, percent, make("small", {}, absolute), make("small", {}, since));
}

/** Freshness, held values and announcements. */
function status(rate: Rate): HTMLElement {
  const kind = rate.freshness.toLowerCase();
  const words: Node[] = [];
  if (kind === "stale" || kind === "late") {
    words.push(make("span", { class: "mark", title: rate.freshness_reason ?? "" }, translate(locale, kind)));
  } else if (kind === "carried_over") {
    words.push(make("span", { class: "mark quiet", title: rate.freshness_reason ?? "" }, translate(locale, "carried_over")));
  }
  if (rate.held?.length) {
    words.push(make("span", { class: "mark" }, translate(locale, "held")));
  }
  if (rate.announced) {
    const from = translate(locale, "from", { date: dateText(locale, rate.announced.effective_date) });
    words.push(make("span", {}, `${from}: ${exactText(locale, rate.announced.value)}`));
  }
  return make("small", {}, ...words.flatMap((word) => [word, " "]));
}

function source(rate: Rate, hub: Hub, pages: Map<string, string>): HTMLElement {
  const names = (rate.source ?? "").split("+").filter(Boolean).flatMap((id, index) => {
    const name = bank(locale, id, () => hub.state.sources.get(id)?.name);
    const page = pages.get(id);
    // Only http and https links are rendered, whatever the configured page is.
    const shown: Node | string = page && /^https?:\/\//.test(page) ? make("a", { href: page, rel: "noopener" }, name) : name;
    return index ? [" + ", shown] : [shown];
  });
  return make("td", { class: "source" }, ...names);
}

/** The page of each source where its rates can be checked, by source id. */
async function pagesOf(base: string): Promise<Map<string, string>> {
  const response = await fetch(new URL("v1/sources", base));
  const { sources } = (response.ok ? await response.json() : { sources: [] }) as { sources: { id: string; page: string }[] };
  return new Map(sources.map((one) => [one.id, one.page]));
}

/** A line chart of the last month of a pair. */
async function month(base: string, rate: Rate, last: string): Promise<Node> {
  const url = new URL(`v1/history/${rate.pair}`, base);
  const first = new Date(Date.parse(last) - MONTH_DAYS * 86_400_000).toISOString().slice(0, 10);
  url.searchParams.set("start", first);
  url.searchParams.set("end", last);
  const response = await fetch(url);
  const { rates } = (response.ok ? await response.json() : { rates: [] }) as { rates: Rate[] };
  const rows = rates.reverse().flatMap((one) => {
    const value = parseDecimal(one.value);
    return value && one.effective_date ? [{ value, day: (Date.parse(one.effective_date) - Date.parse(first)) / 86_400_000 }] : [];
  });
  if (rows.length < 2) {
    return document.createTextNode("–");
  }
  // The chart spans from the first known fixing to the last, so that a short history fills it too.
  const [begin, end] = [rows[0]?.day ?? 0, rows.at(-1)?.day ?? 0];
  const across = rows.map((one) => ((one.day - begin) / Math.max(1, end - begin)) * WIDTH);
  const since = dateText(locale, rates[0]?.effective_date);
  return drawing(across, chartHeights(rows.map((one) => one.value), HEIGHT), `${rows.length} fixings since ${since}`);
}

/** The line and a dot at its end. Heights are integers computed from the digits. */
function drawing(across: number[], heights: string[], words: string): SVGElement {
  const points = heights.map((height, index) => [Math.round(across[index] ?? 0), (HEIGHT - BigInt(height)).toString()]);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `-2 -2 ${WIDTH + 4} ${HEIGHT + 4n}`);
  svg.setAttribute("class", "month");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  const title = document.createElementNS(SVG, "title");
  title.textContent = words;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${points.map((point) => point.join(" ")).join("L")}`);
  const dot = document.createElementNS(SVG, "circle");
  const [x = 0, y = "0"] = points.at(-1) ?? [];
  dot.setAttribute("cx", `${x}`);
  dot.setAttribute("cy", `${y}`);
  dot.setAttribute("r", "2.5");
  svg.append(title, path, dot);
  return svg;
}
