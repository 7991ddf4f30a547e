// The chart against the double: a year of history with gaps and in pages, fixings that a page missed, a clock that goes on, and
// a script of another version.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { change, rate, start } from "./double.mjs";
import { becomes, browser, dist, until } from "./support.mjs";

const DAY = 86_400_000;
const TODAY = Date.parse("2025-12-08");
const WINDOWS = ["WEEK", "MONTH", "YEAR"].map((window) => ({ window, change: change("1.0412", "5.21", "UP", "2025-11-07"), reason: null }));

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium?.close());

const date = (daysAgo) => new Date(TODAY - daysAgo * DAY).toISOString().slice(0, 10);

/** The rate of USD/KZT some days ago, in hundredths. */
const tenge = (daysAgo, hundredths, more = {}) => rate("USD/KZT", `${Math.floor(hundredths / 100)}.${`${hundredths % 100}`.padStart(2, "0")}`, {
  derivation: "PUBLISHED", effective_date: date(daysAgo), freshness: "UNSPECIFIED", change: change("0.1000", "0.50", "UP", date(daysAgo + 1)), ...more,
});

/** A year of fixings of USD/KZT on working days, the newest first, without those between some days ago. */
function year(from = 0, to = 0) {
  const days = [...Array(400).keys()].filter((ago) => ![0, 6].includes(new Date(TODAY - ago * DAY).getUTCDay()) && !(ago > from && ago < to));
  return days.map((ago) => tenge(ago, 50_000 + ((ago * 37) % 900) + ago));
}

/** A page of a news site with this body, and a double of its own that has a history; both end with the test. */
async function open(context, body, { history = year(), prepare } = {}) {
  const newest = history[0];
  const double = await start({ rates: newest ? [{ ...newest, freshness: "FRESH", windows: WINDOWS }, rate("KZT/USD", "0.0019569")] : [] });
  double.histories.set("USD/KZT", history);
  prepare?.(double);
  double.pages.set("/page", `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><link rel="icon" href="/icon.svg"><script src="/chart.js" async></script></head><body><main><h1>News</h1>${body}</main></body></html>`);
  const page = await chromium.context.newPage();
  const [faults, told] = [[], []];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    (/Content.Security.Policy/i.test(message.text()) ? faults : told).push(message.text());
  });
  context.after(async () => {
    await page.close();
    await double.close();
    assert.deepEqual(faults, []);
  });
  await page.setViewportSize({ width: 900, height: 600 });
  await page.goto(`${double.url}page`);
  return { double, page, told };
}

const part = (page, name) => page.locator(`silk-chart [part~=${name}]`).first();
const line = (page) => part(page, "line").getAttribute("d");
/** Waits until a chart is drawn. */
const drawn = (page) => until(async () => (await part(page, "line").count()) && /H/.test((await line(page)) ?? ""), "the line is drawn");
/** Waits until the stream of a page is open: what is sent before would reach it as a snapshot. */
const streaming = (double) => until(() => double.open.size === 1, "the stream is open");
/** The lines of the tooltip; nothing while it is closed. */
const tooltip = async (page) => ((await part(page, "tooltip").isVisible()) ? part(page, "tooltip").innerText() : "");
/** The pair, the value and the change above the line. */
const heading = async (page) => (await part(page, "rate").innerText()).replaceAll("\n", " ");
/** The dates of the table, the newest first. */
const rows = (page) => page.locator("silk-chart tbody th").allInnerTexts();

test("an update moves the end, and the history is requested once", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { history: year().slice(1) });
  await drawn(page);
  await streaming(double);
  const before = await rows(page);
  double.send([tenge(0, 61_000, { freshness: "FRESH", windows: WINDOWS, change: change("1", "1", "UP", date(3)) })]);
  await until(async () => (await rows(page)).length === before.length + 1, "a row is added");
  await becomes(async () => (await rows(page))[0], "8 December 2025", "the newest row is the first");
  await becomes(() => heading(page), /610\.00/, "the heading has the new value");
  double.send([tenge(0, 62_000, { freshness: "FRESH", windows: WINDOWS })]);
  await until(async () => /620\.00/.test(await heading(page)), "the corrected value is shown");
  assert.equal((await rows(page)).length, before.length + 1, "a correction adds no row");
  assert.equal(double.asked.filter((path) => path.startsWith("/v1/history")).length, 1);
});

test("a page that missed fixings requests the dates between", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT" window="week"></silk-chart>', { history: year().slice(3) });
  await drawn(page);
  await streaming(double);
  const before = (await rows(page)).length;
  double.histories.set("USD/KZT", year());
  double.send([{ ...year()[0], freshness: "FRESH", windows: WINDOWS, change: change("1", "1", "UP", date(1)) }]);
  await until(async () => (await rows(page)).length >= before + 3, "the missed rows are there");
});

test("a history of several pages is requested to its end, and the year is requested when it is chosen", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { prepare: (double) => (double.pageSize = 100) });
  await drawn(page);
  const first = async () => (await rows(page)).at(-1);
  await becomes(first, "7 November 2025", "the month is shown");
  await page.getByRole("radio", { name: "year" }).check();
  await becomes(first, "6 December 2024", "the year is shown from the fixing in force on its first day");
  assert.ok((await rows(page)).length > 200);
  const starts = double.asked.filter((path) => path.startsWith("/v1/history")).map((path) => new URL(path, double.url).searchParams);
  assert.ok(starts.some((one) => one.get("page_token") === "200"), "the third page");
  assert.equal(starts[0].get("start"), "2025-10-25");
  await page.getByRole("radio", { name: "week" }).check();
  await until(async () => (await rows(page)).length < 10, "the week is shown");
  assert.equal(double.asked.filter((path) => path.startsWith("/v1/history")).length, starts.length, "a shorter period needs no request");
});

