// <silk-ticker>: live official exchange rates on a page. `attributes.ts` lists its attributes; all of them may change at
// any time, as attributes or as properties.

import { ATTRIBUTES, adoptProperties, pairsOf, reflectAttributes, settingsOf } from "./attributes";
import type { Settings } from "./attributes";
import { baseOf } from "./base";
import type { Position, Rate } from "./contract";
import { minus, parseDecimal } from "./decimal";
import { hubOf } from "./hub";
import type { Hub, InitialSnapshot, Subscriber } from "./hub";
import type { Locale } from "./locale";
import { DASH, localeOf, translate } from "./locale";
import { linkOf } from "./link";
import { entryOf } from "./figures";
import { Marquee } from "./marquee";
import type { MarqueeDirection } from "./marquee";
import { applyStyle } from "./sheet";
import { CSS } from "./style";
import { blank, placeholder, placeholderPairs, placeholderTerms } from "./placeholder";
import { Roving } from "./roving";
import { Tooltip } from "./tooltip";
import { attributions, content, details, make } from "./view";
import type { DisplayOptions } from "./view";

/** Pixels per second: five pairs pass in about fifteen seconds, which is easy to read. */
const SPEED = 50;
const PAUSE = "M1 0h4v12H1zM7 0h4v12H7z";
const PLAY = "M2 0l9 6-9 6z";

/** What the element extends: on a server, which renders pages without a document, the module still loads. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
const reducedMotion = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

/** The detail of a `ratechange` event. */
export interface RateChange {
  pair: string;
  value: string;
  previousValue: string;
  rate: Rate;
  position: Position | undefined;
}

export class SilkTicker extends Base {
  static readonly observedAttributes = [...ATTRIBUTES, "lang"];

  /** The hub of a service, for a page that shows more rates than the element over the same connection. */
  static readonly hubOf = hubOf;

  static {
    reflectAttributes(SilkTicker.prototype, ATTRIBUTES);
  }

  #pairs: readonly string[] = [];
  readonly #subscriber: Subscriber;
  #hub: Hub | undefined;
  #settings: Settings | undefined;
  #locale: Locale = localeOf("en");
  readonly #list = make("ul", { role: "list", part: "list" });
  readonly #track = make("div", { class: "track", part: "track" }, this.#list);
  readonly #viewport = make("div", { class: "viewport", part: "viewport" }, this.#track);
  readonly #button = make("button", { class: "pause", part: "pause", type: "button" });
  /** The button is the first stop of the keyboard; the style sheet puts it at the end of the strip. */
  readonly #base = make("div", { class: "base", part: "base", role: "group" }, this.#button, this.#viewport);
  readonly #roving = new Roving(this.#list);
  /** A page may change its language at any time. */
  readonly #languageObserver = globalThis.MutationObserver && new MutationObserver(() => this.#changed());
  readonly #marquee = new Marquee(this.#viewport, this.#track, this.#list);
  readonly #tooltip = new Tooltip(this.#viewport);
  /** The displayed value of each pair, to detect changes. */
  readonly #shownValues = new Map<string, string>();
  #paused = false;
  #hovered = false;
  #focused = false;
  #queued = false;
  #hasData = false;

  constructor() {
    super();
    const requested = (): readonly string[] => this.#pairs;
    this.#subscriber = {
      get pairs() {
        return requested();
      },
      changed: () => this.#changed(),
    };
    const root = this.attachShadow({ mode: "open" });
    applyStyle(root, CSS);
    // Content that the server rendered into the page stays until the first message.
    root.append(this.children.length ? make("slot", {}) : this.#base, this.#tooltip.box);
    this.#addListeners();
  }

