// The types of the element. `react.d.ts`, `preact.d.ts`, `vue.d.ts` and `svelte.d.ts` declare it for templates.

/** A position in the stream of the service: a revision means nothing without its epoch. */
export interface Position {
  epoch: string;
  revision: number;
}

/** The detail of a `ratechange` event. Values are decimals as text, so that no digit is lost. */
export interface RateChange {
  pair: string;
  value: string;
  previousValue: string;
  /** The rate as `/v1/rates` of the service has it. */
  rate: Readonly<Record<string, unknown>> & { readonly pair: string; readonly value: string };
  position: Position | undefined;
}

/** The attributes of the element. Each one is a property of the same name; `null` and `undefined` remove it. */
export interface SilkTickerAttributes {
  /** Such as `"KZT/USD,USD/KZT"`, `"*\/USD"`, or a list of pairs. Default: the ticker pairs of the service. */
  pairs?: string | readonly string[] | null | undefined;
  /** The base URL of the service. Required, unless the script is loaded from the service itself. */
  endpoint?: string | null | undefined;
  /** The language; default: the nearest `lang` of the page. */
  locale?: string | null | undefined;
  theme?: "light" | "dark" | "auto" | null | undefined;
  direction?: "left" | "right" | "vertical" | "static" | null | undefined;
  /** Pixels per second; 0 stops the motion. */
  speed?: number | string | null | undefined;
  density?: "regular" | "compact" | null | undefined;
  change?: "percent" | "absolute" | "both" | "none" | null | undefined;
  /** The period of the change. */
  window?: "previous" | "week" | "month" | "year" | null | undefined;
  /** `"auto"`, the digits of the bank, or a number of decimals. */
  digits?: "auto" | number | string | null | undefined;
  form?: "pair" | "local" | null | undefined;
  labels?: "code" | "name" | "symbol" | null | undefined;
  /** The address that an entry links to, with `{base}`, `{quote}` and `{pair}`. */
  link?: string | null | undefined;
  /** Where a value of a later date is shown. */
  announced?: "tag" | "row" | "off" | null | undefined;
}

/** The element. A property reads as the text of its attribute, `""` without one. */
export declare class SilkTicker extends HTMLElement {
  get pairs(): string;
  set pairs(value: SilkTickerAttributes["pairs"]);
  get endpoint(): string;
  set endpoint(value: SilkTickerAttributes["endpoint"]);
  get locale(): string;
  set locale(value: SilkTickerAttributes["locale"]);
  get theme(): string;
  set theme(value: SilkTickerAttributes["theme"]);
  get direction(): string;
  set direction(value: SilkTickerAttributes["direction"]);
  get speed(): string;
  set speed(value: SilkTickerAttributes["speed"]);
  get density(): string;
  set density(value: SilkTickerAttributes["density"]);
  get change(): string;
  set change(value: SilkTickerAttributes["change"]);
  get window(): string;
  set window(value: SilkTickerAttributes["window"]);
  get digits(): string;
  set digits(value: SilkTickerAttributes["digits"]);
  get form(): string;
  set form(value: SilkTickerAttributes["form"]);
  get labels(): string;
  set labels(value: SilkTickerAttributes["labels"]);
  get link(): string;
  set link(value: SilkTickerAttributes["link"]);
  get announced(): string;
  set announced(value: SilkTickerAttributes["announced"]);
}

declare global {
  interface HTMLElementTagNameMap {
    "silk-ticker": SilkTicker;
  }
  interface HTMLElementEventMap {
    ratechange: CustomEvent<RateChange>;
  }
}
