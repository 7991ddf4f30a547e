// Writes the names of the currencies outside the region into locales.json, from Unicode CLDR: the key `other_currencies` of
// each language, and `other_signs`. With --check it fails when they are anything else.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

const FILE = new URL("locales.json", import.meta.url);
const required = createRequire(import.meta.url);
const before = await readFile(FILE, "utf8");
const { rules, locales } = JSON.parse(before);

/** British English, as all English texts of the service are. */
const cldr = (tag) => {
  const of = tag === "en" ? "en-GB" : tag;
  return Object.entries(required(`cldr-numbers-full/main/${of}/currencies.json`).main[of].numbers.currencies);
};
const sorted = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

/** The Uzbek letters oʻ and gʻ have a mark of their own, which CLDR writes as a quotation mark. */
const spelt = (tag, text) => (tag === "uz" ? text.replace(/(?<=[og])‘/gi, "ʻ") : text);

/** The names within a sentence of what `currencies` does not name. Where a language has none, CLDR has the code. */
function names(tag, { currencies }) {
  const name = ([code, known]) => [code, known["displayName-count-one"] ?? known["displayName-count-other"] ?? known.displayName];
  const known = cldr(tag).map(name).filter(([code, text]) => text && text !== code && !(code in currencies));
  return sorted(known.map(([code, text]) => [code, spelt(tag, text)]));
}

/** The signs that are of one currency alone: CA$, but not the $ or kr of several. The short sign of another is no rival of a full one. */
function signs() {
  const all = cldr("en").map(([code, { symbol, "symbol-alt-narrow": short }]) => ({ code, symbol, short }));
  const isAlone = (text, own, keys) => text && text !== own && all.every((other) => other.code === own || keys.every((key) => other[key] !== text));
  const sign = ({ code, symbol, short }) => (isAlone(symbol, code, ["symbol"]) ? symbol : isAlone(short, code, ["symbol", "short"]) && short);
  return sorted(all.map((known) => [known.code, sign(known)]).filter(([code, text]) => text && !(code in locales.en.currencies)));
}

/** A language with the names as its last section: a translator reads the sentences first. */
function withNames([tag, { other_currencies: _old, ...locale }]) {
  return [tag, { ...locale, other_currencies: names(tag, locale) }];
}

const file = { rules, locales: Object.fromEntries(Object.entries(locales).map(withNames)), other_signs: signs() };
const text = `${JSON.stringify(file, null, 2)}\n`;
if (!process.argv.includes("--check")) {
  await writeFile(FILE, text);
} else if (text !== before) {
  console.error("the other currencies in locales.json are not what CLDR has: run `npm run currencies`");
  process.exit(1);
}
