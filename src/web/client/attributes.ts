// The attributes of the ticker. Each one is a property of the same name too: a framework may set either.

import { check, choose, writingOf } from "./check";
import type { Writing } from "./check";
import { linkOf } from "./link";
import { wholeNumber } from "./measure";

/** Every attribute of the ticker. */
export const ATTRIBUTES = [
  "pairs", "endpoint", "locale", "theme", "direction", "speed", "change", "window", "density", "digits", "form", "labels", "link",
  "announced",
] as const;

/** The attributes in a form to work with; a wrong value counts as none. */
export interface Settings extends Writing {
  direction: string;
  /** Pixels per second; undefined for the usual speed. */
  speed: number | undefined;
  change: string;
  window: string;
  announced: string;
}

/** Reads the attributes. A wrong value is reported in the console; the hub reports a wrong pair. */
export function settingsOf(element: HTMLElement): Settings {
  const [pace, link] = [element.getAttribute("speed"), element.getAttribute("link")];
  const speed = wholeNumber(pace);
  check(element, "speed", speed !== undefined || !pace, "pixels per second, 0 to 9999");
  check(element, "link", !link || linkOf(link, "KZT/USD") !== null, "a path, or an address that begins with http or https");
  choose(element, "density", "regular", "compact");
  return {
    ...writingOf(element),
    direction: choose(element, "direction", "left", "right", "vertical", "static"),
    speed,
    change: choose(element, "change", "percent", "absolute", "both", "none"),
    window: choose(element, "window", "previous", "week", "month", "year"),
    announced: choose(element, "announced", "tag", "row", "off"),
  };
}

/** The most pairs in a filter: the service refuses a longer list as a whole. */
export const PAIRS_MAX = 256;
/** The longest item of `pairs` that is shown, in characters: a wrong value must not fill the page. */
const ITEM_LENGTH_MAX = 16;
const PAIR = /^(?:[A-Z]{3}|\*)\/(?:[A-Z]{3}|\*)$/;

/** Whether the service accepts an item of `pairs`. It would refuse a request with any other item as a whole. */
export function isPair(item: string): boolean {
  return PAIR.test(item);
}

/** The items of `pairs`, in upper case, each once. A blank, a comma or both separate them. */
export function pairsOf(text: string | null): string[] {
  const items = (text ?? "").toUpperCase().split(/[\s,]+/).filter(Boolean);
  return [...new Set(items.map((item) => item.slice(0, ITEM_LENGTH_MAX)))].slice(0, PAIRS_MAX);
}

/** What a property writes into its attribute: a list is joined by commas, and null removes the attribute. */
function attributeText(value: unknown): string | null {
  if (value === null || value === undefined || value === false) {
    return null;
  }
  try {
    return value === true ? "" : String(value);
  } catch {
    // An object without a text form: the page goes on, as if the property had not been set.
    return null;
  }
}

/** Defines a property for each attribute, which reads and writes it. */
export function reflectAttributes(prototype: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: HTMLElement): string {
        return this.getAttribute(name) ?? "";
      },
      set(this: HTMLElement, value: unknown): void {
        const text = attributeText(value);
        if (text === null) {
          this.removeAttribute(name);
        } else if (text !== this.getAttribute(name)) {
          this.setAttribute(name, text);
        }
      },
    });
  }
}

/** Moves the properties that a page set before the script had loaded into the attributes. */
export function adoptProperties(element: HTMLElement, names: readonly string[]): void {
  const own = element as unknown as Record<string, unknown>;
  for (const name of names) {
    if (Object.hasOwn(element, name)) {
      const value = own[name];
      delete own[name];
      own[name] = value;
    }
  }
}
