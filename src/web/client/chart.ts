// The entry point of /chart.js. The element is an addition to the ticker's script and starts once that is there; on a server
// there are no elements to define.

import { SCRIPT_BASE } from "./address";
import { define } from "./chart/define";
import { tickerScript } from "./chart/prerequisite";

if (globalThis.customElements && !customElements.get("silk-chart")) {
  void tickerScript(SCRIPT_BASE).then((isThere) => isThere && define(SCRIPT_BASE));
}
