// Writes ../words/currencies.json from Unicode CLDR: the names of currencies in the languages of locales.json, and their signs.
// With --check it fails when the file is anything else.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

const FILE = new URL("../words/currencies.json", import.meta.url);
const required = createRequire(import.meta.url);
const { locales } = JSON.parse(await readFile(new URL("locales.json", import.meta.url), "utf8"));

/** British English, as all English texts of the service are. */
const cldr = (tag) => {
  const of = tag === "en" ? "en-GB" : tag;
  return Object.entries(required(`cldr-numbers-full/main/${of}/currencies.json`).main[of].numbers.currencies);
};
const sorted = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

/** The Uzbek letters oʻ and gʻ have a mark of their own, which CLDR writes as a quotation mark. */
const spelt = (tag, text) => (tag === "uz" ? text.replace(/(?<=[og])‘/gi, "ʻ") : text);

/** The names within a sentence. Where a language has none, CLDR has the code. */
function names(tag) {
  const name = ([code, known]) => [code, known["displayName-count-one"] ?? known["displayName-count-other"] ?? known.displayName];
  const known = cldr(tag).map(name).filter(([code, text]) => text && text !== code);
  return sorted(known.map(([code, text]) => [code, spelt(tag, text)]));
}

/** The signs that are of one currency alone: CA$, but not the $ or kr of several. The short sign of another is no rival of a full one. */
function signs() {
  const all = cldr("en").map(([code, { symbol, "symbol-alt-narrow": short }]) => ({ code, symbol, short }));
  const isAlone = (text, own, keys) => text && text !== own && all.every((other) => other.code === own || keys.every((key) => other[key] !== text));
  const sign = ({ code, symbol, short }) => (isAlone(symbol, code, ["symbol"]) ? symbol : isAlone(short, code, ["symbol", "short"]) && short);
  return sorted(all.map((known) => [known.code, sign(known)]).filter(([, text]) => text));
}

const tags = Object.keys(locales).sort();
const text = `${JSON.stringify({ names: Object.fromEntries(tags.map((tag) => [tag, names(tag)])), signs: signs() }, null, 1)}\n`;
if (!process.argv.includes("--check")) {
  await writeFile(FILE, text);
} else if (text !== (await readFile(FILE, "utf8"))) {
  console.error("src/words/currencies.json is not what CLDR has: run `npm run currencies`");
  process.exit(1);
}
