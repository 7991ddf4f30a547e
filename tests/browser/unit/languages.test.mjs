// The eight languages against the data of CLDR, and how both the element and the service write in them.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { cldr, load } from "../support.mjs";

const { TAGS, dateText, localeOf, money, numberText, percentText } = await load("locale");
const { parseDecimal } = await load("decimal");
const file = async (path) => JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
const { locales } = await file("../../../src/web/locales.json");
/** What a language writes; the tests of the service read the same rows. */
const { languages: WRITTEN } = await file("../../fixtures/display/languages.json");

const allBut = (...tags) => TAGS.filter((tag) => !tags.includes(tag));
/** Where a language differs from CLDR on purpose. A row that CLDR has come to agree with fails the test. */
const DEVIATIONS = [
  [["ru", "kk"], ["date"], "one no-break space in all texts: the narrow one of CLDR is missing from more fonts"],
  [["tg"], ["date"], "no zero before the day, as in CLDR's own form with a short month"],
  [["uz", "uz-Cyrl"], ["date"], "the form of letters and of the bank: 2025-yil 8-dekabr"],
  [["uz-Cyrl"], ["chart.day"], "as in the Latin alphabet: 8-декабр"],
  [["en"], ["chart.months"], "three letters for September too"],
  [TAGS, ["KGS.sign"], "hardly a font has the sign of 2021: the word, or the code, is what local media print"],
  [TAGS, ["CNY.sign"], "the narrow sign is that of the yen too"],
  [allBut("en"), ["TJS.sign", "TMT.sign"], "words, as local media print them: CLDR has the code, or an abbreviation"],
  [allBut("en", "uz", "uz-Cyrl"), ["UZS.sign"], "a word, as local media print it, which CLDR has in Uzbek alone"],
  [["ru"], ["KZT.name"], "the name at the Bank of Russia"],
  [["ru"], ["TMT.name"], "no reader takes it for the manat before 2009"],
  [["kk"], ["UZS.name"], "сум, as the National Bank of Kazakhstan writes; сом is the currency of Kyrgyzstan"],
  [["tg"], ["KZT.name", "UZS.name", "CNY.name"], "spelt with the letters of the language; CLDR writes к for қ, ў for ӯ, and calls the yuan a yen"],
  [["uz"], ["KZT.name", "KGS.name", "UZS.name"], "the letters oʻ and gʻ have their own mark, which CLDR writes as a quotation mark"],
  [["uz-Cyrl"], ["KZT.name", "KGS.name", "TJS.name", "UZS.name", "TMT.name", "RUB.name"], "the names of the Latin alphabet: CLDR has some of them alone, and not in their usual form"],
];

/** British English, as all English texts of the service are. */
const cldrTag = (tag) => (tag === "en" ? "en-GB" : tag);

/** A pattern of CLDR with our placeholders: `y 'ж'. d MMMM`. */
function datePattern(pattern) {
  const fields = { d: "{day}", MMMM: "{month}", y: "{year}" };
  return pattern.replace(/'([^']*)'|(d+|M+|y+)/g, (_token, literal, field) => literal ?? fields[field] ?? `{${field}}`);
}

/** What CLDR has for each of our fields: the text, or a list of accepted ones. Names and months begin a line there. */
function expected(tag) {
  const { numbers } = cldr(cldrTag(tag), "numbers");
  const { currencies } = cldr(cldrTag(tag), "currencies").numbers;
  const { months, dateFormats, dateTimeFormats } = cldr(cldrTag(tag), "ca-gregorian").dates.calendars.gregorian;
  const symbols = numbers["symbols-numberSystem-latn"];
  const names = (width) => Object.values(width).join(" ");
  const fields = {
    decimal: symbols.decimal,
    group: symbols.group,
    minus: symbols.minusSign,
    plus: symbols.plusSign,
    percent: numbers["percentFormats-numberSystem-latn"].standard.replace("#,##0", "{value}"),
    money: numbers["currencyFormats-numberSystem-latn"].standard.replace("¤", "{sign}").replace("#,##0.00", "{value}"),
    date: datePattern(dateFormats.long),
    months: names(months.format.wide),
    "chart.day": datePattern(dateTimeFormats.availableFormats.MMMMd),
    "chart.months": [names(months["stand-alone"].abbreviated), names(months.format.abbreviated)],
  };
  for (const code of Object.keys(locales.en.currencies)) {
    const known = currencies[code] ?? {};
    fields[`${code}.sign`] = known["symbol-alt-narrow"] ?? known.symbol ?? code;
    fields[`${code}.name`] = known["displayName-count-one"] ?? known["displayName-count-other"] ?? code;
  }
  return fields;
}

/** Our fields under the same names. */
function ours(locale) {
  const { decimal, group, minus, plus, percent, money, date, chart } = locale;
  const fields = { decimal, group, minus, plus, percent, money, date, months: locale.months.join(" "), "chart.day": chart.day, "chart.months": chart.months.join(" ") };
  for (const [code, { sign, name }] of Object.entries(locale.currencies)) {
    fields[`${code}.sign`] = sign;
    fields[`${code}.name`] = name;
  }
  return fields;
}

