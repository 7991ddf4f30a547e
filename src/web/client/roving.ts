// One stop of the keyboard for all entries: the arrow keys move the focus from entry to entry.

/** How far each key moves; the ends of the list are far enough away. */
const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** How far a key moves; nothing for another key, or one that is pressed with a modifier. */
export function stepOf(event: KeyboardEvent): number | undefined {
  return event.altKey || event.ctrlKey || event.metaKey ? undefined : STEPS[event.key];
}

export class Roving {
  readonly #list: HTMLElement;
  #current = 0;

  constructor(list: HTMLElement) {
    this.#list = list;
    list.addEventListener("focusin", (event) => {
      this.#current = Math.max(0, this.#items().indexOf(event.target as HTMLElement));
      this.refresh();
    });
    list.addEventListener("keydown", (event) => {
      const step = stepOf(event);
      const items = this.#items();
      const last = items.length - 1;
      const next = items[Math.min(last, Math.max(0, this.#current + (step ?? 0)))];
      if (step && next) {
        event.preventDefault();
        next.focus({ preventScroll: true });
      }
    });
  }

  /** Makes one entry the stop, after the entries changed. */
  refresh(): void {
    const items = this.#items();
    this.#current = Math.min(this.#current, Math.max(0, items.length - 1));
    items.forEach((item, index) => (item.tabIndex = index === this.#current ? 0 : -1));
  }

  #items(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>("li[data-pair] > .item")];
  }
}
