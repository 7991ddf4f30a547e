// A seamless marquee: the list and enough copies of it to fill the viewport, animated by one list length, endlessly.

/** The direction of the motion. */
export type MarqueeDirection = "left" | "right" | "vertical";

/** The most copies of the list: the shortest entry, repeated, fills a screen of 8 000 pixels. */
const COPIES_MAX = 64;

export class Marquee {
  #animation: Animation | undefined;
  #length = 0;
  #running = true;
  #speed = 0;
  #direction: MarqueeDirection | undefined;

  readonly #viewport: HTMLElement;
  readonly #track: HTMLElement;
  readonly #list: HTMLElement;

  constructor(viewport: HTMLElement, track: HTMLElement, list: HTMLElement) {
    this.#viewport = viewport;
    this.#track = track;
    this.#list = list;
    // `reveal` brings a focused item into view. If the browser scrolled the viewport instead, the loop would leave it.
    viewport.addEventListener("scroll", () => viewport.scrollTo(0, 0));
    new ResizeObserver(() => this.#fit()).observe(viewport);
    new ResizeObserver(() => this.#fit()).observe(list);
  }

  /** Sets the direction and the speed in pixels per second. Without either, the list stands still and has no copies. */
  set(direction: MarqueeDirection | undefined, speed: number): void {
    if (direction !== this.#direction || speed !== this.#speed) {
      this.#direction = speed > 0 ? direction : undefined;
      this.#speed = speed;
      this.#length = 0;
      this.#fit();
    }
  }

  /** Recreates the copies after the content of the list changed. */
  refresh(): void {
    const count = this.#track.children.length - 1;
    this.#trimCopies(0);
    this.#fit();
    for (let missing = count + 1 - this.#track.children.length; missing > 0 && this.#direction; missing -= 1) {
      this.#track.append(copyOf(this.#list));
    }
  }

  run(running: boolean): void {
    this.#running = running;
    if (running) {
      this.#animation?.play();
    } else {
      this.#animation?.pause();
    }
  }

  /** Moves the marquee so that an item of the list is visible: keyboard users must see the focused item. */
  reveal(item: HTMLElement): void {
    if (!this.#animation || !this.#length) {
      return;
    }
    this.#viewport.scrollTo(0, 0);
    const vertical = this.#direction === "vertical";
    const [view, box] = [this.#viewport.getBoundingClientRect(), item.getBoundingClientRect()];
    const [before, after] = vertical
      ? [box.top - view.top, view.bottom - box.bottom]
      : [box.left - view.left, view.right - box.right];
    if (before >= 0 && after >= 0) {
      return;
    }
    // The item moves to the start of the viewport; copies follow after the end of the list.
    const list = this.#list.getBoundingClientRect();
    const place = vertical ? box.top - list.top : box.left - list.left;
    const share = place / this.#length;
    // Motion to the right plays from the end. The last instant equals the first, so stop one millisecond before it.
    const time = (this.#direction === "right" ? 1 - share : share) * this.#duration();
    this.#animation.currentTime = Math.max(0, this.#direction === "right" ? time - 1 : time);
  }

  /** Creates the copies that fill the viewport at every offset, and an animation of one list length. */
  #fit(): void {
    const box = this.#list.getBoundingClientRect();
    const vertical = this.#direction === "vertical";
    const length = this.#direction ? (vertical ? box.height : box.width) : 0;
    const available = vertical ? this.#viewport.clientHeight : this.#viewport.clientWidth;
    const wanted = length > 0 ? Math.min(COPIES_MAX, Math.ceil(available / length)) : 0;
    this.#trimCopies(wanted);
    for (let missing = wanted + 1 - this.#track.children.length; missing > 0; missing -= 1) {
      this.#track.append(copyOf(this.#list));
    }
    if (length === this.#length) {
      return;
    }
    // When the length of the list changes, keep the current offset if the new list is long enough.
    const time = this.#animation?.currentTime;
    const moved = typeof time === "number" ? ((time / 1000) * this.#speed) % this.#length : 0;
    this.#animation?.cancel();
    this.#animation = undefined;
    this.#length = length;
    if (length > 0) {
      const away = vertical ? `translateY(${-length}px)` : `translateX(${-length}px)`;
      const transform = this.#direction === "right" ? [away, "none"] : ["none", away];
      this.#animation = this.#track.animate({ transform }, { duration: this.#duration(), iterations: Infinity });
      this.#animation.currentTime = moved < length ? (moved / this.#speed) * 1000 : 0;
      this.run(this.#running);
    }
  }

  /** Removes copies beyond a number. */
  #trimCopies(count: number): void {
    [...this.#track.children].slice(count + 1).forEach((copy) => copy.remove());
  }

  /** Milliseconds for one list length. */
  #duration(): number {
    return (this.#length / this.#speed) * 1000;
  }
}

/** A copy is purely visual: assistive technology ignores it, and nothing in it can receive focus. */
function copyOf(list: HTMLElement): HTMLElement {
  const copy = list.cloneNode(true) as HTMLElement;
  copy.inert = true;
  copy.setAttribute("aria-hidden", "true");
  copy.querySelectorAll(".details").forEach((details) => details.remove());
  copy.querySelectorAll("[aria-describedby]").forEach((item) => item.removeAttribute("aria-describedby"));
  return copy;
}
