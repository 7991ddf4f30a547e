// How the element writes figures: digits, signs, separators, words and dates.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { rate } from "../double.mjs";
import { load } from "../support.mjs";

const { bank, changeWords, dateText, differenceText, exactText, localeOf, money, numberText, percentText } = await load("locale");
const { chartHeights, parseDecimal, rounded, significant } = await load("decimal");
const { displayed, displayedDifference, entryOf } = await load("figures");
const en = localeOf("en");
const ru = localeOf("ru");

const move = (percent, direction, absolute = "0") => ({ percent: parseDecimal(percent), direction, absolute: parseDecimal(absolute), since: "2025-12-05" });
/** Values and how they are displayed; the tests of the service read the same rows. */
const { rows: FIGURES } = JSON.parse(await readFile(new URL("../../fixtures/display/figures.json", import.meta.url), "utf8"));

test("a value is displayed with the digits of its bank or with those that were chosen", () => {
  for (const { pair, value, derivation, source, row, decimal_places, form, digits, shown } of FIGURES) {
    const fixings = row ? [{ source, currency: "USD", units: row[0], value: row[1], home_currency: "KZT", effective_date: "2026-04-02" }] : [];
    const entry = entryOf(rate(pair, value, { derivation, source: source || null, fixings, decimal_places }), form, "previous");
    const text = numberText(en, displayed(entry.value, entry, digits ?? undefined)).replaceAll(",", "");
    assert.equal(text, shown, JSON.stringify([pair, value, form, digits]));
  }
});

test("a percentage has two places, and no change is a dash", () => {
  assert.equal(percentText(en, move("-1.0412", "DOWN")), "-1.04%");
  assert.equal(percentText(en, move("0.5000", "UP")), "+0.50%");
  assert.equal(percentText(en, move("0", "FLAT")), "0.00%");
  assert.equal(percentText(ru, move("0", "FLAT")), "0,00\u00a0%");
  assert.equal(percentText(en, undefined), "–");
});

test("a fall that rounds to zero keeps its sign, and a rise does not", () => {
  assert.equal(percentText(en, move("-0.0049", "DOWN")), "-0.00%");
  assert.equal(percentText(en, move("0.0049", "UP")), "0.00%");
});

test("both roundings are half-even", () => {
  assert.equal(percentText(en, move("0.125", "UP")), "+0.12%");
  assert.equal(percentText(en, move("0.135", "UP")), "+0.14%");
  assert.equal(percentText(en, move("-0.125", "DOWN")), "-0.12%");
  for (const [text, expected] of [["0.000025", 2n], ["0.000035", 4n], ["0.0000250001", 3n], ["-0.000025", -2n], ["-0.000035", -4n]]) {
    assert.equal(rounded(parseDecimal(text), 5).units, expected, text);
  }
  assert.deepEqual(significant(parseDecimal("0.00012350"), 3), { units: 124n, scale: 6 });
  assert.deepEqual(significant(parseDecimal("0.00012450"), 3), { units: 124n, scale: 6 });
});

const row = (currency, units, value, home_currency, source = "nbk") => ({ source, currency, units, value, home_currency, effective_date: "2026-04-02" });
const change = (absolute, percent, direction, reference_value) => ({ absolute, percent, direction, reference_value, reference_date: "2026-04-01" });

test("the local form is the row of the bank, with the change of that row", () => {
  const inverted = rate("KZT/USD", "0.00210486434149", {
    fixings: [row("USD", "1", "475.09", "KZT")], change: change("0.0000161", "0.7703", "UP", "0.00208877"),
  });
  // One divided by 478.75, to 12 significant digits.
  inverted.change.reference_value = "0.00208877284595";
  const entry = entryOf(inverted, "local", "previous");
  assert.deepEqual([entry.base, entry.units, numberText(en, entry.value), entry.quote, entry.isPublished], ["USD", 1n, "475.09", "KZT", true]);
  assert.deepEqual([numberText(en, entry.move.absolute), numberText(en, entry.move.percent), entry.move.direction], ["-3.66", "-0.7645", "DOWN"]);
  const pair = entryOf(inverted, "pair", "previous");
  assert.deepEqual([pair.base, numberText(en, pair.move.percent)], ["KZT", "0.7703"]);
});