test("every language is that of CLDR, but for the deviations that are listed with their reasons", () => {
  const differing = TAGS.flatMap((tag) => {
    const [cldr, own] = [expected(tag), ours(locales[tag])];
    assert.deepEqual(Object.keys(own).sort(), Object.keys(cldr).sort(), tag);
    const equal = (a, b) => a.toLowerCase() === b.toLowerCase();
    return Object.keys(own).filter((field) => ![cldr[field]].flat().some((text) => equal(text, own[field]))).map((field) => `${tag} ${field}`);
  });
  const listed = DEVIATIONS.flatMap(([tags, fields]) => tags.flatMap((tag) => fields.map((field) => `${tag} ${field}`)));
  assert.deepEqual(differing.sort(), listed.sort());
});

test("every language groups from four digits on, with the digits 0 to 9", () => {
  for (const tag of TAGS) {
    const { numbers } = cldr(cldrTag(tag), "numbers");
    assert.deepEqual([numbers.minimumGroupingDigits, numbers.defaultNumberingSystem], ["1", "latn"], tag);
    assert.equal(numbers["decimalFormats-numberSystem-latn"].standard, "#,##0.###", tag);
  }
});

test("every language has every text of English, with the same placeholders", () => {
  const shape = (value) => (typeof value === "string" ? [...value.matchAll(/\{\w+\}/g)].map(String).sort().join() : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)])));
  // A bank has a page in some of the languages, and CLDR has the names of some currencies in some of them.
  const texts = ({ credit: { pages: _pages, ...credit }, other_currencies: _others, ...language }) => ({ ...language, credit });
  for (const tag of TAGS) {
    assert.deepEqual(shape(texts(locales[tag])), shape(texts(locales.en)), tag);
    for (const [bank, page] of Object.entries(locales[tag].credit.pages)) {
      assert.ok(bank in locales.en.banks && page.startsWith("https://"), `${tag}: ${bank}`);
    }
    const empty = JSON.stringify(locales[tag]).match(/"[^"]+":""/g);
    assert.equal(empty, null, tag);
  }
});

test("numbers and percentages are written as the library of Unicode writes them", () => {
  for (const [tag, { numbers, percentages }] of Object.entries(WRITTEN)) {
    for (const [value, written] of Object.entries(numbers)) {
      const places = value.split(".")[1].length;
      const plain = new Intl.NumberFormat(cldrTag(tag), { minimumFractionDigits: places, maximumFractionDigits: places });
      assert.equal(written, plain.format(value), tag);
    }
    const percent = new Intl.NumberFormat(cldrTag(tag), { style: "percent", minimumFractionDigits: 2, signDisplay: "always" });
    assert.equal(percentages["-1.0412 DOWN"], percent.format("-0.010412"), tag);
    assert.equal(percentages["1234.567 UP"], percent.format("12.34567"), tag);
  }
});

test("numbers, percentages, amounts and dates are written as the service writes them", () => {
  assert.deepEqual(Object.keys(WRITTEN), TAGS);
  for (const [tag, { numbers, percentages, amounts, dates }] of Object.entries(WRITTEN)) {
    const locale = localeOf(tag);
    for (const [value, written] of Object.entries(numbers)) {
      assert.equal(numberText(locale, parseDecimal(value)), written, tag);
    }
    for (const [change, written] of Object.entries(percentages)) {
      const [percent, direction] = change.split(" ");
      assert.equal(percentText(locale, { percent: parseDecimal(percent), direction, absolute: parseDecimal("0"), since: "2025-12-05" }), written, tag);
    }
    for (const [amount, written] of Object.entries(amounts)) {
      const [value, code] = amount.split(" ");
      assert.equal(money(locale, code, numberText(locale, parseDecimal(value))), written, tag);
    }
    for (const [date, written] of Object.entries(dates)) {
      assert.equal(dateText(locale, date), written, tag);
    }
  }
});

test("no source of the pages and the elements has a word in Cyrillic: all of them stand in locales.json", async () => {
  const folder = new URL("../../../src/web/", import.meta.url);
  const paths = (await readdir(folder, { recursive: true })).filter((path) => /\.(rs|ts|mjs|css)$/.test(path) && !/^(node_modules|dist|npm)\/|tests(\.rs|\/)/.test(path));
  assert.ok(paths.length > 100, `${paths.length} files`);
  for (const path of [...paths, "../words.rs"]) {
    const [source] = (await readFile(new URL(path, folder), "utf8")).split("#[cfg(test)]");
    const code = source.replace(/\/\*.*?\*\//gs, "").split("\n").filter((line) => !/^\s*\/\//.test(line));
    assert.deepEqual(code.filter((line) => /\p{Script=Cyrillic}/u.test(line)), [], path);
  }
});
