// The style sheet of the chart. Pages override it with custom properties named `--silk-chart-…` and with `::part`. The plot
// reads from left to right on every page, as time does on an axis.

import { theme } from "../theme";

export const CSS = `${theme("silk-chart")}
:host {
  --_stroke: var(--silk-chart-line, var(--_accent));
  --_grid: var(--silk-chart-grid, var(--_line));
  min-height: var(--silk-chart-height, 20rem);
  font: var(--silk-chart-font, 400 .9375rem/1.3 system-ui, sans-serif);
  font-variant-numeric: tabular-nums lining-nums;
}
:host([height]) { min-height: 0 }
:host([height]) .base { min-height: var(--silk-chart-height, 20rem) }
[hidden] { display: none !important }
::slotted(img) { display: block; max-width: 100%; height: auto }
.base { display: flex; flex-direction: column; box-sizing: border-box; min-height: inherit; padding: .6em .75em; gap: .35em; background: var(--_ground) }
.head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .2em 1em; min-height: 2em }
.rate { direction: ltr; display: flex; flex-wrap: wrap; align-items: baseline; gap: .1em .5em; font-weight: 600 }
.waiting { visibility: hidden }
.rate .value { font-size: 1.2em }
.since { font-weight: 400 }
.since, .message, .foot { color: var(--_muted) }
.windows { display: flex; border: 1px solid var(--_line); border-radius: 6px }
label { position: relative; display: grid; place-items: center; min-height: 24px; padding: 0 .6em; font-size: .87em; color: var(--_muted) }
label span { display: block }
label span::first-letter, th::first-letter { text-transform: uppercase }
label:has(:checked) { color: var(--_ink); font-weight: 600; box-shadow: inset 0 -2px var(--_accent) }
input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer }
.frame { position: relative; flex: 1; min-height: 2.5rem }
.plot { position: absolute; inset: 0; direction: ltr; touch-action: pan-y pinch-zoom; cursor: crosshair; -webkit-user-select: none; user-select: none }
:focus-visible, label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px }
svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible }
path { fill: none; stroke-width: 1 }
text { fill: var(--_muted); font-size: .8em }
.axes .value { text-anchor: end; dominant-baseline: middle }
.axes .date { text-anchor: middle }
.grid, .tick { stroke: var(--_grid) }
.line { stroke: var(--_stroke); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.end, .dot { fill: var(--_stroke) }
.dot { stroke: var(--_ground); stroke-width: 2 }
.rule { stroke: var(--_muted) }
.end.moved { animation: moved 1.6s ease-out }
@keyframes moved { from { r: 9px; opacity: .4 } }
.message { position: absolute; inset: 0; display: grid; place-items: center; pointer-events: none }
.foot { min-height: 1.3em; font-size: .85em; overflow-wrap: anywhere }
.foot a { color: inherit }
.offline { color: var(--_warn) }
.tooltip { max-width: min(16rem, calc(100vw - 12px)); pointer-events: none; direction: ltr }
.tooltip div:first-child { font-weight: 600 }
@media (prefers-reduced-motion: reduce) { .end.moved { animation: none } }
@media (forced-colors: active) {
  :host { --_stroke: Highlight; --_muted: CanvasText; --_ground: Canvas; --_grid: GrayText; --_accent: Highlight }
  .line, .end, .dot, .grid, .rule, .tick { forced-color-adjust: none }
  label:has(:checked) { text-decoration: underline 2px }
}
@media print {
  .windows, .tooltip, .offline, .rule, .dot { display: none }
  :host { color-scheme: light; break-inside: avoid }
}
`;
