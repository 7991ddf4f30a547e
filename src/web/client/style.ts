// The style sheet of the element. A highlight mixes at most 12 % of its colour into the background: with more, the
// contrast of the text falls below 4.5:1. On a tape an entry without a rate takes the room of one with it, so that the first
// rates do not push the others away. Pages override it with custom properties named `--silk-ticker-…` and with `::part`.

import { theme } from "./theme";

export const CSS = `${theme("silk-ticker")}
:host {
  --_gap: var(--silk-ticker-gap, 1.5em);
  --_row: var(--silk-ticker-height, 2.75em);
  min-height: var(--_row);
  font: var(--silk-ticker-font, 400 .9375rem/1.3 system-ui, sans-serif);
  font-variant-numeric: tabular-nums lining-nums;
}
:host([density=compact]) {
  --_gap: var(--silk-ticker-gap, 1.1em);
  --_row: var(--silk-ticker-height, 2.25em);
  font: var(--silk-ticker-font, 400 .8125rem/1.3 system-ui, sans-serif);
  font-variant-numeric: tabular-nums lining-nums;
}
.base { display: flex; align-items: stretch; min-height: var(--_row); background: var(--_ground) }
.viewport { flex: 1; min-width: 0; overflow: hidden; container-type: inline-size }
.marquee .viewport, .item, .tooltip { direction: ltr }
.waiting { visibility: hidden }
.track { display: flex; width: max-content; will-change: transform }
ul { display: flex; flex: none; margin: 0; padding: 0; list-style: none }
li { display: flex; flex: none; align-items: center; min-height: var(--_row) }
.item {
  display: flex; flex-wrap: nowrap; align-items: baseline; gap: .5em;
  min-height: 24px; margin: 0; padding: .15em calc(var(--_gap) / 2); border: 0; border-radius: 4px;
  font: inherit; font-variant-numeric: inherit; color: inherit; background: none; text-align: start;
  white-space: nowrap; cursor: default;
}
.marquee li + li::before, .marquee.left ul::before, .marquee.right ul::before {
  content: ""; flex: none; align-self: center; width: 1px; height: 1em; background: var(--_line);
}
.pair { font-weight: 600; letter-spacing: .01em }
.value { font-variant-numeric: inherit }
.change { min-width: 5.5em }
.marquee li[class=""] .value { min-width: 11.5em }
.stale .value { color: var(--_muted); text-decoration: underline dotted; text-underline-offset: .2em }
.attribution { padding: 0 calc(var(--_gap) / 2); font-size: .85em; white-space: nowrap }
a { color: inherit; padding: .3em 0 }
.pause {
  order: 1; flex: none; align-self: stretch; min-width: 32px; min-height: 24px; margin: 0; padding: 0; border: 0;
  border-inline-start: 1px solid var(--_line);
  font: inherit; color: var(--_muted); background: none; cursor: pointer;
}
.pause svg { display: block; width: 12px; height: 12px; margin: auto; fill: currentColor }
.pause:hover { color: var(--_ink) }
.offline {
  position: absolute; inset-inline-end: 33px; inset-block: 0; display: grid; align-items: center; padding: 0 .6em; max-height: var(--_row);
  color: var(--_warn); background: var(--_ground);
}
:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px }
.tooltip div:first-child { color: var(--_muted) }
.tooltip div:nth-child(2) { font-weight: 600; margin-bottom: .3em }
.still .track { display: block; width: auto; will-change: auto }
.still ul { flex-wrap: wrap }
.still li { flex: 0 1 auto; min-width: 0; max-width: 100% }
.still .item { flex-wrap: wrap; padding-block: .35em; white-space: normal }
.still .attribution, .vertical .attribution { white-space: normal }
.column ul, .vertical ul { flex-direction: column }
.column li + li, .vertical li { border-top: 1px solid var(--_line) }
.column li, .vertical li, .column .item, .vertical .item { width: 100%; box-sizing: border-box }
.column .item, .vertical .item { display: grid; grid-template-columns: 1fr auto auto; padding-inline: .75em }
.column .value, .vertical .value { text-align: end }
.column .change, .vertical .change { text-align: end }
.wide.column .item, .wide.vertical .item { display: flex; flex-wrap: wrap; justify-content: flex-end; white-space: normal }
.wide.column .pair, .wide.vertical .pair { flex: 1 0 auto; max-width: 100% }
.column .mark, .vertical .mark { grid-column: 1 / -1; justify-self: start; white-space: normal }
.column .mark:last-child, .vertical .mark:last-child { margin-inline-end: auto }
.vertical li::before { display: none }
.column .pause, .vertical .pause { border-inline-start: 0; align-self: start; height: var(--_row) }
.vertical .viewport { height: calc(var(--silk-ticker-rows, 3) * var(--_row)) }
.vertical .track { flex-direction: column; width: auto }
@container (max-width: 17.5rem) {
  .still .change { min-width: 0 !important }
  .column .item, .vertical .item { display: flex; flex-wrap: wrap; justify-content: flex-end; white-space: normal }
  .column .pair, .vertical .pair { flex: 1 0 auto; max-width: 100% }
}
.rose { animation: rose 1.6s ease-out }
.fell { animation: fell 1.6s ease-out }
@keyframes rose { from { background: color-mix(in srgb, var(--_up) 12%, transparent) } }
@keyframes fell { from { background: color-mix(in srgb, var(--_down) 12%, transparent) } }
@media (prefers-reduced-motion: reduce) { .rose, .fell { animation: none } }
@media (forced-colors: active) { .pause, .tooltip { border: 1px solid } }
@media print {
  .pause, .tooltip, .offline, ul[aria-hidden] { display: none }
  .viewport { height: auto !important; overflow: visible; container-type: normal }
  .track { display: block !important; width: auto !important; transform: none !important }
  ul { flex-wrap: wrap }
  li, .item { flex: 0 1 auto; white-space: normal }
}
`;