test("the local form has the nominal of the bank, and a power of ten where no bank prints the pair", () => {
  const nominal = rate("KZT/RUB", "0.156012", { derivation: "PUBLISHED", source: "cbr", fixings: [row("KZT", "100", "15.6012", "RUB", "cbr")], change: change("0.000312", "0.2004", "UP", "0.1557") });
  const entry = entryOf(nominal, "local", "previous");
  assert.deepEqual([entry.base, entry.units, numberText(en, entry.value), numberText(en, entry.move.absolute)], ["KZT", 100n, "15.6012", "0.031200"]);
  const crossed = rate("UZS/KZT", "0.0423456", { derivation: "CROSSED", fixings: [row("USD", "1", "12100", "UZS"), row("USD", "1", "475", "KZT")] });
  const { units, value, isPublished } = entryOf(crossed, "local", "previous");
  assert.deepEqual([units, numberText(en, value), isPublished], [100n, "4.23456", false]);
  const announced = rate("KZT/USD", "0.002", { fixings: [row("USD", "1", "500.00", "KZT")], announced: { value: "0.00198019801980", effective_date: "2026-04-03", change: change("-0.0000198", "-0.9901", "DOWN", "0.002") } });
  const next = entryOf(announced, "local", "previous").announced;
  assert.deepEqual([numberText(en, next.value), next.move.direction, numberText(en, next.move.percent)], ["505.00", "UP", "1.0000"]);
});

test("a value of a vendor's table is rounded like a derived one", () => {
  const market = rate("USD/KZT", "511.015258", { derivation: "PUBLISHED", source: "market" });
  assert.equal(entryOf(market, "pair", "previous").isPublished, false);
});

test("no digit of a long value is lost", () => {
  assert.equal(exactText(en, "1234567890123456789.123455"), "1,234,567,890,123,456,789.123455");
});

test("what is no plain decimal is unknown", () => {
  for (const text of [null, undefined, "", "1e5", "NaN", "0x10", " 1", "1.", ".5", "+1", "1,5", "--1", "9".repeat(65)]) {
    assert.equal(exactText(en, text), "–", String(text));
    assert.equal(entryOf(rate("KZT/USD", text), "pair", "previous"), undefined);
  }
});

test("separators and the place of the percent sign are the language's", () => {
  assert.equal(percentText(ru, move("-1.0412", "DOWN")), "-1,04\u00a0%");
  assert.equal(percentText(localeOf("uz"), move("1.0412", "UP")), "+1,04%");
  assert.equal(money(ru, "KZT", "511,02"), "511,02\u00a0₸");
  assert.equal(money(en, "KGS", "1"), "KGS\u00a01");
  assert.equal(money(en, "KZT", "5.85"), "₸5.85");
  assert.equal(money(en, "KZT", "5.85", true), "5.85\u00a0KZT");
  assert.equal(money(localeOf("uz"), "UZS", "10\u00a0000"), "10\u00a0000\u00a0soʻm");
});

test("the difference has a sign, and is spelled out when it is small", () => {
  const difference = (absolute, direction, value) => differenceText(en, displayedDifference(parseDecimal(absolute), parseDecimal(value)), direction);
  assert.equal(difference("-0.00002059", "DOWN", "0.0019569"), "-0.0000206");
  assert.equal(difference("5.3", "UP", "511.02"), "+5.30");
  assert.equal(difference("0.5", "UP", "475.09"), "+0.50");
  assert.equal(difference("0", "FLAT", "475.09"), "0");
});

test("the change is given in words too", () => {
  assert.equal(changeWords(en, move("-1.0412", "DOWN")), "down 1.04%");
  assert.equal(changeWords(en, move("-0.0049", "DOWN")), "down 0.00%");
  assert.equal(changeWords(ru, move("0.5", "UP")), "рост 0,50\u00a0%");
  assert.equal(changeWords(en, move("0", "FLAT")), "unchanged");
  assert.equal(changeWords(en, undefined), "no earlier value is known");
});

test("a language is found by its tag, and English stands in for what is not spoken", () => {
  assert.equal(localeOf("ru-KZ").tag, "ru");
  assert.equal(localeOf("uz-Cyrl-UZ").tag, "uz-Cyrl");
  assert.equal(localeOf("uz_CYRL").tag, "uz-Cyrl");
  assert.equal(localeOf("uz-Latn").tag, "uz");
  assert.equal(localeOf("fr").tag, "en");
  assert.equal(localeOf("").tag, "en");
});

test("a date is the civil one, whatever the reader's zone", () => {
  assert.equal(dateText(en, "2025-12-08"), "8 December 2025");
  assert.equal(dateText(ru, "2025-12-08"), "8 декабря 2025\u00a0г.");
  assert.equal(dateText(en, null), "–");
  assert.equal(dateText(en, "2025-12"), "–");
});

test("both banks of a crossed pair are named", () => {
  assert.equal(bank(en, "nbkr+nbk"), "National Bank of the Kyrgyz Republic + National Bank of Kazakhstan");
  assert.equal(bank(en, "xyz", () => "A Bank"), "A Bank");
  assert.equal(bank(en, "xyz"), "xyz");
});

test("heights of a drawing are computed from the digits", () => {
  assert.deepEqual(chartHeights(["0.001", "0.0015", "0.002"].map(parseDecimal), 30n), ["0", "15", "30"]);
  assert.deepEqual(chartHeights(["2", "2.0"].map(parseDecimal), 30n), ["15", "15"]);
});
