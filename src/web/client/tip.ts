// What hover and focus tell of a pair. The same words describe the item to assistive technology, so the box itself is
// for the eye alone.

import { make } from "./view";

/** The pointer may cross the gap between an item and its box; so long the box waits for it. */
const LEAVE_DELAY = 200;
/** Pixels between an item and its box, and between the box and the edge of the window. */
const GAP = 6;

export class Tip {
  readonly box = make("div", { class: "tip", part: "tooltip", "aria-hidden": "true" });
  readonly #viewport: HTMLElement;
  #leaving = 0;

  constructor(viewport: HTMLElement) {
    this.#viewport = viewport;
    // In the top layer nothing on the page covers it or cuts it off; where there is none, `fixed` is nearly as good.
    if ("popover" in this.box) {
      this.box.popover = "manual";
    }
    viewport.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") {
        this.#over(event.clientX, event.clientY);
      }
    });
    viewport.addEventListener("pointerleave", () => this.#leave());
    this.box.addEventListener("pointerenter", () => clearTimeout(this.#leaving));
    this.box.addEventListener("pointerleave", () => this.#leave());
    viewport.addEventListener("focusin", (event) => this.#open(event.target as HTMLElement));
    viewport.addEventListener("focusout", () => this.close());
    viewport.addEventListener("click", (event) => {
      // A finger has no hover, and some browsers focus no button that is pressed.
      const item = (event.target as HTMLElement).closest<HTMLElement>(".item");
      if (item) {
        this.#open(item);
      }
    });
  }

  close(): void {
    clearTimeout(this.#leaving);
    removeEventListener("keydown", this.#escape, true);
    removeEventListener("scroll", this.#scrolled, true);
    this.box.classList.remove("open");
    if (this.box.matches(":popover-open")) {
      this.box.hidePopover();
    }
  }

  readonly #escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      this.close();
    }
  };

  readonly #scrolled = (): void => this.close();

  #leave(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.close(), LEAVE_DELAY);
  }

  /** Copies of the loop are inert and get no events: what lies under the pointer is found by its place. */
  #over(x: number, y: number): void {
    const items = [...this.#viewport.querySelectorAll<HTMLElement>(".item")];
    const under = items.find((item) => {
      const box = item.getBoundingClientRect();
      return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    });
    if (under) {
      this.#open(under);
    } else {
      this.#leave();
    }
  }

  #open(item: HTMLElement): void {
    const pair = item.parentElement?.getAttribute("data-pair");
    const own = pair && this.#viewport.querySelector(`li[data-pair="${pair}"] .details`);
    if (!own || !own.textContent) {
      return;
    }
    clearTimeout(this.#leaving);
    this.box.replaceChildren(...own.textContent.split("\n").map((line) => make("div", {}, line)));
    this.box.classList.add("open");
    if ("popover" in this.box && !this.box.matches(":popover-open")) {
      this.box.showPopover();
    }
    this.#place(item.getBoundingClientRect());
    addEventListener("keydown", this.#escape, true);
    addEventListener("scroll", this.#scrolled, true);
  }

  /** Below the item, or above it where there is no room; inside the window. */
  #place(item: DOMRect): void {
    const { style } = this.box;
    const { width, height } = this.box.getBoundingClientRect();
    const below = item.bottom + GAP;
    const top = below + height > innerHeight ? Math.max(GAP, item.top - GAP - height) : below;
    style.left = `${Math.max(GAP, Math.min(item.left, innerWidth - width - GAP))}px`;
    style.top = `${top}px`;
  }
}
