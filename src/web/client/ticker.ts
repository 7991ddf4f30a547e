// The entry point of the script. It defines the element once, even if the page includes the script several times. On a
// server there are no elements to define.

import { SHARED } from "./build";
import { SilkTicker } from "./element";
import * as shared from "./shared";

/** Whether this is the npm package, whose modules a bundler shares. */
declare const FROM_PACKAGE: boolean;

if (globalThis.customElements && !customElements.get("silk-ticker")) {
  customElements.define("silk-ticker", SilkTicker);
}
if (!FROM_PACKAGE) {
  (globalThis as Record<symbol, unknown>)[SHARED] ??= shared;
}
