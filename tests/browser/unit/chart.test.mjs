// The axes of the chart, and the points of its line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { change, rate } from "../double.mjs";
import { load } from "../support.mjs";

const { dateAxis, valueAxis } = await load("chart/scale");
const { dateOf, dayOf } = await load("chart/measure");
const { GAP_DAYS, firstDay, moveOver, pointsOf, pointsWithin, standsUntil } = await load("chart/points");
const { axisText } = await load("chart/words");
const { numberText, localeOf } = await load("locale");
const { parseDecimal } = await load("decimal");
const { summary } = await load("chart/texts");
const en = localeOf("en");

const ticks = (values, most) => valueAxis(values.map(parseDecimal), most).ticks.map((tick) => numberText(en, tick));
const dates = (first, last, most) => dateAxis(dayOf(first), dayOf(last), most).days.map(dateOf);
/** Rates of these dates, the oldest first, with their index as the last digit of the value. */
const history = (...days) => days.map((effective_date, index) => rate("USD/KZT", `50${index}.00`, { derivation: "PUBLISHED", effective_date }));
const shown = (points) => points.map((point) => dateOf(point.day));

test("the values of an axis are round, around all values, and few enough", () => {
  assert.deepEqual(ticks(["471.12", "483.90"], 6), ["470", "475", "480", "485"]);
  assert.deepEqual(ticks(["471.12", "483.90"], 3), ["470", "480", "490"]);
  assert.deepEqual(ticks(["0.0019624", "0.0019205"], 6), ["0.00192", "0.00193", "0.00194", "0.00195", "0.00196", "0.00197"]);
  assert.deepEqual(ticks(["11990.79", "12101"], 5), ["11,950", "12,000", "12,050", "12,100", "12,150"]);
});

test("a peg lies in the middle of an axis though its last digits move", () => {
  for (const values of [["3.5", "3.50"], ["3.49999367891", "3.50000682451"], ["3.499994", "3.500006"]]) {
    assert.deepEqual(ticks(values, 5), ["3.490", "3.495", "3.500", "3.505", "3.510"]);
    const { at } = valueAxis(values.map(parseDecimal), 5);
    values.forEach((value) => assert.ok(Math.abs(at(parseDecimal(value)) - 0.5) < 0.001, value));
  }
  assert.deepEqual(ticks(["500", "502.6"], 6), ["500", "501", "502", "503"], "half a per cent spans an axis of its own");
});

test("values of any size have an axis that holds them between its ends", () => {
  for (const scale of [0, 2, 6, 12]) {
    for (const [low, high] of [[1n, 9n], [97n, 103n], [123456789n, 123456790n], [999999n, 1000001n], [1n, 1000000n]]) {
      const [least, most] = [{ units: low, scale }, { units: high, scale }];
      for (let count = 3; count <= 8; count += 1) {
        const { ticks: marks, at } = valueAxis([most, least], count);
        const name = `${low} to ${high} of ${scale} places, ${count} ticks`;
        assert.ok(marks.length >= 2 && marks.length <= count, `${name}: ${marks.length}`);
        assert.ok(at(least) >= 0 && at(least) <= at(most) && at(most) <= 1, name);
        assert.equal(new Set(marks.map((mark) => mark.scale)).size, 1, name);
        const steps = new Set(marks.slice(1).map((mark, index) => mark.units - marks[index].units));
        assert.equal(steps.size, 1, name);
        assert.match(`${[...steps][0]}`, /^[125]0*$/, name);
      }
    }
  }
});

test("one value alone has an axis around it", () => {
  const axis = valueAxis([parseDecimal("475.09")], 5);
  assert.ok(axis.at(parseDecimal("475.09")) > 0.1 && axis.at(parseDecimal("475.09")) < 0.9);
  assert.equal(valueAxis([parseDecimal("0"), parseDecimal("0.00")], 5).at(parseDecimal("0")), 0.5);
});

test("the dates of an axis are days, Mondays or first days of months, as there is room", () => {
  assert.deepEqual(dates("2025-12-01", "2025-12-04", 9), ["2025-12-01", "2025-12-02", "2025-12-03", "2025-12-04"]);
  assert.deepEqual(dates("2025-11-08", "2025-12-08", 6), ["2025-11-10", "2025-11-17", "2025-11-24", "2025-12-01", "2025-12-08"]);
  assert.deepEqual(dates("2024-12-08", "2025-12-08", 6), ["2025-01-01", "2025-03-01", "2025-05-01", "2025-07-01", "2025-09-01", "2025-11-01"]);
  assert.deepEqual(dates("2025-12-02", "2025-12-07", 2), ["2025-12-02", "2025-12-07"]);
  assert.deepEqual(dates("2025-12-08", "2025-12-08", 5), ["2025-12-08", "2025-12-08"]);
});

test("the text of a day is in the language, and January is the year", () => {
  const text = (date, isMonth, tag) => axisText(localeOf(tag), dayOf(date), isMonth);
  assert.equal(text("2025-12-08", false, "ru"), "8 декабря");
  assert.equal(text("2025-12-08", false, "uz"), "8-dekabr");
  assert.equal(text("2025-03-01", true, "ru"), "март");
  assert.equal(text("2025-01-01", true, "kk"), "2025");
});

