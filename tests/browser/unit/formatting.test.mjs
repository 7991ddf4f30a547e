// The cases of src/domain/ticker.rs, and what is the element's alone: separators, words, dates.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../support.mjs";

const { absoluteText, bank, changeWords, dateText, equation, localeOf, percentText, valueText } = await load("locale");
const { chartHeights, parseDecimal, rounded, significant } = await load("decimal");
const en = localeOf("en");
const ru = localeOf("ru");

function change(percent, direction, absolute = "0") {
  return { percent, direction, absolute, reference_value: "1", reference_date: "2025-12-05" };
}

test("a value has five decimals and the percentage is true", () => {
  assert.equal(valueText(en, "0.00195689"), "0.00196");
  assert.equal(percentText(en, change("-1.0412", "DOWN")), "-1.04%");
  assert.equal(valueText(en, "0.2849"), "0.28490");
  assert.equal(percentText(en, change("0", "FLAT")), "0%");
  assert.equal(valueText(en, "475.09"), "475.09000");
  assert.equal(percentText(en, change("0.5000", "UP")), "+0.5%");
  assert.equal(valueText(en, "1"), "1.00000");
  assert.equal(percentText(en, null), "n/a");
});

test("a fall that rounds to zero keeps its sign, and a rise does not", () => {
  assert.equal(percentText(en, change("-0.0049", "DOWN")), "-0%");
  assert.equal(percentText(en, change("0.0049", "UP")), "0%");
  assert.equal(percentText(en, change("0", "DOWN")), "-0%");
});

test("both roundings are half-even", () => {
  assert.equal(percentText(en, change("0.125", "UP")), "+0.12%");
  assert.equal(percentText(en, change("0.135", "UP")), "+0.14%");
  assert.equal(percentText(en, change("-0.125", "DOWN")), "-0.12%");
  for (const [text, expected] of [["0.000025", 2n], ["0.000035", 4n], ["0.0000250001", 3n], ["-0.000025", -2n], ["-0.000035", -4n]]) {
    assert.equal(rounded(parseDecimal(text), 5).units, expected, text);
  }
});

test("a value of fewer than three digits after five decimals is spelled out", () => {
  assert.equal(valueText(en, "0.0000833973"), "0.0000834");
  assert.equal(valueText(en, "0.00196"), "0.00196");
  assert.equal(valueText(en, "0.00099999"), "0.001");
  assert.equal(valueText(en, "0.000999499"), "0.000999");
  assert.equal(valueText(en, "0.001"), "0.00100");
  assert.deepEqual(significant(parseDecimal("0.00012350"), 3), { units: 124n, scale: 6 });
  assert.deepEqual(significant(parseDecimal("0.00012450"), 3), { units: 124n, scale: 6 });
});

test("no digit of a long value is lost", () => {
  assert.equal(valueText(en, "1234567890123456789.123455"), "1,234,567,890,123,456,789.12346");
  assert.equal(equation(en, "KZT/USD", "0.00195689012345678901234567"), "₸1 = $0.00195689012345678901234567");
});

test("what is no plain decimal is unknown", () => {
  for (const text of [null, undefined, "", "1e5", "NaN", "0x10", " 1", "1.", ".5", "+1", "1,5", "--1", "9".repeat(65)]) {
    assert.equal(valueText(en, text), "–", String(text));
  }
});

test("separators and the place of the percent sign are the language's", () => {
  assert.equal(valueText(ru, "11990.79"), "11\u00a0990,79000");
  assert.equal(percentText(ru, change("-1.0412", "DOWN")), "-1,04\u00a0%");
  assert.equal(percentText(localeOf("uz"), change("1.0412", "UP")), "+1,04%");
  assert.equal(equation(ru, "USD/KZT", "511.02"), "1\u00a0$ = 511,02\u00a0₸");
  assert.equal(equation(en, "KGS/KZT", "5.85"), "KGS\u00a01 = ₸5.85");
});

test("the difference has a sign, and is spelled out when it is small", () => {
  assert.equal(absoluteText(en, change("-1.0412", "DOWN", "-0.00002059")), "-0.0000206");
  assert.equal(absoluteText(en, change("1.05", "UP", "5.31")), "+5.31000");
  assert.equal(absoluteText(en, change("0", "FLAT", "0")), "0");
  assert.equal(absoluteText(en, null), "n/a");
});

test("the change is given in words too", () => {
  assert.equal(changeWords(en, change("-1.0412", "DOWN")), "down 1.04%");
  assert.equal(changeWords(en, change("-0.0049", "DOWN")), "down 0%");
  assert.equal(changeWords(ru, change("0.5", "UP")), "рост 0,5\u00a0%");
  assert.equal(changeWords(en, change("0", "FLAT")), "unchanged");
  assert.equal(changeWords(en, null), "no earlier value is known");
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
