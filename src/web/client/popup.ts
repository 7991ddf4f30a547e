// The box of a tooltip: open or closed, and never cut by the edge of the window. Assistive technology reads its text in the
// element that has the tooltip, so the box is hidden from it.

import { make } from "./view";

/** Pixels between a box and the entry that it describes, and between the box and the edge of the window. */
export const GAP = 6;

export class Popup {
  readonly box = make("div", { class: "tooltip", part: "tooltip", "aria-hidden": "true" });
  readonly #closed: () => void;
  /** In the top layer nothing on the page covers or clips it. Browsers without popovers use `position: fixed`. */
  readonly #isPopover = "popover" in this.box;

  /** `closed` is called when the box closes. */
  constructor(closed: () => void = () => undefined) {
    this.#closed = closed;
    if (this.#isPopover) {
      this.box.popover = "manual";
    }
  }

  /** Opens the box with some lines. `place` chooses its left and upper edge, before both are moved into the window. */
  open(lines: readonly string[], place: (width: number, height: number) => [left: number, top: number]): void {
    this.box.replaceChildren(...lines.map((line) => make("div", {}, line)));
    this.box.classList.add("open");
    if (this.#isPopover && !this.box.matches(":popover-open")) {
      this.box.showPopover();
    }
    const { width, height } = this.box.getBoundingClientRect();
    const [left, top] = place(width, height);
    const inside = (at: number, length: number, window: number): string => `${Math.max(GAP, Math.min(at, window - length - GAP))}px`;
    this.box.style.left = inside(left, width, innerWidth);
    this.box.style.top = inside(top, height, innerHeight);
    addEventListener("keydown", this.#closeOnEscape, true);
    addEventListener("scroll", this.close, true);
  }

  readonly close = (): void => {
    removeEventListener("keydown", this.#closeOnEscape, true);
    removeEventListener("scroll", this.close, true);
    this.box.classList.remove("open");
    if (this.#isPopover && this.box.matches(":popover-open")) {
      this.box.hidePopover();
    }
    this.#closed();
  };

  readonly #closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      this.close();
    }
  };
}
