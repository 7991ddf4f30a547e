// The boxes of the chart, which pages style by their parts.

import { make } from "../view";

/** A box that is a part with the name of its class. */
export function box(name: string, attributes: Record<string, string> = {}, ...children: Node[]): HTMLDivElement {
  return make("div", { class: name, part: name, ...attributes }, ...children);
}
