// The script of the page at the root of the service: the table of rates and the builder. The element comes from
// ticker.js, as on any other site; the table shares its connection.

import type { SilkTicker } from "../element";
import { builder } from "./builder";
import { table } from "./table";

const select = document.querySelector<HTMLSelectElement>("#appearance");
select?.addEventListener("change", () => {
  document.documentElement.dataset["appearance"] = select.value;
});

void customElements.whenDefined("silk-ticker").then((element) => {
  const base = new URL(".", location.href).href;
  table((element as typeof SilkTicker).hubOf(base), base);
  void builder(base);
});
