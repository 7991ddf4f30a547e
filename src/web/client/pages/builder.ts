// The builder: a form, a preview, and the snippet to copy. Every word of it stands in the page.

import { isPair, pairsOf } from "../attributes";
import { scale } from "./weight";

/** The field for the digest of the script, which is no attribute of the element. */
const PINNED = "pinned";
/** How many ticker pairs a service has, unless its operator chose others. */
const DEFAULT_PAIRS = 5;
/** The rows of a vertical loop that are in sight. */
const LOOP_ROWS = 3;
/** The language of an address that names none. */
const LANGUAGE = "en";
/** The pixels of a rem, unless a reader chose larger text. */
const REM = 16;
/** The default speed, which needs no attribute. */
const SPEED = "50";
/** The fields of a chart; those of its picture have the same names. */
const CHART = ["pairs", "window", "locale", "theme", "digits", "form", "labels"];
/** The fields of the ticker as a picture, which does not move and is no link. */
const LINE = [...CHART, "change"];
/** The fields of the ticker as a page for a frame. */
const FRAME = [...LINE, "direction", "speed", "density", "announced", "link"];
/** The fields that a kind of snippet uses; the others have no effect on it, and cannot be changed. Without an entry it uses all. */
const FIELDS: Record<string, readonly string[] | undefined> = { chart: [...CHART, PINNED], picture: CHART, line: LINE, frame: FRAME };
/** The pair of a chart until one is chosen. */
const CHART_PAIR = "USD/KZT";

/** The URL of the script and its integrity digest. */
interface Asset {
  src: string;
  integrity: string;
}

/** An attribute or a parameter, and its value. */
type Chosen = [name: string, value: string][];

function find<Type extends Element>(selector: string): Type {
  const found = document.querySelector<Type>(selector);
  if (!found) {
    throw new Error(`the page has no ${selector}`);
  }
  return found;
}

/** Runs the builder, if the page has one. */
export async function builder(base: string): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("#form");
  if (!form) {
    return;
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  const kinds = find<HTMLFieldSetElement>("#kind");
  const assets: Partial<Record<string, Asset>> = {};
  const copy = find<HTMLElement>("#copy");
  const copyText = copy.textContent;
  const say = (copied: string): void => {
    find("#copied").textContent = copied;
    copy.textContent = copied || copyText;
  };
  const weigh = scale();
  const show = (): void => {
    // What was copied is not what is shown now.
    say("");
    const kind = kinds.querySelector<HTMLInputElement>("input:checked")?.value ?? "script";
    restrict(form, kind);
    const data = new FormData(form);
    const chosen = attributes(data);
    preview(kind, base, chosen);
    find("#snippet").textContent = snippet(kind, base, data.has(PINNED) ? assets[kind] : undefined, chosen);
    document.querySelectorAll<HTMLElement>("[data-kind]").forEach((hint) => {
      hint.hidden = hint.dataset["kind"] !== kind;
    });
    weigh(kind, answerOf(kind, base, chosen));
  };
  form.addEventListener("input", show);
  kinds.addEventListener("input", show);
  show();
  copy.addEventListener("click", () => {
    const code = find("#snippet");
    // Without HTTPS a page has no clipboard: the selected lines are copied by the keys of the system.
    const selected = (): void => getSelection()?.selectAllChildren(code);
    const written = (navigator.clipboard as Clipboard | undefined)?.writeText(code.textContent ?? "");
    if (written) {
      void written.then(() => say(copy.dataset["copied"] ?? ""), selected);
    } else {
      selected();
    }
  });
  for (const [kind, name] of [["script", "ticker.json"], ["chart", "chart.json"]] as const) {
    const response = await fetch(new URL(name, base));
    if (response.ok) {
      assets[kind] = (await response.json()) as Asset;
    }
  }
  if (new FormData(form).has(PINNED)) {
    // A browser that goes back has restored the choice. Without it nothing changes, and a snippet stays copied or selected.
    show();
  }
}

/** Leaves the fields that a kind uses to the reader. */
function restrict(form: HTMLFormElement, kind: string): void {
  const used = FIELDS[kind];
  for (const field of form.elements) {
    field.toggleAttribute("disabled", used !== undefined && !used.includes(field.getAttribute("name") ?? ""));
  }
}

/** What was chosen and is not the default, in the form's order. */
function attributes(data: FormData): Chosen {
  const chosen = [...data].filter(([name]) => name !== PINNED).map(([name, value]): [string, string] => [name, String(value).trim()]);
  return chosen.filter(([name, value]) => value && !(name === "speed" && value === SPEED));
}

/** Shows what the snippet would. */
function preview(kind: string, base: string, chosen: Chosen): void {
  const holder = find("#preview");
  if (kind === "picture" || kind === "line") {
    const img = document.createElement("img");
    [img.src, img.alt] = kind === "line" ? [address("ticker.svg", base, chosen), rates()] : pictureOf(base, chosen);
    holder.replaceChildren(img);
    return;
  }
  if (kind !== "chart") {
    shown(holder, "silk-ticker", chosen);
    return;
  }
  if (!customElements.get("silk-chart") && !document.querySelector('script[src$="chart.js"]')) {
    const script = document.createElement("script");
    script.src = new URL("chart.js", base).href;
    document.head.append(script);
  }
  shown(holder, "silk-chart", [["pair", firstPair(chosen)], ...ofChart(chosen)]);
}

