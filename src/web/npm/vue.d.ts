// `<silk-ticker>` and `<silk-chart>` in templates of Vue 3: import type {} from "silkrate-ticker/vue";
import type { DefineComponent } from "vue";
import type { SilkChartAttributes } from "./chart.js";
import type { RateChange, SilkTickerAttributes } from "./index.js";

declare module "vue" {
  interface GlobalComponents {
    "silk-ticker": DefineComponent<SilkTickerAttributes & { onRatechange?: (event: CustomEvent<RateChange>) => void }>;
    "silk-chart": DefineComponent<SilkChartAttributes>;
  }
}
