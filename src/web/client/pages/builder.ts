// The builder: a form, a preview, and the snippet to copy. Every word of it stands in the page.

import { isPair, pairsOf } from "../attributes";

/** The field for the digest of the script, which is no attribute of the element. */
const PINNED = "pinned";
/** How many ticker pairs a service has, unless its operator chose others. */
const DEFAULT_PAIRS = 5;
/** The rows of a vertical loop that are in sight. */
const LOOP_ROWS = 3;
/** The default speed, which needs no attribute. */
const SPEED = "50";
/** The parameters that the plain forms of the ticker take; the others are about motion. */
const PLAIN = /^(?:pairs|locale|theme|digits|form|labels|announced|link)$/;

/** The attributes of a chart, which are the parameters of its picture too. */
const CHART = /^(?:window|locale|theme|digits|form|labels)$/;
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
  let asset: Asset | undefined;
  const show = (): void => {
    const data = new FormData(form);
    const chosen = attributes(data);
    preview(form, chosen);
    const kind = kinds.querySelector<HTMLInputElement>("input:checked")?.value ?? "script";
    find("#snippet").textContent = snippet(kind, base, data.has(PINNED) ? asset : undefined, chosen);
    document.querySelectorAll<HTMLElement>("[data-kind]").forEach((hint) => {
      hint.hidden = hint.dataset["kind"] !== kind;
    });
  };
  form.addEventListener("input", show);
  kinds.addEventListener("input", show);
  show();
  const copy = find<HTMLElement>("#copy");
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(find("#snippet").textContent ?? "").then(() => {
      const copied = copy.dataset["copied"] ?? "";
      find("#copied").textContent = copied;
      copy.textContent = copied;
    });
  });
  const response = await fetch(new URL("ticker.json", base));
  if (response.ok) {
    asset = (await response.json()) as Asset;
    show();
  }
}

/** What was chosen and is not the default, in the form's order. */
function attributes(data: FormData): Chosen {
  const chosen = [...data].filter(([name]) => name !== PINNED).map(([name, value]): [string, string] => [name, String(value).trim()]);
  return chosen.filter(([name, value]) => value && !(name === "speed" && value === SPEED));
}

function preview(form: HTMLFormElement, chosen: Chosen): void {
  const holder = find("#preview");
  let ticker = holder.querySelector("silk-ticker");
  if (!ticker) {
    ticker = document.createElement("silk-ticker");
    holder.append(ticker);
  }
  // The same element throughout: its attributes may change at any time.
  const wanted = new Map(chosen);
  for (const field of form.elements) {
    const name = field.getAttribute("name") ?? "";
    const value = wanted.get(name);
    if (value === undefined) {
      ticker.removeAttribute(name);
    } else if (value !== ticker.getAttribute(name)) {
      ticker.setAttribute(name, value);
    }
  }
}

/** The text to paste. */
function snippet(kind: string, base: string, asset: Asset | undefined, chosen: Chosen): string {
  switch (kind) {
    case "html":
      return address("ticker.html", base, chosen.filter(([name]) => PLAIN.test(name)));
    case "chart":
      return chart(base, chosen);
    case "picture":
      return picture(base, chosen);
    default:
      return script(base, asset, chosen);
  }
}

/** The first pair that is chosen: a chart shows one. */
function firstPair(chosen: Chosen): string {
  const pairs = pairsOf(new Map(chosen).get("pairs") ?? null);
  return pairs.find((pair) => isPair(pair) && !pair.includes("*")) ?? CHART_PAIR;
}

function chart(base: string, chosen: Chosen): string {
  const written = chosen.filter(([name]) => CHART.test(name)).map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
  return `<script src="${new URL("chart.js", base).href}" async></script>\n<silk-chart style="display:block;min-height:20rem" pair="${firstPair(chosen)}"${written}></silk-chart>`;
}

/** A picture of the chart, with the words that stand for it. */
function picture(base: string, chosen: Chosen): string {
  const pair = firstPair(chosen);
  const src = address(`chart/${pair.replace("/", "-")}.svg`, base, chosen.filter(([name]) => CHART.test(name)));
  const words = (find<HTMLElement>("#kind").dataset["chart"] ?? "").replace("{pair}", pair);
  return `<img src="${escaped(src)}" width="640" height="320" alt="${escaped(words)}">`;
}

function script(base: string, asset: Asset | undefined, chosen: Chosen): string {
  // A proxy may add a folder to the path or remove one, so only the name counts.
  const src = new URL((asset?.src ?? "ticker.js").replace(/.*\//, ""), base).href;
  const integrity = asset ? ` integrity="${asset.integrity}" crossorigin` : "";
  const written = chosen.map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
  return `<script src="${src}"${integrity} async></script>\n<silk-ticker style="display:block;min-height:${height(chosen)}"${written}></silk-ticker>`;
}

/** The height of the element, which the page reserves until it is there, so that nothing on the page moves. */
function height(chosen: Chosen): string {
  const wanted = new Map(chosen);
  const compact = wanted.get("density") === "compact";
  const [row, size] = compact ? [2.25, 0.8125] : [2.75, 0.9375];
  const entries = pairsOf(wanted.get("pairs") ?? null).length || DEFAULT_PAIRS;
  const isList = wanted.get("direction") === "vertical" && wanted.get("speed") === "0";
  // A list has a line for the credit of a bank, and a border between its lines.
  const rows = isList ? entries + 1 : wanted.get("direction") === "vertical" ? LOOP_ROWS : 1;
  return `${Math.ceil((row * size * rows + (isList ? entries / 16 : 0)) * 100) / 100}rem`;
}

function address(name: string, base: string, chosen: Chosen): string {
  const url = new URL(name, base);
  chosen.forEach(([parameter, value]) => url.searchParams.set(parameter, value.replace(/\s+/g, "")));
  return url.href;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
