// `<silk-ticker>` and `<silk-chart>` in JSX of React 19: import type {} from "silkrate-ticker/react";
import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { SilkChart, SilkChartAttributes } from "./chart.js";
import type { RateChange, SilkTicker, SilkTickerAttributes } from "./index.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "silk-ticker": DetailedHTMLProps<HTMLAttributes<SilkTicker>, SilkTicker> &
        SilkTickerAttributes & { onratechange?: (event: CustomEvent<RateChange>) => void };
      "silk-chart": DetailedHTMLProps<HTMLAttributes<SilkChart>, SilkChart> & SilkChartAttributes;
    }
  }
}
