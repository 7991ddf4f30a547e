// The tooltip that hover, focus and touch open. The same text describes the item to assistive technology through
// aria-describedby.

import { GAP, Popup } from "./popup";

/** Milliseconds before the tooltip closes after the pointer left: time to cross the gap between item and tooltip. */
const LEAVE_DELAY = 200;

export class Tooltip {
  readonly #popup = new Popup(() => clearTimeout(this.#closeTimer));
  readonly box = this.#popup.box;
  readonly #viewport: HTMLElement;
  #closeTimer = 0;

  constructor(viewport: HTMLElement) {
    this.#viewport = viewport;
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
    this.#popup.close();
  }

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
    const { left, top, bottom } = item.getBoundingClientRect();
    // Below the item, or above it where the window ends.
    this.#popup.open(details.textContent.split("\n"), (_width, height) => {
      const below = bottom + GAP;
      return [left, below + height > innerHeight ? top - GAP - height : below];
    });
  }
}
