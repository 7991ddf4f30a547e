// <silk-ticker>: official currency rates on a page, live. Attributes: pairs, endpoint, locale, theme, direction, speed,
// change, window, density; all may change at any time.

import type { Position, Rate } from "./contract";
import { hubOf } from "./hub";
import type { Hub, Reader, Start } from "./hub";
import type { Locale } from "./locale";
import { localeOf, say } from "./locale";
import { wholeNumber } from "./measure";
import { CSS } from "./style";
import { Tape } from "./tape";
import type { Way } from "./tape";
import { Tip } from "./tip";
import { attributions, content, details, make } from "./view";
import type { Shown } from "./view";

/** Pixels a second: a line of five pairs passes in about fifteen seconds, which reads easily. */
const SPEED = 50;
/** The contract takes no more items; a longer list would be refused as a whole. */
const PAIRS_MAX = 256;
const PAUSE = "M1 0h4v12H1zM7 0h4v12H7z";
const PLAY = "M2 0l9 6-9 6z";

/** Where the script came from: the service, unless a page says otherwise. */
const HOME = new URL(".", (document.currentScript as HTMLScriptElement | null)?.src || location.href).href;
const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** What a `ratechange` event tells. */
export interface RateChange {
  pair: string;
  value: string;
  previousValue: string;
  rate: Rate;
  position: Position | undefined;
}

export class SilkTicker extends HTMLElement implements Reader {
  static readonly observedAttributes = "pairs endpoint locale theme direction speed change window density lang".split(" ");

  /** The hub of an address: for a page that shows more of the rates than the element does, over one connection. */
  static readonly hubOf = hubOf;

  pairs: readonly string[] = [];
  #hub: Hub | undefined;
  #locale: Locale = localeOf("en");
  readonly #list = make("ul", { role: "list", part: "list" });
  readonly #track = make("div", { class: "track", part: "track" }, this.#list);
  readonly #viewport = make("div", { class: "viewport", part: "viewport" }, this.#track);
  readonly #button = make("button", { class: "pause", part: "pause", type: "button" });
  readonly #base = make("div", { class: "base", part: "base", role: "group" }, this.#viewport, this.#button);
  readonly #tape = new Tape(this.#viewport, this.#track, this.#list);
  readonly #tip = new Tip(this.#viewport);
  /** The value last shown of each pair: what a change is told by. */
  readonly #shownValues = new Map<string, string>();
  #paused = false;
  #hovered = false;
  #focused = false;
  #queued = false;
  #heard = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    // What the server wrote into the page stands until we know more.
    root.append(this.children.length ? make("slot", {}) : this.#base, this.#tip.box);
    this.#listen();
  }

