// The entry point of the script. It defines the element once, even if the page includes the script several times. On a
// server there are no elements to define.

import { SilkTicker } from "./element";

if (globalThis.customElements && !customElements.get("silk-ticker")) {
  customElements.define("silk-ticker", SilkTicker);
}
