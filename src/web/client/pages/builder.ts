// The builder: a form, a preview, and the two lines of HTML to copy.

import { pairsOf } from "../attributes";
import { TAGS } from "../locale";
import { make } from "../view";

/** The native names of the languages. */
const NAMES: Record<string, string> = {
  en: "English",
  ru: "Русский",
  kk: "Қазақша",
  ky: "Кыргызча",
  tg: "Тоҷикӣ",
  uz: "Oʻzbekcha",
  "uz-Cyrl": "Ўзбекча",
  tk: "Türkmençe",
};
/** The field for the digest of the script, which is no attribute of the element. */
const PINNED = "pinned";
/** How many ticker pairs a service has, unless its operator chose others. */
const DEFAULT_PAIRS = 5;
/** The rows of a vertical loop that are in sight. */
const LOOP_ROWS = 3;
/** The default speed, which needs no attribute. */
const SPEED = "50";

/** The URL of the script and its integrity digest. */
interface Asset {
  src: string;
  integrity: string;
}

function find<Type extends Element>(selector: string): Type {
  const found = document.querySelector<Type>(selector);
  if (!found) {
    throw new Error(`the page has no ${selector}`);
  }
  return found;
}

export async function builder(base: string): Promise<void> {
  const form = find<HTMLFormElement>("#form");
  find('[name="locale"]').append(...TAGS.map((tag) => make("option", { value: tag }, NAMES[tag] ?? tag)));
  form.addEventListener("submit", (event) => event.preventDefault());
  let asset: Asset | undefined;
  const show = (): void => {
    const chosen = attributes(new FormData(form));
    preview(chosen);
    const isPinned = new FormData(form).has(PINNED);
    find("#snippet").textContent = snippet(base, isPinned ? asset : undefined, chosen);
    find<HTMLAnchorElement>("#fragment").href = fragment(base, chosen);
  };
  form.addEventListener("input", show);
  show();
  find("#copy").addEventListener("click", () => {
    void navigator.clipboard.writeText(find("#snippet").textContent ?? "").then(() => {
      find("#copied").textContent = "Copied";
      find("#copy").textContent = "Copied";
    });
  });
  const response = await fetch(new URL("ticker.json", base));
  if (response.ok) {
    asset = (await response.json()) as Asset;
    show();
  }
}

/** What was chosen and is not the default, in the form's order. */
function attributes(data: FormData): [string, string][] {
  const chosen = [...data].filter(([name]) => name !== PINNED).map(([name, value]): [string, string] => [name, String(value).trim()]);
  return chosen.filter(([name, value]) => value && !(name === "speed" && value === SPEED));
}

function preview(chosen: [string, string][]): void {
  const holder = find("#preview");
  let ticker = holder.querySelector("silk-ticker");
  if (!ticker) {
    ticker = document.createElement("silk-ticker");
    holder.append(ticker);
  }
  // The same element throughout: its attributes may change at any time.
  const wanted = new Map(chosen);
  for (const name of ["pairs", "locale", "theme", "direction", "density", "change", "window", "digits", "form", "labels", "announced", "speed"]) {
    const value = wanted.get(name);
    if (value === undefined) {
      ticker.removeAttribute(name);
    } else if (value !== ticker.getAttribute(name)) {
      ticker.setAttribute(name, value);
    }
  }
}

function snippet(base: string, asset: Asset | undefined, chosen: [string, string][]): string {
  // A proxy may add a folder to the path or remove one, so only the name counts.
  const src = new URL((asset?.src ?? "ticker.js").replace(/.*\//, ""), base).href;
  const integrity = asset ? ` integrity="${asset.integrity}" crossorigin` : "";
  const written = chosen.map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
  return `<script src="${src}"${integrity} async></script>\n<silk-ticker style="${reserve(chosen)}"${written}></silk-ticker>`;
}

/** The style that reserves the height of the element until the script has loaded, so that nothing on the page moves. */
function reserve(chosen: [string, string][]): string {
  const wanted = new Map(chosen);
  const compact = wanted.get("density") === "compact";
  const [row, size] = compact ? [2.25, 0.8125] : [2.75, 0.9375];
  const entries = pairsOf(wanted.get("pairs") ?? null).length || DEFAULT_PAIRS;
  const isList = wanted.get("direction") === "vertical" && wanted.get("speed") === "0";
  // A list has a line for the credit of a bank, and a border between its lines.
  const rows = isList ? entries + 1 : wanted.get("direction") === "vertical" ? LOOP_ROWS : 1;
  return `display:block;min-height:${Math.ceil((row * size * rows + (isList ? entries / 16 : 0)) * 100) / 100}rem`;
}

function fragment(base: string, chosen: [string, string][]): string {
  const url = new URL("ticker.html", base);
  chosen.filter(([name]) => /^(pairs|locale|theme|digits|form|labels|announced)$/.test(name)).forEach(([name, value]) => url.searchParams.set(name, value.replace(/\s+/g, "")));
  return url.href;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
