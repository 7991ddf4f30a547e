// `<silk-ticker>` and `<silk-chart>` in JSX of Preact: import type {} from "silkrate-ticker/preact";
import type { HTMLAttributes } from "preact";
import type { SilkChart, SilkChartAttributes } from "./chart.js";
import type { RateChange, SilkTicker, SilkTickerAttributes } from "./index.js";

declare module "preact" {
  namespace JSX {
    interface IntrinsicElements {
      "silk-ticker": HTMLAttributes<SilkTicker> &
        SilkTickerAttributes & { onratechange?: (event: CustomEvent<RateChange>) => void };
      "silk-chart": HTMLAttributes<SilkChart> & SilkChartAttributes;
    }
  }
}
