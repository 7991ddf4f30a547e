// Defines the element, once, even if the page includes the script several times.

import { SilkChart } from "./element";

/** Defines the element. `base` is the folder that the script was loaded from, if that leads to a service. */
export function define(base: string | undefined): void {
  if (globalThis.customElements && !customElements.get("silk-chart")) {
    SilkChart.base = base;
    customElements.define("silk-chart", SilkChart);
  }
}