test("a period begins on the day on which that of the service begins", () => {
  const first = (window, last) => dateOf(firstDay(window, dayOf(last)));
  assert.equal(first("week", "2026-01-03"), "2025-12-27");
  assert.equal(first("month", "2026-03-31"), "2026-02-28");
  assert.equal(first("month", "2026-01-15"), "2025-12-15");
  assert.equal(first("year", "2024-02-29"), "2023-02-28");
  assert.equal(first("year", "2025-12-08"), "2024-12-08");
});

test("a fixing stands until the next one, and no longer than the service answers from it", () => {
  assert.equal(standsUntil(100, 103), 103);
  assert.equal(standsUntil(100, 101 + GAP_DAYS), 101 + GAP_DAYS);
  assert.equal(standsUntil(100, 102 + GAP_DAYS), 101 + GAP_DAYS);
});

test("the points of a period include the fixing that is in force on its first day, and no other before it", () => {
  const within = (first, ...days) => shown(pointsWithin(pointsOf(history(...days), "pair"), dayOf(first), dayOf("2025-12-08")));
  assert.deepEqual(within("2025-12-01", "2025-11-27", "2025-11-28", "2025-12-02"), ["2025-11-28", "2025-12-02"]);
  assert.deepEqual(within("2025-12-01", "2025-11-27", "2025-12-01"), ["2025-12-01"]);
  assert.deepEqual(within("2025-12-01", "2025-11-16", "2025-12-02"), ["2025-12-02"]);
  assert.deepEqual(within("2025-12-01", "2025-11-17", "2025-12-02"), ["2025-11-17", "2025-12-02"]);
  assert.deepEqual(within("2025-12-01", "2025-11-30"), ["2025-11-30"]);
  assert.deepEqual(within("2025-12-01", "2025-11-01"), []);
  assert.deepEqual(within("2025-12-01", "2025-12-02", "2025-12-09"), ["2025-12-02"]);
});

test("points are one for each date that can be read, the oldest first", () => {
  const rows = history("2025-12-03", "2025-12-01", "2025-12-03", "31 December", "2025-12-02");
  rows.push(rate("USD/KZT", "1e3", { effective_date: "2025-12-04" }), rate("USD/KZT", "1", { effective_date: null }));
  assert.deepEqual(pointsOf(rows, "pair").map(({ day, rate: { value } }) => [dateOf(day), value]), [["2025-12-01", "501.00"], ["2025-12-02", "504.00"], ["2025-12-03", "502.00"]]);
});

test("prices of other numbers of units are compared for as many units as the newest has", () => {
  const row = (date, units, value) => rate("UZS/TJS", "1", {
    derivation: "PUBLISHED", source: "nbt", effective_date: date,
    fixings: [{ source: "nbt", currency: "UZS", units, value, home_currency: "TJS", effective_date: date }],
  });
  const rates = [{ ...row("2025-12-01", "1000", "7.71"), value: "0.00771" }, { ...row("2025-12-02", "10000", "77.2"), value: "0.00772" }];
  const points = pointsOf(rates, "local");
  assert.deepEqual(points.map(({ entry }) => [`${entry.units}`, numberText(en, entry.value)]), [["10000", "77.1"], ["10000", "77.2"]]);
});

test("a fixing of a bank that prints the other currency is turned into the direction of the newest", () => {
  const row = (source, currency, units, value, home_currency) => [{ source, currency, units, value, home_currency, effective_date: "2025-12-01" }];
  const foreign = rate("RUB/KZT", "5.76258910870", {
    derivation: "INVERTED", source: "cbr", effective_date: "2025-12-01", fixings: row("cbr", "KZT", "100", "17.3533", "RUB"),
    change: { ...change("0.5", "0.03", "UP", "2025-11-28"), reference_value: "5.73" },
  });
  const own = rate("RUB/KZT", "5.93", { derivation: "PUBLISHED", source: "nbk", effective_date: "2025-12-02", fixings: row("nbk", "RUB", "1", "5.93", "KZT") });
  const seen = (points) => points.map(({ entry }) => [entry.base, entry.quote, `${entry.units}`, numberText(en, entry.value), entry.move?.direction]);
  const points = pointsOf([foreign, own], "local");
  assert.deepEqual(seen(points), [["RUB", "KZT", "1", "5.7625891087", "UP"], ["RUB", "KZT", "1", "5.93", undefined]]);
  assert.equal(numberText(en, moveOver(points).percent), "2.9051");
  // The other way round the newest is the price of 100 tenge, and that of the rouble becomes one.
  const turned = seen(pointsOf([{ ...own, effective_date: "2025-11-30" }, foreign], "local"));
  assert.deepEqual(turned, [["KZT", "RUB", "100", "16.8634064081", undefined], ["KZT", "RUB", "100", "17.3533", "DOWN"]]);
});

test("the summary says what the line shows, in words and with exact figures", () => {
  const rows = history("2025-12-01", "2025-12-02", "2025-12-03");
  rows[1].value = "498.5";
  rows[2].change = change("0.4", "2.00", "UP");
  const text = summary(pointsOf(rows, "pair"), { locale: en, form: "pair", labels: "code", digits: undefined });
  assert.equal(text, "USD/KZT, 1 December 2025 to 3 December 2025: from 500.00 to 502.00 (+0.40%); lowest 498.50 (2 December 2025), highest 502.00 (3 December 2025)");
});
