// What the style sheets of the elements have in common: the colours, which pages override with custom properties named after
// the element, and the parts that both elements show.

/** Each colour: the end of its custom property, and its values on light and on dark pages. */
const COLOURS: Record<string, [property: string, light: string, dark: string]> = {
  ink: ["color", "#14181f", "#eceff4"],
  muted: ["muted", "#586272", "#a2adbd"],
  up: ["up", "#0b7540", "#5fd39a"],
  down: ["down", "#bd2338", "#ff929c"],
  line: ["border", "#d9dde3", "#313845"],
  ground: ["background", "#fff", "#12161d"],
  raised: ["raised", "#fff", "#1c222c"],
  accent: ["accent", "#1d5fd1", "#8ab4ff"],
  warn: ["warn", "#8a5300", "#f2bf6c"],
};

/** Light colours with more contrast, seven to one; the dark ones have it already. */
const MORE_CONTRAST: Record<string, string> = { up: "#075a30", down: "#9b1528", warn: "#6b4000" };

const CSS = `
:host { display: block; position: relative; font-variant-numeric: tabular-nums lining-nums; color: var(--_ink); background: var(--_ground); -webkit-text-size-adjust: 100% }
:host([theme=light]) { color-scheme: light }
:host([theme=dark]) { color-scheme: dark }
:host([hidden]) { display: none }
.base, .tooltip { text-align: start; text-indent: 0; text-transform: none; letter-spacing: normal; word-spacing: normal; white-space: normal }
.change { font-weight: 500 }
.arrow { font-size: .72em; margin-inline-end: .35em; vertical-align: .08em }
.arrow:empty { display: none }
.up { color: var(--_up) }
.down { color: var(--_down) }
.flat, .unknown, .attribution { color: var(--_muted) }
.mark {
  align-self: center; padding: .05em .5em; border: 1px solid; border-radius: 1em;
  font-size: .78em; font-weight: 500; color: var(--_warn);
}
.announced { color: var(--_muted); border-color: var(--_line) }
.words {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.tooltip {
  position: fixed; inset: auto; z-index: 2147483647; max-width: min(24rem, calc(100vw - 16px)); box-sizing: border-box;
  margin: 0; padding: .7em .9em; border: 1px solid var(--_line); border-radius: 6px;
  color: var(--_ink); background: var(--_raised); box-shadow: 0 6px 24px rgb(0 0 0 / .16);
  font-size: .9em; line-height: 1.45; overflow-wrap: anywhere; max-height: calc(100vh - 12px); overflow-y: auto;
}
.tooltip:not(.open) { display: none }
@media (prefers-contrast: more) {
  :host { --_muted: var(--_ink); --_line: var(--_ink) }
}
`;

/** The common style sheet of an element, to which its own is added. */
export function theme(element: string): string {
  const colours = (value: (light: string, dark: string) => string, more: Record<string, string> = {}): string =>
    Object.entries(COLOURS)
      .map(([name, [property, light, dark]]) => `--_${name}:var(--${element}-${property},${value(more[name] ?? light, dark)});`)
      .join("");
  const themed = (more?: Record<string, string>): string =>
    `:host{${colours((light) => light, more)}}@supports (color:light-dark(#000,#fff)){:host{${colours((light, dark) => `light-dark(${light},${dark})`, more)}}}`;
  return `${themed()}@media (prefers-contrast:more){${themed(MORE_CONTRAST)}}${CSS}`;
}
