// `<silk-ticker>` in JSX of React 19: import type {} from "silkrate-ticker/react";
import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { RateChange, SilkTicker, SilkTickerAttributes } from "./index.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "silk-ticker": DetailedHTMLProps<HTMLAttributes<SilkTicker>, SilkTicker> &
        SilkTickerAttributes & { onratechange?: (event: CustomEvent<RateChange>) => void };
    }
  }
}
