// <silk-chart>: the chart of a pair on a page. `attributes.ts` lists its attributes; all of them may change at any time, as
// attributes or as properties.

import { adoptProperties, reflectAttributes } from "../attributes";
import { baseOf } from "../base";
import type { Rate } from "../contract";
import { hubOf } from "../hub";
import type { Hub, Subscriber } from "../hub";
import { DASH, dateText, localeOf, translate } from "../locale";
import { blank, placeholder } from "../placeholder";
import { applyStyle } from "../sheet";
import { content, details, make, shownEntry } from "../view";
import type { DisplayOptions } from "../view";
import { CHART_ATTRIBUTES, settingsOf } from "./attributes";
import type { Settings } from "./attributes";
import { box } from "./box";
import { Controls } from "./controls";
import { Cursor } from "./cursor";
import { Drawing } from "./drawing";
import { History } from "./history";
import { dayAt, dayOf } from "./measure";
import { firstDay, moveOver, pointsOf, pointsWithin } from "./points";
import type { ChartWindow, Point } from "./points";
import { CSS } from "./style";
import { credit, summary, table } from "./texts";
import { chartText } from "./words";

/** What the element extends: on a server, which renders pages without a document, the module still loads. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class SilkChart extends Base {
  static readonly observedAttributes = [...CHART_ATTRIBUTES, "lang"];

  /** The service that the script was loaded from, for a chart without the attribute `endpoint`. */
  static base: string | undefined;

  static {
    reflectAttributes(SilkChart.prototype, CHART_ATTRIBUTES);
  }

  #settings!: Settings;
  /** The period that the reader chose; undefined for that of the attribute. */
  #chosen: ChartWindow | undefined;
  #hub: Hub | undefined;
  #endpoint = "";
  /** The rates and the view that are shown, to draw only what changed. */
  #rates: readonly Rate[] = [];
  #view = "";
  #points: readonly Point[] = [];
  #options!: DisplayOptions;
  #days: readonly [first: number, last: number] = [0, 0];
  /** What the line ends with, to detect a new fixing. */
  #end = "";
  #queued = false;
  readonly #subscriber: Subscriber;
  readonly #history = new History(() => this.#changed());
  readonly #drawing = new Drawing();
  readonly #rate = box("rate");
  readonly #controls = new Controls((window) => {
    this.#chosen = window;
    this.#cursor.reset();
    this.#render();
  });
  readonly #message = box("message");
  readonly #plot = box("plot", { role: "img", tabindex: "0" }, this.#drawing.svg);
  readonly #foot = box("foot");
  readonly #table = make("div", { class: "words" });
  readonly #base = box(
    "base",
    { role: "group" },
    box("head", {}, this.#rate, this.#controls.box),
    box("frame", {}, this.#plot, this.#message),
    this.#foot,
    this.#table,
  );
  readonly #cursor: Cursor = new Cursor(this.#plot, {
    places: () => this.#drawing.places,
    mark: (index) => this.#drawing.mark(index),
    describe: (index) => this.#describe(index),
  });
  readonly #languageObserver = globalThis.MutationObserver && new MutationObserver(() => this.#changed());
  readonly #sizeObserver = globalThis.ResizeObserver && new ResizeObserver(() => this.#draw());

  constructor() {
    super();
    const pairs = (): readonly string[] => [this.#settings.pair];
    this.#subscriber = {
      get pairs() {
        return pairs();
      },
      changed: () => this.#changed(),
    };
    const root = this.attachShadow({ mode: "open" });
    applyStyle(root, CSS);
    // A picture of the chart within the element stays until there is more to show.
    root.append(this.children.length ? make("slot", {}) : this.#base, this.#cursor.box);
  }

  connectedCallback(): void {
    adoptProperties(this, CHART_ATTRIBUTES);
    // A page may change its language at any time.
    this.#languageObserver.observe(document, { subtree: true, attributeFilter: ["lang"] });
    this.#sizeObserver.observe(this.#plot);
    this.#subscribe();
    this.#render();
  }

  disconnectedCallback(): void {
    this.#languageObserver.disconnect();
    this.#sizeObserver.disconnect();
    this.#unsubscribe();
    this.#cursor.reset();
  }

  attributeChangedCallback(name: string): void {
    if (!this.#hub) {
      return;
    }
    if (name === "pair" || name === "endpoint") {
      this.#unsubscribe();
      this.#subscribe();
    }
    if (name === "window") {
      this.#chosen = undefined;
    }
    this.#cursor.reset();
    this.#changed();
  }

  #subscribe(): void {
    this.#settings = settingsOf(this);
    this.#endpoint = baseOf(this.getAttribute("endpoint"), SilkChart.base);
    this.#hub = hubOf(this.#endpoint);
    if (this.#settings.pair) {
      this.#hub.add(this.#subscriber);
    }
  }

  #unsubscribe(): void {
    this.#hub?.remove(this.#subscriber);
    this.#hub = undefined;
    this.#history.stop();
    this.#end = "";
  }

  /** Something changed. It is rendered once, at the end of the task. */
  #changed(): void {
    if (!this.#queued) {
      this.#queued = true;
      queueMicrotask(() => {
        this.#queued = false;
        this.#render();
      });
    }
  }

  #render(): void {
    const hub = this.#hub;
    if (!hub) {
      return;
    }
    this.#settings = settingsOf(this);
    const { pair } = this.#settings;
    const rate = hub.state.rates.get(pair);
    this.#options = this.#displayOptions();
    this.#fetch(hub, rate);
    // The history of a pair that the service no longer quotes ends with its last rate.
    const shown = rate ?? (hub.state.position && this.#history.rates.at(-1));
    const isKnown = this.#history.isKnown && shown !== undefined;
    const isMissing = !isKnown && (!pair || this.#history.hasFailed || hub.hasFailed);
    if (isKnown) {
      this.shadowRoot?.querySelector("slot")?.replaceWith(this.#base);
    }
    const isNew = this.#choosePoints(isKnown ? this.#history.rates : []);
    this.#renderTexts(hub, isKnown ? shown : undefined, isKnown || isMissing);
    if (isNew) {
      this.#renderPoints();
    }
  }

  /** Chooses the points of the period. Returns whether they, or how they are written, differ from those that are shown. */
  #choosePoints(rates: readonly Rate[]): boolean {
    const { locale, form, labels, digits } = this.#options;
    const view = [...this.#days, locale.tag, form, labels, digits, this.#settings.pair].join();
    if (rates.length === this.#rates.length && rates.every((rate, index) => rate === this.#rates[index]) && view === this.#view) {
      return false;
    }
    this.#rates = rates;
    this.#view = view;
    this.#points = pointsWithin(pointsOf(rates, form), ...this.#days);
    return true;
  }

  /** The drawing, and the words and the table that stand for it. */
  #renderPoints(): void {
    const { locale } = this.#options;
    const name = this.#name();
    this.#plot.setAttribute("aria-label", summary(this.#points, this.#options) || name);
    this.#table.replaceChildren(...(this.#points.length ? [table(this.#points, locale, name)] : []));
    this.#draw();
    this.#flash();
  }

  #name(): string {
    const entry = this.#points.at(-1)?.entry;
    return chartText(this.#options.locale, "name", { pair: entry ? `${entry.base}/${entry.quote}` : this.#settings.pair });
  }

  /** Requests the history of the chosen period, which ends today by the clock of the service. */
  #fetch(hub: Hub, rate: Rate | undefined): void {
    const { serverTime } = hub.state;
    const day = dayOf(rate?.effective_date) ?? -Infinity;
    const last = Math.max(serverTime === undefined ? -Infinity : dayAt(serverTime), day);
    if (!this.#settings.pair || last === -Infinity) {
      return;
    }
    this.#days = [firstDay(this.#window(), last), last];
    this.#history.want(this.#endpoint, this.#settings.pair, this.#days[0]);
    if (rate) {
      this.#history.add(this.#endpoint, rate);
    }
  }

  #window(): ChartWindow {
    return this.#chosen ?? this.#settings.window;
  }

  #displayOptions(): DisplayOptions {
    const { form, labels, digits } = this.#settings;
    const locale = localeOf(this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || "en");
    return { locale, form, labels, digits, change: "percent", window: this.#window(), announced: "tag" };
  }

  /** Everything but the drawing. Before the first answer no figure stands in the page, and the texts have their room. */
  #renderTexts(hub: Hub, rate: Rate | undefined, isAnswered: boolean): void {
    const { locale } = this.#options;
    const { pair, height, hasControls } = this.#settings;
    this.#base.lang = locale.tag;
    this.#base.style.minHeight = height === undefined ? "" : `${height}px`;
    this.#base.setAttribute("aria-label", this.#name());
    this.#controls.render(locale, this.#window(), hasControls);
    const shown = isAnswered ? rate : placeholder(pair);
    const entry = shownEntry(shown, this.#options);
    // Where the history is shorter than the period, the change is that since it begins, as in the picture of the service.
    const isShorter = (this.#points[0]?.day ?? 0) > this.#days[0];
    const over = entry?.move || (isShorter && this.#points.length < 2) ? undefined : moveOver(this.#points);
    const heading = content(pair || DASH, shown, hub.state, this.#options, entry && over ? { ...entry, move: over } : entry);
    const since = over && isShorter ? translate(locale, "since", { date: dateText(locale, over.since) }) : translate(locale, this.#window());
    heading.push(make("span", { class: "since" }, shown ? since : ""));
    if (!isAnswered) {
      heading.forEach(blank);
    }
    this.#rate.classList.toggle("waiting", !isAnswered);
    this.#rate.replaceChildren(...heading.flatMap((node) => [node, " "]));
    const isEmpty = isAnswered && !this.#points.length;
    this.#message.textContent = isEmpty ? translate(locale, "no_data") : "";
    this.#plot.hidden = isEmpty;
    const offline = hub.offline ? [make("span", { class: "offline", part: "offline" }, ` ⚠\uFE0E ${translate(locale, "offline")}`)] : [];
    this.#foot.replaceChildren(...(rate ? credit([rate, ...this.#points.map((point) => point.rate).reverse()], hub.state, locale) : []), ...offline);
  }

  #draw(): void {
    const before = this.#drawing.places.length;
    const [first, last] = this.#days;
    this.#drawing.draw({ locale: this.#options.locale, first, last, points: this.#points }, this.#plot.clientWidth, this.#plot.clientHeight);
    this.#cursor.refresh(before);
  }

  /** Highlights the end of the line when it moved. */
  #flash(): void {
    const newest = this.#points.at(-1);
    const end = newest ? `${newest.day} ${newest.rate.value}` : "";
    this.#drawing.highlight(this.#end !== "" && end !== this.#end);
    this.#end = end;
  }

  #describe(index: number): string[] {
    const [point, newest] = [this.#points[index], this.#points.at(-1)];
    if (!point || !newest || !this.#hub) {
      return [];
    }
    // The currencies, and the source of the newest point, stand beside the chart already.
    const source = point.rate.source === newest.rate.source ? null : point.rate.source;
    const [, ...lines] = details(point.rate.pair, { ...point.rate, source }, this.#hub.state, this.#options, point.entry);
    return lines;
  }
}
