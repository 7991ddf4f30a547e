// The tooltip that hover, focus and touch open. The same text describes the item to assistive technology through
// aria-describedby, so the tooltip itself is hidden from it.

import { make } from "./view";

/** Milliseconds before the tooltip closes after the pointer left: time to cross the gap between item and tooltip. */
const LEAVE_DELAY = 200;
/** Pixels between an item and its tooltip, and between the tooltip and the edge of the window. */
const GAP = 6;

export class Tooltip {
  readonly box = make("div", { class: "tooltip", part: "tooltip", "aria-hidden": "true" });
  readonly #viewport: HTMLElement;
  #closeTimer = 0;

  constructor(viewport: HTMLElement) {
    this.#viewport = viewport;
    // In the top layer nothing on the page covers or clips it. Browsers without popovers use `position: fixed`.
    if ("popover" in this.box) {
      this.box.popover = "manual";
    }
    viewport.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") {
        this.#openAt(event.clientX, event.clientY);
      }
    });
    viewport.addEventListener("pointerleave", () => this.#closeSoon());
    this.box.addEventListener("pointerenter", () => clearTimeout(this.#closeTimer));
    this.box.addEventListener("pointerleave", () => this.#closeSoon());
    viewport.addEventListener("focusin", (event) => this.#open(event.target as HTMLElement));
    viewport.addEventListener("focusout", () => this.close());
    viewport.addEventListener("click", (event) => {
      // Touch has no hover, and some browsers do not focus a pressed button.
      const item = (event.target as HTMLElement).closest<HTMLElement>(".item");
      if (item) {
        this.#open(item);
      }
    });
  }

  close(): void {
    clearTimeout(this.#closeTimer);
    removeEventListener("keydown", this.#closeOnEscape, true);
    removeEventListener("scroll", this.#closeOnScroll, true);
    this.box.classList.remove("open");
    if (this.box.matches(":popover-open")) {
      this.box.hidePopover();
    }
  }

  readonly #closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      this.close();
    }
  };

  readonly #closeOnScroll = (): void => this.close();

  #closeSoon(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => this.close(), LEAVE_DELAY);
  }

  /** Opens for the item under the pointer. Copies of the list are inert and get no events, so items are found by position. */
  #openAt(x: number, y: number): void {
    const items = [...this.#viewport.querySelectorAll<HTMLElement>(".item")];
    const under = items.find((item) => {
      const box = item.getBoundingClientRect();
      return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    });
    if (under) {
      this.#open(under);
    } else {
      this.#closeSoon();
    }
  }

  #open(item: HTMLElement): void {
    // A copy of the list has no details: those of the pair are in the list itself.
    const pair = item.parentElement?.getAttribute("data-pair");
    const items = [...this.#viewport.querySelectorAll("li[data-pair]")];
    const details = items.find((one) => one.getAttribute("data-pair") === pair)?.querySelector(".details");
    if (!details || !details.textContent) {
      return;
    }
    clearTimeout(this.#closeTimer);
    this.box.replaceChildren(...details.textContent.split("\n").map((line) => make("div", {}, line)));
    this.box.classList.add("open");
    if ("popover" in this.box && !this.box.matches(":popover-open")) {
      this.box.showPopover();
    }
    this.#place(item.getBoundingClientRect());
    addEventListener("keydown", this.#closeOnEscape, true);
    addEventListener("scroll", this.#closeOnScroll, true);
  }

  /** Places the tooltip below the item, or above it where the window ends, and inside the window. */
  #place(item: DOMRect): void {
    const { style } = this.box;
    const { width, height } = this.box.getBoundingClientRect();
    const below = item.bottom + GAP;
    const top = below + height > innerHeight ? Math.max(GAP, item.top - GAP - height) : below;
    style.left = `${Math.max(GAP, Math.min(item.left, innerWidth - width - GAP))}px`;
    style.top = `${top}px`;
  }
}
