// `<silk-ticker>` and `<silk-chart>` in templates of Svelte 5: import type {} from "silkrate-ticker/svelte";
import type { HTMLAttributes } from "svelte/elements";
import type { SilkChart, SilkChartAttributes } from "./chart.js";
import type { RateChange, SilkTicker, SilkTickerAttributes } from "./index.js";

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "silk-ticker": Omit<HTMLAttributes<SilkTicker>, "onratechange"> &
      SilkTickerAttributes & { onratechange?: (event: CustomEvent<RateChange>) => void };
    "silk-chart": HTMLAttributes<SilkChart> & SilkChartAttributes;
  }
}
