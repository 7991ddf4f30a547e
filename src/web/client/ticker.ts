// What a page loads: the element, defined once, however often the script is there.

import { SilkTicker } from "./element";

if (!customElements.get("silk-ticker")) {
  customElements.define("silk-ticker", SilkTicker);
}
