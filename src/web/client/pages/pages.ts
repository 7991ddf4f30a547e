// The script of the pages. The server writes every figure and every word; where rates change, the page is requested again
// and the parts that differ are replaced. The ticker comes from ticker.js, as on any other site, and tells of changes.

import type { Hub, Subscriber } from "../hub";
import type { SilkTicker } from "../element";
import { appearance } from "./appearance";
import { builder } from "./builder";
import { converter } from "./converter";
import { update } from "./update";

/** Milliseconds between two requests for the page: changes of several rates in a row need one. */
const UPDATE_INTERVAL = 1_000;

document.documentElement.dataset["script"] = "";
appearance();

/** Requests the page again when the hub has newer rates than it. */
function follow(hub: Hub, pairs: readonly string[]): void {
  let shown = document.querySelector("[data-position]")?.getAttribute("data-position");
  let timer = 0;
  const subscriber: Subscriber = {
    pairs,
    changed() {
      const { position } = hub.state;
      const newest = position && `${position.epoch}:${position.revision}`;
      if (newest && newest !== shown && !timer) {
        timer = window.setTimeout(() => {
          timer = 0;
          void update(location.href).then((position) => {
            shown = position ?? shown;
            convert();
          });
        }, UPDATE_INTERVAL);
      }
    },
  };
  hub.add(subscriber);
}

const quote = document.querySelector<HTMLSelectElement>("#quote");
quote?.addEventListener("change", () => quote.form?.requestSubmit());
const convert = converter();

void customElements.whenDefined("silk-ticker").then((element) => {
  const base = new URL(".", location.href).href;
  const pairs = document.querySelector<HTMLElement>("#content")?.dataset["pairs"] ?? "";
  if (pairs) {
    follow((element as typeof SilkTicker).hubOf(base), pairs.split(","));
  }
  void builder(base);
});
