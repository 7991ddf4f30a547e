// The entry point of the script. It defines the element once, even if the page includes the script several times.

import { SilkTicker } from "./element";

if (!customElements.get("silk-ticker")) {
  customElements.define("silk-ticker", SilkTicker);
}