  connectedCallback(): void {
    still.addEventListener("change", this.#lay);
    this.#subscribe();
    this.#render();
  }

  disconnectedCallback(): void {
    still.removeEventListener("change", this.#lay);
    this.#hub?.remove(this);
    this.#hub = undefined;
    this.#tip.close();
  }

  attributeChangedCallback(name: string): void {
    if (!this.#hub) {
      return;
    }
    if (name === "pairs" || name === "endpoint") {
      this.#subscribe();
    }
    this.changed();
  }

  /** The hub has news: shown at the end of the task, however many messages came, unless a reader has paused. */
  changed(): void {
    if (this.#queued) {
      return;
    }
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.#hub && !(this.#paused && this.#heard)) {
        this.#render();
      }
    });
  }

  #subscribe(): void {
    const text = this.getAttribute("pairs") ?? "";
    this.pairs = [...new Set(text.toUpperCase().split(/[\s,]+/))].filter(Boolean).slice(0, PAIRS_MAX);
    const endpoint = this.getAttribute("endpoint");
    const hub = hubOf(endpoint ? new URL(endpoint.replace(/\/?$/, "/"), location.href).href : HOME);
    if (hub !== this.#hub) {
      this.#hub?.remove(this);
      this.#shownValues.clear();
    }
    this.#hub = hub;
    hub.add(this, this.#start());
  }

  /** What the server wrote into the page, as data: the stream goes on from its position. */
  #start(): Start | undefined {
    const text = this.getAttribute("data-state");
    if (this.#heard || !text) {
      return undefined;
    }
    try {
      return JSON.parse(text) as Start;
    } catch {
      // A page that was cut on its way: as if it had brought nothing.
      return undefined;
    }
  }

  #render(): void {
    const hub = this.#hub;
    if (!hub) {
      return;
    }
    const { state } = hub;
    const known = state.position !== undefined || state.rates.size > 0;
    if (known && !this.#heard) {
      this.#heard = true;
      this.shadowRoot?.querySelector("slot")?.replaceWith(this.#base);
    }
    this.#locale = localeOf(this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || "en");
    this.#base.lang = this.#locale.tag;
    this.#base.setAttribute("aria-label", say(this.#locale, "rates"));
    const rows = state.select(this.pairs.length ? this.pairs : hub.defaults);
    this.#rows(rows, hub);
    this.#control();
    this.#lay();
    this.#tape.refresh();
    this.#tell(rows, hub);
  }

  #rows(rows: [string, Rate | undefined][], hub: Hub): void {
    const shown: Shown = {
      locale: this.#locale,
      change: this.getAttribute("change") ?? "percent",
      window: this.getAttribute("window") ?? "previous",
    };
    const old = new Map([...this.#list.children].map((item) => [item.getAttribute("data-pair"), item]));
    const items = rows.map(([pair, rate], index) => {
      const nodes = content(pair, rate, hub.state, shown);
      // Before the first message a dash would say that nobody quotes the pair; nothing is said instead.
      const inside = this.#heard ? nodes : nodes.slice(0, 1);
      const item = (old.get(pair) as HTMLLIElement | undefined) ?? this.#item(pair);
      const [button, text] = item.children as unknown as [HTMLElement, HTMLElement];
      item.setAttribute("part", "item");
      item.className = rate?.freshness.toLowerCase() ?? "";
      text.id = `details-${index}`;
      button.setAttribute("aria-describedby", text.id);
      button.replaceChildren(...inside.flatMap((node) => [node, " "]));
      text.textContent = this.#heard ? details(pair, rate, hub.state, shown).join("\n") : "";
      this.#flash(button, pair, rate);
      return item;
    });
    const terms = attributions(rows.map(([, rate]) => rate), hub.state, this.#locale);
    this.#replace([...items, ...(terms.length ? [make("li", { part: "item" }, ...terms)] : [])]);
  }

  /** Puts the items in order without taking one away that stays: a focus would be lost. */
  #replace(items: Element[]): void {
    [...this.#list.children].filter((item) => !items.includes(item)).forEach((item) => item.remove());
    items.forEach((item, index) => {
      if (this.#list.children[index] !== item) {
        this.#list.insertBefore(item, this.#list.children[index] ?? null);
      }
    });
  }

  #item(pair: string): HTMLLIElement {
    const button = make("button", { class: "item", part: "rate", type: "button" });
    const text = make("span", { class: "details" });
    text.hidden = true;
    return make("li", { "data-pair": pair }, button, text);
  }

  /** A flash tells that the value moved, and nothing else does flash. */
  #flash(button: HTMLElement, pair: string, rate: Rate | undefined): void {
    const before = this.#shownValues.get(pair);
    button.classList.remove("rose", "fell");
    if (before !== undefined && rate && before !== rate.value && !still.matches) {
      button.classList.add(rate.change?.direction === "DOWN" ? "fell" : "rose");
    }
  }

  #tell(rows: [string, Rate | undefined][], hub: Hub): void {
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

  /** The pause button, and whether we hear from the server. */
  #control(): void {
    const label = say(this.#locale, this.#paused ? "play" : "pause");
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
      const words = say(this.#locale, "offline");
      const sign = make("span", { class: "offline", part: "offline", role: "img", "aria-label": words, title: words }, "⚠\uFE0E");
      this.#base.insertBefore(sign, this.#button);
    }
  }

  /** Which of the shapes: a tape, or a list that stands. Who asked for less motion gets the list. */
  readonly #lay = (): void => {
    const direction = this.getAttribute("direction") ?? "left";
    const speed = wholeNumber(this.getAttribute("speed")) ?? SPEED;
    const moves = direction !== "static" && speed > 0 && !still.matches;
    const way: Way = direction === "right" || direction === "vertical" ? direction : "left";
    const standing = direction === "vertical" ? "still column" : "still";
    const wide = /^(both|absolute)$/.test(this.getAttribute("change") ?? "") ? " wide" : "";
    this.#base.className = `base ${moves ? `tape ${way}` : standing}${wide}`;
    this.#tape.set(moves ? way : undefined, speed);
    this.#move();
  };

  #move(): void {
    this.#tape.run(!this.#paused && !this.#hovered && !this.#focused);
  }

  #listen(): void {
    this.#button.addEventListener("click", () => {
      this.#paused = !this.#paused;
      if (!this.#paused) {
        // Play means now, though the pointer and the focus are still here.
        this.#hovered = this.#focused = false;
        this.#render();
      }
      this.#control();
      this.#move();
    });
    this.#base.addEventListener("pointerenter", (event) => {
      this.#hovered = event.pointerType !== "touch";
      this.#move();
    });
    this.#base.addEventListener("pointerleave", () => {
      this.#hovered = false;
      this.#move();
    });
    this.#base.addEventListener("focusin", (event) => {
      this.#focused = true;
      this.#move();
      if (this.#list.contains(event.target as Node)) {
        this.#tape.reveal(event.target as HTMLElement);
      }
    });
    this.#base.addEventListener("focusout", (event) => {
      this.#focused = this.#base.contains(event.relatedTarget as Node | null);
      this.#move();
    });
    this.#track.addEventListener("animationend", (event) => {
      (event.target as HTMLElement).classList.remove("rose", "fell");
    });
  }
}
