// The types of the chart. `react.d.ts`, `preact.d.ts`, `vue.d.ts` and `svelte.d.ts` declare it for templates.

/** The attributes of the chart. Each one is a property of the same name; `null` and `undefined` remove it. */
export interface SilkChartAttributes {
  /** The pair, such as `"USD/KZT"`. */
  pair?: string | null | undefined;
  /** The period, until the reader chooses another one. */
  window?: "week" | "month" | "year" | null | undefined;
  /** The base URL of the service. Required, unless the script is loaded from the service itself. */
  endpoint?: string | null | undefined;
  /** The language; default: the nearest `lang` of the page. */
  locale?: string | null | undefined;
  theme?: "light" | "dark" | "auto" | null | undefined;
  /** `"auto"`, the digits of the bank, or a number of decimals. */
  digits?: "auto" | number | string | null | undefined;
  form?: "pair" | "local" | null | undefined;
  labels?: "code" | "name" | "symbol" | null | undefined;
  /** The height in pixels, from 120 to 2000. */
  height?: number | string | null | undefined;
  /** Whether the reader may choose the period. */
  controls?: "on" | "off" | null | undefined;
}

/** The chart. A property reads as the text of its attribute, `""` without one. */
export declare class SilkChart extends HTMLElement {
  get pair(): string;
  set pair(value: SilkChartAttributes["pair"]);
  get window(): string;
  set window(value: SilkChartAttributes["window"]);
  get endpoint(): string;
  set endpoint(value: SilkChartAttributes["endpoint"]);
  get locale(): string;
  set locale(value: SilkChartAttributes["locale"]);
  get theme(): string;
  set theme(value: SilkChartAttributes["theme"]);
  get digits(): string;
  set digits(value: SilkChartAttributes["digits"]);
  get form(): string;
  set form(value: SilkChartAttributes["form"]);
  get labels(): string;
  set labels(value: SilkChartAttributes["labels"]);
  get height(): string;
  set height(value: SilkChartAttributes["height"]);
  get controls(): string;
  set controls(value: SilkChartAttributes["controls"]);
}

declare global {
  interface HTMLElementTagNameMap {
    "silk-chart": SilkChart;
  }
}