test("three weeks without a fixing are a gap in the line, and one is none", async (t) => {
  const moves = async (from, to) => {
    const { page } = await open(t, '<silk-chart pair="USD/KZT" window="year"></silk-chart>', { history: year(from, to) });
    await drawn(page);
    return async () => (await line(page)).match(/M/g).length;
  };
  await becomes(await moves(100, 125), 2, "the line has a gap");
  await becomes(await moves(101, 115), 1, "the line has no gap");
});

test("without the ticker's script the picture within the element stays, and the console says why", async (t) => {
  const [name] = /ticker-[0-9a-f]{16}\.js/.exec(await readFile(join(dist, "chart.js"), "utf8"));
  const { page, told } = await open(t, '<silk-chart pair="USD/KZT"><img src="/chart/USD-KZT.svg" alt="The dollar in a month"></silk-chart>', {
    prepare: (double) => {
      double.files.set("/chart/USD-KZT.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320"/>');
      double.files.set(`/${name}`, "// of another version");
    },
  });
  await until(() => told.some((text) => text.includes("needs the script ticker.js")), "the console names the reason");
  assert.equal(await page.getByAltText("The dollar in a month").isVisible(), true);
});

test("a pair that is quoted for the first time is drawn at once", async (t) => {
  const { double, page, told } = await open(t, '<silk-chart pair="TJS/KZT"></silk-chart>');
  await page.getByText("no data").waitFor();
  await until(() => told.some((text) => text.includes("status 404")), "the history was refused");
  await streaming(double);
  const first = rate("TJS/KZT", "55.25", { derivation: "CROSSED" });
  double.histories.set("TJS/KZT", [first]);
  double.send([first]);
  await drawn(page);
});

/** Rates of the rouble in tenge: by the bank of the tenge now, and by that of the rouble, as the price of 100 tenge, before. */
function roubles(...days) {
  const [one, ...before] = days;
  const of = (daysAgo, value, source, currency, units, printed, home_currency) => tenge(daysAgo, 1, {
    pair: "RUB/KZT", value, source, derivation: source === "nbk" ? "PUBLISHED" : "INVERTED", change: null,
    fixings: [{ source, currency, units, value: printed, home_currency, effective_date: date(daysAgo) }],
  });
  return [of(one, "5.93", "nbk", "RUB", "1", "5.93", "KZT"), ...before.map((ago) => of(ago, "5.76258910870", "cbr", "KZT", "100", "17.3533", "RUB"))];
}

test("the local form has one direction, credits every bank, and says since when the change is where the history is short", async (t) => {
  const prepare = (double) => {
    double.histories.set("RUB/KZT", roubles(0, 3, 6));
    double.rates.push({ ...roubles(0)[0], freshness: "FRESH" });
  };
  const { page } = await open(t, '<silk-chart pair="RUB/KZT" form="local"></silk-chart>', { prepare });
  await drawn(page);
  await becomes(() => page.locator("silk-chart tbody td:nth-of-type(1)").allInnerTexts(), ["5.93", "5.7625891087", "5.7625891087"], "each value has that direction");
  await becomes(() => heading(page), /^₽1 = ₸5\.93 ▲\+2\.91% up 2\.91% since 2 December 2025$/, "the heading says since when");
  await becomes(() => part(page, "foot").innerText(), "as of 8 December 2025 · Sources: National Bank of Kazakhstan, Bank of Russia", "both banks are credited");
  await part(page, "plot").focus();
  await page.keyboard.press("Home");
  await becomes(() => tooltip(page), /^₽1 = ₸5\.7625891087\nas of 2 December 2025/, "the first fixing is read");
  await becomes(() => part(page, "plot").getAttribute("aria-label"), /: from ₸5\.7626 to ₸5\.93 \(\+2\.91%\); lowest ₸5\.7626/, "the words have that direction");
});

test("the period of a stale pair ends today, whether the stream or the snapshot tells the clock, and moves with the day", async (t) => {
  const clock = (double, serverTime) => double.open.forEach((response) => double.event(response, "heartbeat", { server_time: serverTime, sources: [] }));
  for (const silent of ["", "/v1/snapshot.json"]) {
    const prepare = (double) => {
      double.beats = silent !== "";
      if (silent) {
        double.waits.set(silent, () => new Promise(() => {}));
      } else {
        // The snapshot with the clock comes after that of the stream, which has none.
        double.waits.set("/v1/snapshot.json", () => until(() => double.asked.some((path) => path.startsWith("/v1/history")), "the rate of the stream is shown"));
      }
    };
    const { double, page } = await open(t, '<silk-chart pair="USD/KZT" window="week"></silk-chart>', { history: [4, 5, 9, 12].map((ago) => tenge(ago, 50_000 + ago)), prepare });
    await until(async () => (await rows(page)).at(-1) === "29 November 2025", `the week ends today without ${silent || "a heartbeat"}`);
    await streaming(double);
    const before = await line(page);
    clock(double, "2025-12-09T08:00:00Z");
    await until(async () => (await line(page)) !== before, "the week of the next day is drawn");
  }
});

test("one fixing that stood through the period is no change, and one that does not begin it has none", async (t) => {
  for (const [ago, seen] of [[9, /^USD\/KZT 500\.09 0\.00% unchanged in a week$/], [5, /^USD\/KZT 500\.05 – no earlier value is known in a week$/]]) {
    const { page } = await open(t, '<silk-chart pair="USD/KZT" window="week"></silk-chart>', {
      history: [tenge(ago, 50_000 + ago, { change: null })], prepare: (double) => (double.rates[0].windows = []),
    });
    await drawn(page);
    await becomes(() => heading(page), seen, "the heading tells the change");
  }
});