/** Shows an element with attributes. It is the same one throughout: they may change at any time. */
function shown(holder: Element, name: string, chosen: Chosen): void {
  let element = holder.querySelector(name);
  if (!element) {
    element = document.createElement(name);
    holder.replaceChildren(element);
  }
  const wanted = new Map(chosen);
  const fields = find<HTMLFormElement>("#form").elements;
  for (const name of element.getAttributeNames()) {
    if (!wanted.has(name) && fields.namedItem(name)) {
      element.removeAttribute(name);
    }
  }
  for (const [name, value] of wanted) {
    if (value !== element.getAttribute(name)) {
      element.setAttribute(name, value);
    }
  }
}

/** The text to paste. */
function snippet(kind: string, base: string, asset: Asset | undefined, chosen: Chosen): string {
  switch (kind) {
    case "html":
      return address("ticker.html", base, chosen);
    case "chart":
      return chart(base, asset, chosen);
    case "picture":
      return picture(base, chosen);
    case "line":
      return `<img src="${escaped(address("ticker.svg", base, chosen))}" alt="${escaped(rates())}">`;
    case "frame":
      return frame(base, chosen);
    default:
      return script(base, asset, chosen);
  }
}

/** The address whose answer a snippet shows; none for a snippet with a script. */
function answerOf(kind: string, base: string, chosen: Chosen): string | undefined {
  switch (kind) {
    case "picture":
      return pictureOf(base, chosen)[0];
    case "line":
      return address("ticker.svg", base, chosen);
    case "frame":
      return address("embed", base, chosen);
    case "html":
      return address("ticker.html", base, chosen);
    default:
      return undefined;
  }
}

/** The first pair that is chosen: a chart shows one. */
function firstPair(chosen: Chosen): string {
  const pairs = pairsOf(new Map(chosen).get("pairs") ?? null);
  return pairs.find((pair) => isPair(pair) && !pair.includes("*")) ?? CHART_PAIR;
}

/** What was chosen of a chart beside its pair. */
function ofChart(chosen: Chosen): Chosen {
  return chosen.filter(([name]) => name !== "pairs");
}

function chart(base: string, asset: Asset | undefined, chosen: Chosen): string {
  return `${scriptOf("chart.js", base, asset)}\n<silk-chart style="display:block;min-height:20rem" pair="${firstPair(chosen)}"${written(ofChart(chosen))}></silk-chart>`;
}

/** The address of a picture of the chart, and the words that stand for it. */
function pictureOf(base: string, chosen: Chosen): [src: string, alt: string] {
  const pair = firstPair(chosen);
  const words = (find<HTMLElement>("#kind").dataset["chart"] ?? "").replace("{pair}", pair);
  return [address(`chart/${pair.replace("/", "-")}.svg`, base, ofChart(chosen)), words];
}

function picture(base: string, chosen: Chosen): string {
  const [src, words] = pictureOf(base, chosen);
  return `<img src="${escaped(src)}" width="640" height="320" alt="${escaped(words)}">`;
}

/** The words that stand for the ticker. */
function rates(): string {
  return find<HTMLElement>("#kind").dataset["rates"] ?? "";
}

function frame(base: string, chosen: Chosen): string {
  const pixels = Math.ceil(heightInRem(chosen) * REM);
  return `<iframe src="${escaped(address("embed", base, chosen))}" title="${escaped(rates())}" loading="lazy" style="border:0;width:100%;height:${pixels}px"></iframe>`;
}

function script(base: string, asset: Asset | undefined, chosen: Chosen): string {
  return `${scriptOf("ticker.js", base, asset)}\n<silk-ticker style="display:block;min-height:${Math.ceil(heightInRem(chosen) * 100) / 100}rem"${written(chosen)}></silk-ticker>`;
}

function scriptOf(name: string, base: string, asset: Asset | undefined): string {
  // A proxy may add a folder to the path or remove one, so only the name counts.
  const src = new URL((asset?.src ?? name).replace(/.*\//, ""), base).href;
  const integrity = asset ? ` integrity="${asset.integrity}" crossorigin` : "";
  return `<script src="${src}"${integrity} async></script>`;
}

function written(chosen: Chosen): string {
  return chosen.map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
}

/** The height of the element, which the page reserves until it is there, so that nothing on the page moves. */
function heightInRem(chosen: Chosen): number {
  const wanted = new Map(chosen);
  const compact = wanted.get("density") === "compact";
  const [row, size] = compact ? [2.25, 0.8125] : [2.75, 0.9375];
  const entries = pairsOf(wanted.get("pairs") ?? null).length || DEFAULT_PAIRS;
  const isList = wanted.get("direction") === "vertical" && wanted.get("speed") === "0";
  // A list has a line for the credit of a bank, and a border between its lines.
  const rows = isList ? entries + 1 : wanted.get("direction") === "vertical" ? LOOP_ROWS : 1;
  return row * size * rows + (isList ? entries / REM : 0);
}

/** What the server writes cannot know the language of the page around it, so the address names the one that the reader sees. */
function address(name: string, base: string, chosen: Chosen): string {
  const url = new URL(name, base);
  chosen.forEach(([parameter, value]) => url.searchParams.set(parameter, value.replace(/\s+/g, "")));
  if (!url.searchParams.has("locale") && document.documentElement.lang !== LANGUAGE) {
    url.searchParams.set("locale", document.documentElement.lang);
  }
  return url.href;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
