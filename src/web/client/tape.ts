// The loop: one list and as many copies as fill the room, moved by exactly one list's length, for ever.

/** Where the tape moves. */
export type Way = "left" | "right" | "vertical";

export class Tape {
  #animation: Animation | undefined;
  #length = 0;
  #running = true;
  #speed = 0;
  #way: Way | undefined;

  readonly #viewport: HTMLElement;
  readonly #track: HTMLElement;
  readonly #list: HTMLElement;

  constructor(viewport: HTMLElement, track: HTMLElement, list: HTMLElement) {
    this.#viewport = viewport;
    this.#track = track;
    this.#list = list;
    // Bringing a focus into sight is `reveal`'s: a browser that scrolls the room would push the loop out of it.
    viewport.addEventListener("scroll", () => viewport.scrollTo(0, 0));
    new ResizeObserver(() => this.#fit()).observe(viewport);
    new ResizeObserver(() => this.#fit()).observe(list);
  }

  /** Moves so, at so many pixels a second; without a way or a speed it stands, and there are no copies. */
  set(way: Way | undefined, speed: number): void {
    if (way !== this.#way || speed !== this.#speed) {
      this.#way = speed > 0 ? way : undefined;
      this.#speed = speed;
      this.#length = 0;
      this.#fit();
    }
  }

  /** The list says something else: so must its copies. */
  refresh(): void {
    const count = this.#track.children.length - 1;
    this.#cut(0);
    this.#fit();
    for (let missing = count + 1 - this.#track.children.length; missing > 0 && this.#way; missing -= 1) {
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

  /** Moves the tape so that a part of the list is in sight: a focus that cannot be seen is lost. */
  reveal(item: HTMLElement): void {
    if (!this.#animation || !this.#length) {
      return;
    }
    this.#viewport.scrollTo(0, 0);
    const vertical = this.#way === "vertical";
    const [room, box] = [this.#viewport.getBoundingClientRect(), item.getBoundingClientRect()];
    const [before, after] = vertical
      ? [box.top - room.top, room.bottom - box.bottom]
      : [box.left - room.left, room.right - box.right];
    if (before >= 0 && after >= 0) {
      return;
    }
    // The item goes to the beginning of the room; further right than the list's end the copies follow.
    const list = this.#list.getBoundingClientRect();
    const place = vertical ? box.top - list.top : box.left - list.left;
    const share = place / this.#length;
    // To the right the way is run from its end; the very end is the beginning again, so it stops a moment before.
    const time = (this.#way === "right" ? 1 - share : share) * this.#duration();
    this.#animation.currentTime = Math.max(0, this.#way === "right" ? time - 1 : time);
  }

  /** As many copies as fill the room wherever the tape stands, and a motion as long as the list. */
  #fit(): void {
    const box = this.#list.getBoundingClientRect();
    const vertical = this.#way === "vertical";
    const length = this.#way ? (vertical ? box.height : box.width) : 0;
    const room = vertical ? this.#viewport.clientHeight : this.#viewport.clientWidth;
    const wanted = length > 0 ? Math.ceil(room / length) : 0;
    this.#cut(wanted);
    for (let missing = wanted + 1 - this.#track.children.length; missing > 0; missing -= 1) {
      this.#track.append(copyOf(this.#list));
    }
    if (length === this.#length) {
      return;
    }
    // A list that changes its length stays where it was, where there still is such a place.
    const time = this.#animation?.currentTime;
    const moved = typeof time === "number" ? ((time / 1000) * this.#speed) % this.#length : 0;
    this.#animation?.cancel();
    this.#animation = undefined;
    this.#length = length;
    if (length > 0) {
      const away = vertical ? `translateY(${-length}px)` : `translateX(${-length}px)`;
      const transform = this.#way === "right" ? [away, "none"] : ["none", away];
      this.#animation = this.#track.animate({ transform }, { duration: this.#duration(), iterations: Infinity });
      this.#animation.currentTime = moved < length ? (moved / this.#speed) * 1000 : 0;
      this.run(this.#running);
    }
  }

  /** Leaves so many copies at most. */
  #cut(most: number): void {
    [...this.#track.children].slice(most + 1).forEach((copy) => copy.remove());
  }

  /** Milliseconds for one list's length. */
  #duration(): number {
    return (this.#length / this.#speed) * 1000;
  }
}

/** A copy is for the eye alone: it is hidden from assistive technology, and nothing in it can be focused. */
function copyOf(list: HTMLElement): HTMLElement {
  const copy = list.cloneNode(true) as HTMLElement;
  copy.inert = true;
  copy.setAttribute("aria-hidden", "true");
  copy.querySelectorAll(".details").forEach((details) => details.remove());
  copy.querySelectorAll("[aria-describedby]").forEach((item) => item.removeAttribute("aria-describedby"));
  return copy;
}