  connectedCallback(): void {
    adoptProperties(this, ATTRIBUTES);
    reducedMotion.addEventListener("change", this.#layOut);
    this.#languageObserver.observe(document, { subtree: true, attributeFilter: ["lang"] });
    this.#subscribe();
    this.#render();
  }

  disconnectedCallback(): void {
    reducedMotion.removeEventListener("change", this.#layOut);
    this.#languageObserver.disconnect();
    this.#hub?.remove(this.#subscriber);
    this.#hub = undefined;
    this.#tooltip.close();
  }

  attributeChangedCallback(name: string): void {
    if (!this.#hub) {
      return;
    }
    if (name === "pairs" || name === "endpoint") {
      this.#subscribe();
    }
    this.#changed();
  }

  /** The hub's state changed. Rendered once at the end of the task, unless the reader has paused the ticker. */
  #changed(): void {
    if (this.#queued) {
      return;
    }
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.#hub && !(this.#paused && this.#hasData)) {
        this.#render();
      }
    });
  }

  #subscribe(): void {
    this.#pairs = pairsOf(this.getAttribute("pairs"));
    const hub = hubOf(baseOf(this.getAttribute("endpoint")));
    if (hub !== this.#hub) {
      this.#hub?.remove(this.#subscriber);
      this.#shownValues.clear();
    }
    this.#hub = hub;
    hub.add(this.#subscriber, this.#initialSnapshot());
  }

  /** What the server wrote into the page, as data: the stream goes on from its position. */
  #initialSnapshot(): InitialSnapshot | undefined {
    const text = this.getAttribute("data-state");
    if (this.#hasData || !text) {
      return undefined;
    }
    try {
      const snapshot = JSON.parse(text) as Partial<InitialSnapshot>;
      const isWhole = snapshot.position?.epoch && Array.isArray(snapshot.rates) && Array.isArray(snapshot.sources);
      return isWhole ? (snapshot as InitialSnapshot) : undefined;
    } catch {
      // The page was truncated: continue as if it had no snapshot.
      return undefined;
    }
  }

  #render(): void {
    const hub = this.#hub;
    if (!hub) {
      return;
    }
    this.#settings = settingsOf(this);
    const { state } = hub;
    const known = state.position !== undefined || state.rates.size > 0;
    if (known && !this.#hasData) {
      this.#hasData = true;
      this.shadowRoot?.querySelector("slot")?.replaceWith(this.#base);
    }
    this.#locale = localeOf(this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || "en");
    this.#base.lang = this.#locale.tag;
    this.#base.setAttribute("aria-label", translate(this.#locale, "rates"));
    // Until the first message the entries are invisible and take the room that they will need.
    const isWaiting = !this.#hasData && !hub.hasFailed;
    const rows = isWaiting
      ? placeholderPairs(this.#pairs).map((pair): [string, Rate] => [pair, placeholder(pair)])
      : state.select(this.#pairs.length ? this.#pairs : hub.defaults);
    this.#list.classList.toggle("waiting", isWaiting);
    this.#renderRows(rows, hub, { ...this.#settings, locale: this.#locale });
    this.#renderFailure(rows, hub);
    this.#renderControls();
    this.#layOut();
    this.#marquee.refresh();
    if (!isWaiting) {
      this.#dispatchChanges(rows, hub);
    }
  }

  #renderRows(rows: [string, Rate | undefined][], hub: Hub, options: DisplayOptions): void {
    const isWaiting = this.#list.classList.contains("waiting");
    const link = this.getAttribute("link");
    const old = new Map([...this.#list.children].map((item) => [item.getAttribute("data-pair"), item]));
    const items = rows.map(([pair, rate], index) => {
      const nodes = content(pair, rate, hub.state, options);
      const href = linkOf(link, pair);
      const kept = old.get(pair) as HTMLLIElement | undefined;
      const item = kept && kept.children[0]?.getAttribute("href") === href ? kept : this.#createItem(pair, href);
      const [button, text] = item.children as unknown as [HTMLElement, HTMLElement];
      item.setAttribute("part", "item");
      item.className = rate?.freshness.toLowerCase() ?? "";
      text.id = `details-${index}`;
      button.setAttribute("aria-describedby", text.id);
      if (isWaiting) {
        // No figure stands in the page before the service has sent one, visible or not.
        nodes.forEach(blank);
      }
      button.replaceChildren(...nodes.flatMap((node) => [node, " "]));
      text.textContent = this.#hasData && !isWaiting ? details(pair, rate, hub.state, options).join("\n") : "";
      this.#flash(button, pair, rate, options.form);
      return item;
    });
    const terms = isWaiting ? placeholderTerms(rows.map(([pair]) => pair), this.#locale) : attributions(rows.map(([, rate]) => rate), hub.state, this.#locale);
    this.#replaceItems([...items, ...(terms.length ? [make("li", { part: "item" }, ...terms)] : [])]);
    this.#roving.refresh();
  }

  /** Says that there is no data, where the service has not answered since the page was loaded. */
  #renderFailure(rows: [string, Rate | undefined][], hub: Hub): void {
    if (!this.#hasData && hub.hasFailed) {
      const words = make("span", { class: "unknown" }, rows.length ? "" : `${DASH} `, translate(this.#locale, "no_data"));
      // It comes first, where a narrow strip shows it.
      this.#list.prepend(make("li", { part: "item" }, make("span", { class: "item" }, words)));
    }
  }

  /** Orders the items without detaching those that stay: a detached item loses the focus. */
  #replaceItems(items: Element[]): void {
    [...this.#list.children].filter((item) => !items.includes(item)).forEach((item) => item.remove());
    items.forEach((item, index) => {
      if (this.#list.children[index] !== item) {
        this.#list.insertBefore(item, this.#list.children[index] ?? null);
      }
    });
  }

  #createItem(pair: string, href: string | null): HTMLLIElement {
    const attributes = { class: "item", part: "rate" };
    const button = href === null ? make("button", { ...attributes, type: "button" }) : make("a", { ...attributes, href });
    const text = make("span", { class: "details" });
    text.hidden = true;
    return make("li", { "data-pair": pair }, button, text);
  }

  /** Highlights an item whose value changed, as the value that is shown moved: the local form may show the inverse of it. */
  #flash(button: HTMLElement, pair: string, rate: Rate | undefined, form: string): void {
    const before = this.#shownValues.get(pair);
    button.classList.remove("rose", "fell");
    if (before !== undefined && rate && before !== rate.value && !reducedMotion.matches) {
      const [now, then] = [parseDecimal(rate.value), parseDecimal(before)];
      const isLower = now && then && minus(now, then).units < 0n;
      const isInverse = !pair.startsWith(entryOf(rate, form, "previous")?.base ?? "");
      button.classList.add(isLower === !isInverse ? "fell" : "rose");
    }
  }

  #dispatchChanges(rows: [string, Rate | undefined][], hub: Hub): void {
    for (const [pair, rate] of rows) {
      const previousValue = this.#shownValues.get(pair);
      if (!rate) {
        this.#shownValues.delete(pair);
        continue;
      }
      const { value } = rate;
      this.#shownValues.set(pair, value);
      if (previousValue !== undefined && previousValue !== value) {
        const detail: RateChange = { pair, value, previousValue, rate, position: hub.state.position };
        this.dispatchEvent(new CustomEvent("ratechange", { detail, bubbles: true, composed: true }));
      }
    }
  }

  /** The pause button and the offline sign. */
  #renderControls(): void {
    const label = translate(this.#locale, this.#paused ? "play" : "pause");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("viewBox", "0 0 12 12");
    shape.setAttribute("aria-hidden", "true");
    path.setAttribute("d", this.#paused ? PLAY : PAUSE);
    shape.append(path);
    this.#button.replaceChildren(shape);
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#base.querySelector(".offline")?.remove();
    if (this.#hub?.offline) {
      const words = translate(this.#locale, "offline");
      const sign = make("span", { class: "offline", part: "offline", role: "img", "aria-label": words, title: words }, "⚠\uFE0E");
      this.#base.append(sign);
    }
  }

  /** Chooses the layout: a marquee, or a static list where `direction`, `speed` or reduced motion ask for it. */
  readonly #layOut = (): void => {
    const { direction, speed = SPEED, change } = this.#settings ?? settingsOf(this);
    const moves = direction !== "static" && speed > 0 && !reducedMotion.matches;
    const axis: MarqueeDirection = direction === "right" || direction === "vertical" ? direction : "left";
    const standing = direction === "vertical" ? "still column" : "still";
    const wide = /^(both|absolute)$/.test(change) ? " wide" : "";
    this.#base.className = `base ${moves ? `marquee ${axis}` : standing}${wide}`;
    // Without data nothing moves: there is nothing to read.
    this.#marquee.set(moves && this.#hasData ? axis : undefined, speed);
    this.#updateMotion();
  };

  #updateMotion(): void {
    this.#marquee.run(!this.#paused && !this.#hovered && !this.#focused);
  }

  #addListeners(): void {
    this.#button.addEventListener("click", () => {
      this.#paused = !this.#paused;
      if (!this.#paused) {
        // Play starts at once, although the pointer and the focus are still on the button.
        this.#hovered = this.#focused = false;
        this.#render();
      }
      this.#renderControls();
      this.#updateMotion();
    });
    this.#base.addEventListener("pointerenter", (event) => {
      this.#hovered = event.pointerType !== "touch";
      this.#updateMotion();
    });
    this.#base.addEventListener("pointerleave", () => {
      this.#hovered = false;
      this.#updateMotion();
    });
    this.#base.addEventListener("focusin", (event) => {
      this.#focused = true;
      this.#updateMotion();
      if (this.#list.contains(event.target as Node)) {
        this.#marquee.reveal(event.target as HTMLElement);
      }
    });
    this.#base.addEventListener("focusout", (event) => {
      this.#focused = this.#base.contains(event.relatedTarget as Node | null);
      this.#updateMotion();
    });
    this.#track.addEventListener("animationend", (event) => {
      (event.target as HTMLElement).classList.remove("rose", "fell");
    });
  }
}
