// The chart in a browser: on the real service with its demo, and against the double for what the demo does not have.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { change, rate, start } from "./double.mjs";
import { serve, site } from "./server.mjs";
import { browser, dist, shows, until, violations } from "./support.mjs";

/** What a page pays for the chart beside the ticker at most, gzipped. */
const CHART_BYTES_MAX = 10_000;
/** A tenth of a shift counts as poor for a page; a chart may use a fifth of that. */
const SHIFT_MAX = 0.02;
/** The room that a page keeps for a chart. */
const ROOM = 'style="display:block;min-height:20rem"';
const DAY = 86_400_000;
const TODAY = Date.parse("2025-12-08");
const WINDOWS = ["WEEK", "MONTH", "YEAR"].map((window) => ({ window, change: change("1.0412", "5.21", "UP", "2025-11-07"), reason: null }));

let chromium;
let demo;
let news;
before(async () => {
  news = await site();
  [chromium, demo] = await Promise.all([browser(), serve({ SILKRATE_WEB__ALLOWED_ORIGINS: news.origin }, "--demo=december")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
  news?.close();
});

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
async function open(context, body, { history = year(), head = '<script src="/chart.js" async></script>', attributes = 'lang="en"', size, emulate, prepare, refuses = false } = {}) {
  const newest = history[0];
  const double = await start({ rates: newest ? [{ ...newest, freshness: "FRESH", windows: WINDOWS }, rate("KZT/USD", "0.0019569")] : [] });
  double.histories.set("USD/KZT", history);
  prepare?.(double);
  double.pages.set("/page", `<!doctype html><html ${attributes}><head><meta charset="utf-8"><title>A page</title><link rel="icon" href="/icon.svg">${head}</head><body><main><h1>News</h1>${body}</main></body></html>`);
  const page = await chromium.context.newPage();
  const [faults, told] = [[], []];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    (/Content.Security.Policy/i.test(message.text()) && !refuses ? faults : told).push(message.text());
  });
  context.after(async () => {
    await page.close();
    await double.close();
    assert.deepEqual(faults, []);
  });
  page.setDefaultTimeout(20_000);
  await page.emulateMedia(emulate ?? {});
  await page.setViewportSize(size ?? { width: 900, height: 600 });
  await page.goto(`${double.url}page`);
  return { double, page, told };
}

const part = (page, name) => page.locator(`silk-chart [part~=${name}]`).first();
const line = (page) => part(page, "line").getAttribute("d");
/** Waits until a chart is drawn. */
const drawn = (page) => until(async () => (await part(page, "line").count()) && /H/.test((await line(page)) ?? ""), "the line is drawn");
/** The lines of the tooltip; nothing while it is closed. */
const tooltip = async (page) => ((await part(page, "tooltip").isVisible()) ? part(page, "tooltip").innerText() : "");
/** The pair, the value and the change above the line. */
const heading = async (page) => (await part(page, "rate").innerText()).replaceAll("\n", " ");
/** The dates of the table, the newest first. */
const rows = (page) => page.locator("silk-chart tbody th").allInnerTexts();
const streams = (double) => double.asked.filter((path) => path.startsWith("/v1/watch"));

test("a page of an allowed site shows the chart of the real service with one line of script", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(news.put("/chart", `<script src="${demo.url}chart.js" async></script><silk-chart pair="usd/kzt" ${ROOM}></silk-chart>`));
  await drawn(page);
  // The demo goes on between two reads, so both are read until they are of one moment.
  await until(async () => {
    const { rates: [newest] } = await (await fetch(`${demo.url}v1/history/USD/KZT?page_size=1`)).json();
    const [value] = await page.locator("silk-chart tbody td").allInnerTexts();
    return value?.replace(/[^0-9.]/g, "") === newest.value;
  }, "the table begins with the newest value of the service, with every digit");
  assert.match(await heading(page), /^USD\/KZT 5\d\d\.\d+/);
  assert.deepEqual(await violations(page), []);
});

test("a new fixing of the real service moves the end of the line, without a reload", { timeout: 90_000 }, async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(news.put("/live", `<script src="${demo.url}chart.js" async></script><silk-chart pair="USD/KZT" window="week"></silk-chart>`));
  await drawn(page);
  const [first, before] = [await rows(page), await line(page)];
  await until(async () => (await rows(page))[0] !== first[0], "a row of a new date is first");
  assert.notEqual(await line(page), before);
});

test("an update moves the end, and the history is requested once", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { history: year().slice(1) });
  await drawn(page);
  const before = await rows(page);
  double.send([tenge(0, 61_000, { freshness: "FRESH", windows: WINDOWS, change: change("1", "1", "UP", date(3)) })]);
  await until(async () => (await rows(page)).length === before.length + 1, "a row is added");
  assert.equal((await rows(page))[0], "8 December 2025");
  assert.match(await heading(page), /610\.00/);
  double.send([tenge(0, 62_000, { freshness: "FRESH", windows: WINDOWS })]);
  await until(async () => /620\.00/.test(await heading(page)), "the corrected value is shown");
  assert.equal((await rows(page)).length, before.length + 1, "a correction adds no row");
  assert.equal(double.asked.filter((path) => path.startsWith("/v1/history")).length, 1);
});

test("a page that missed fixings requests the dates between", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT" window="week"></silk-chart>', { history: year().slice(3) });
  await drawn(page);
  const before = (await rows(page)).length;
  double.histories.set("USD/KZT", year());
  double.send([{ ...year()[0], freshness: "FRESH", windows: WINDOWS, change: change("1", "1", "UP", date(1)) }]);
  await until(async () => (await rows(page)).length >= before + 3, "the missed rows are there");
});

test("a history of several pages is requested to its end, and the year is requested when it is chosen", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { prepare: (double) => (double.pageSize = 100) });
  await drawn(page);
  const month = await rows(page);
  assert.equal(month.at(-1), "7 November 2025");
  await page.getByRole("radio", { name: "year" }).check();
  await until(async () => (await rows(page)).length > 200, "the year is shown");
  assert.equal((await rows(page)).at(-1), "6 December 2024", "the fixing in force on the first day is the first");
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
    return (await line(page)).match(/M/g).length;
  };
  assert.equal(await moves(100, 125), 2);
  assert.equal(await moves(101, 115), 1);
});

test("the chart and the ticker of a page share one stream and one script, whichever of them is first", async (t) => {
  for (const [first, second] of [["chart", "ticker"], ["ticker", "chart"]]) {
    const head = `<script src="/${first}.js" async onload="fetch('/first-has-run')"></script><script src="/${second}.js" async></script>`;
    const prepare = (double) => {
      double.policy = "";
      double.waits.set(`/${second}.js`, () => until(() => double.asked.includes("/first-has-run"), "the first script has run"));
    };
    const { double, page } = await open(t, '<silk-ticker pairs="KZT/USD"></silk-ticker><silk-chart pair="USD/KZT"></silk-chart>', { head, prepare });
    await shows(page, ["KZT/USD 0.0019569 –"]);
    await drawn(page);
    await until(() => double.open.size === 1, "one stream is open");
    assert.deepEqual(double.asked.filter((path) => /^\/ticker/.test(path)), ["/ticker.js"]);
    assert.match(decodeURIComponent(streams(double).at(-1)), /pairs=KZT\/USD,USD\/KZT/);
  }
});

test("a module script of the chart finds its service, and loads the ticker's script by its digest", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { head: '<script type="module" src="/chart.js"></script>' });
  await drawn(page);
  assert.match(double.asked.find((path) => path.startsWith("/ticker")), /^\/ticker-[0-9a-f]{16}\.js$/);
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

test("the picture within the element is seen until the line takes its place, and nothing moves", async (t) => {
  const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320"><rect width="640" height="320" fill="#ccc"/></svg>';
  const body = `<silk-chart pair="USD/KZT" ${ROOM}><img src="/chart/USD-KZT.svg" alt="The dollar in a month" width="640" height="320"></silk-chart><p id="below">A story.</p>`;
  const { double, page } = await open(t, body, {
    prepare: (double) => {
      double.policy = "";
      double.holds = true;
      double.files.set("/chart/USD-KZT.svg", picture);
    },
  });
  await watchShifts(page);
  await page.getByAltText("The dollar in a month").waitFor();
  await page.evaluate(() => customElements.whenDefined("silk-chart").then(() => undefined));
  assert.equal(await page.getByAltText("The dollar in a month").isVisible(), true);
  double.holds = false;
  await page.reload();
  await drawn(page);
  assert.equal(await page.getByAltText("The dollar in a month").isVisible(), false);
  await still(t, page, "a picture, then a chart");
});

test("a chart in reserved room moves nothing while it loads, nor when the period or the rate changes", async (t) => {
  for (const size of [{ width: 900, height: 700 }, { width: 360, height: 640 }]) {
    const { double, page } = await open(t, `<silk-chart pair="USD/KZT" ${ROOM}></silk-chart>${"<p>A story of some lines.</p>".repeat(9)}`, { size, prepare: (double) => (double.policy = "") });
    await watchShifts(page);
    await drawn(page);
    double.send([tenge(0, 61_000, { freshness: "FRESH", windows: WINDOWS })]);
    await until(async () => /610\.00/.test(await heading(page)), "the update is shown");
    await page.getByRole("radio", { name: "year" }).check();
    await until(async () => (await rows(page)).length > 200, "the year is shown");
    await still(t, page, `a chart of ${size.width} pixels`);
  }
});

/** Collects the layout shifts of the page from its beginning, after a reload too. */
async function watchShifts(page) {
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.shifts.push(entry.value))).observe({ type: "layout-shift", buffered: true });
  });
  await page.reload();
}

async function still(context, page, name) {
  const sum = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(window.shifts.reduce((all, one) => all + one, 0)), 100)))));
  context.diagnostic(`${name}: a shift of ${sum.toFixed(4)}`);
  assert.ok(sum <= SHIFT_MAX, `${name}: ${sum}`);
}

test("the keyboard reaches the periods and the plot in one stop each, and reads every point", async (t) => {
  const { page } = await open(t, '<silk-chart pair="USD/KZT" window="week"></silk-chart><button>after</button>', { history: [tenge(0, 50_300), tenge(3, 50_200), tenge(4, 50_100, { source: "cbr" }), tenge(5, 50_000)] });
  await drawn(page);
  const focused = () => page.evaluate(() => document.querySelector("silk-chart").shadowRoot.activeElement?.getAttribute("role") ?? document.querySelector("silk-chart").shadowRoot.activeElement?.type ?? document.activeElement.textContent);
  const stops = [];
  for (let presses = 0; presses < 3; presses += 1) {
    await page.keyboard.press("Tab");
    stops.push(await focused());
  }
  assert.deepEqual(stops, ["radio", "img", "after"]);
  assert.equal(await part(page, "tooltip").isVisible(), false);
  await page.keyboard.press("Shift+Tab");
  const seen = [];
  for (const key of ["", "ArrowLeft", "ArrowLeft", "Home", "ArrowLeft", "ArrowRight", "End", "ArrowRight"]) {
    if (key) {
      await page.keyboard.press(key);
    }
    seen.push((await tooltip(page)).split("\n")[1]);
  }
  const days = [8, 5, 4, 3, 3, 4, 8, 8].map((day) => `as of ${day} December 2025`);
  assert.deepEqual(seen, days);
  await page.keyboard.press("Escape");
  assert.equal(await part(page, "tooltip").isVisible(), false);
  await page.keyboard.press("ArrowLeft");
  assert.match(await tooltip(page), /^\$1 = ₸502\.00\nas of 5 December 2025\nup 0\.10%, \+0\.50 \(since 4 December 2025\)$/);
  await page.keyboard.press("ArrowLeft");
  assert.match(await tooltip(page), /Source: Bank of Russia/, "a point of another source names it");
  assert.equal(await page.locator("silk-chart [aria-live], silk-chart [role=status]").count(), 0, "nothing is read out of turn");
});

test("pointer and touch read the fixing that is in force under them, and the tooltip is whole at both edges", async (t) => {
  for (const width of [900, 240]) {
    const { page } = await open(t, '<silk-chart pair="USD/KZT" window="month"></silk-chart>', { size: { width, height: 480 } });
    await drawn(page);
    const plot = await part(page, "plot").boundingBox();
    for (const [share, expected] of [[0.005, "7 November"], [0.99, "8 December"], [0.5, "2"]]) {
      await page.mouse.move(plot.x + plot.width * share, plot.y + plot.height / 2);
      assert.match(await tooltip(page), new RegExp(`as of ${expected}`));
      const box = await part(page, "tooltip").boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= 480, `${width}, ${share}: ${JSON.stringify(box)}`);
    }
    await page.mouse.move(1, 1);
    assert.equal(await part(page, "tooltip").isVisible(), false);
    await touch(page, 0.005);
    assert.match(await tooltip(page), /as of 7 November/, "a finger that is lifted leaves it open");
  }
});

/** Touches the plot at a share of its width, and lifts the finger. */
function touch(page, share) {
  return part(page, "plot").evaluate((plot, at) => {
    const { left, width, top } = plot.getBoundingClientRect();
    const where = { pointerType: "touch", clientX: left + width * at, clientY: top + 9, bubbles: true };
    ["pointerdown", "pointermove", "pointerup", "pointerleave"].forEach((name) => plot.dispatchEvent(new PointerEvent(name, where)));
  }, share);
}

test("where a policy accepts no address from a script, the page includes the ticker's script", async (t) => {
  const policy = "default-src 'self'; require-trusted-types-for 'script'";
  for (const [ticker, isDrawn] of [["", false], ['<script src="/ticker.js" async></script>', true]]) {
    const { page, told } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', {
      head: `<script src="/chart.js" async></script>${ticker}`, prepare: (double) => (double.policy = policy), refuses: !isDrawn,
    });
    await (isDrawn ? drawn(page) : until(() => told.some((text) => text.includes("needs the script ticker.js")), "the console names the reason"));
  }
});

test("a wrong value is reported and throws nothing, and a property is its attribute", async (t) => {
  const { page, told } = await open(t, '<silk-chart pair="dollar" window="decade" theme="blue" digits="many" height="3" controls="maybe" locale="xx" form="long" labels="flag"></silk-chart>');
  await page.getByText("no data").waitFor();
  const names = ["pair", "window", "theme", "digits", "height", "controls", "locale", "form", "labels"];
  await until(() => names.every((name) => told.some((text) => text.startsWith(`silkrate: <silk-chart ${name}=`))), "each value is reported");
  const properties = await page.locator("silk-chart").evaluate((chart) => {
    Object.assign(chart, { pair: "USD/KZT", window: "year", height: 300, digits: null, controls: "off" });
    chart.pair = { toString: () => { throw new Error("no text"); } };
    chart.pair = "USD/KZT";
    return [chart.pair, chart.getAttribute("window"), chart.height, chart.hasAttribute("digits")];
  });
  assert.deepEqual(properties, ["USD/KZT", "year", "300", false]);
  await until(async () => (await rows(page)).length > 200, "the year is shown");
  assert.equal((await page.locator("silk-chart").boundingBox()).height, 300);
  assert.equal(await page.getByRole("radio").count(), 0);
});

test("a pair that is not quoted has no data, and the console says why", async (t) => {
  const { page, told } = await open(t, '<silk-chart pair="XXX/KZT"></silk-chart>');
  await page.getByText("no data").waitFor();
  await until(() => told.some((text) => /XXX\/KZT.* answers with status 404: no source quotes it/.test(text)), "the console names the reason");
  assert.equal(await part(page, "value").innerText(), "–\nunknown");
});

test("a pair that is quoted for the first time is drawn at once", async (t) => {
  const { double, page, told } = await open(t, '<silk-chart pair="TJS/KZT"></silk-chart>');
  await page.getByText("no data").waitFor();
  await until(() => told.some((text) => text.includes("status 404")), "the history was refused");
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
  assert.deepEqual(await page.locator("silk-chart tbody td:nth-of-type(1)").allInnerTexts(), ["5.93", "5.7625891087", "5.7625891087"]);
  assert.match(await heading(page), /^₽1 = ₸5\.93 ▲\+2\.91% up 2\.91% since 2 December 2025$/);
  assert.equal(await part(page, "foot").innerText(), "as of 8 December 2025 · Sources: National Bank of Kazakhstan, Bank of Russia");
  await part(page, "plot").focus();
  await page.keyboard.press("Home");
  assert.match(await tooltip(page), /^₽1 = ₸5\.7625891087\nas of 2 December 2025/);
  assert.match(await part(page, "plot").getAttribute("aria-label"), /: from ₸5\.7626 to ₸5\.93 \(\+2\.91%\); lowest ₸5\.7626/);
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
    assert.match(await heading(page), seen);
  }
});

test("a wrong height counts as none, and the lowest chart is as low as it says", async (t) => {
  const { page } = await open(t, ["9", "tall", "120", "121"].map((height) => `<silk-chart pair="USD/KZT" window="week" height="${height}"></silk-chart>`).join("<p>News.</p>"));
  await drawn(page);
  const heights = await page.locator("silk-chart").evaluateAll((charts) => charts.map((chart) => chart.getBoundingClientRect().height));
  assert.deepEqual(heights, [320, 320, 120, 121]);
});

test("a service that is gone leaves the line, and says quietly that it may be old", { timeout: 60_000 }, async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>');
  await drawn(page);
  await until(() => double.open.size === 1, "the stream is open");
  double.dark = true;
  double.streams = "refused";
  double.drop();
  await page.getByText("Not connected; the last known values").waitFor({ timeout: 30_000 });
  assert.match(await line(page), /H/);
});

test("a service that is away is quietly without data, and the line comes when it is back", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { prepare: (double) => (double.dark = true) });
  await page.getByText("no data").waitFor();
  double.dark = false;
  await drawn(page);
  assert.equal(await page.getByText("no data").count(), 0);
});

test("attributes and the language may change at any time", async (t) => {
  const { page } = await open(t, '<silk-chart pair="USD/KZT" form="local" labels="code"></silk-chart>');
  await drawn(page);
  assert.match(await heading(page), /^1\u00a0USD = 500\.00\u00a0KZT ▲\+1\.04% up 1\.04% in a month$/);
  await page.evaluate(() => (document.documentElement.lang = "ru"));
  await until(async () => /^1\u00a0USD = 500,00\u00a0KZT/.test(await heading(page)), "the numbers are Russian");
  assert.match(await part(page, "plot").getAttribute("aria-label"), /^USD\/KZT, с 7 ноября 2025\u00a0г\. по 8 декабря 2025\u00a0г\.: /);
  await page.locator("silk-chart").evaluate((chart) => (chart.pair = "KZT/USD"));
  await until(async () => (await heading(page)).includes("KZT"), "the other pair is shown");
});

test("in a column of 240 pixels, on a page from right to left and in print, nothing is cut", async (t) => {
  const { page } = await open(t, '<div style="width:240px"><silk-chart pair="USD/KZT" locale="uz-Cyrl" labels="name"></silk-chart></div>', { attributes: 'lang="en" dir="rtl"', size: { width: 320, height: 700 }, prepare: (double) => (double.policy = "") });
  await drawn(page);
  const overflow = () => page.locator("silk-chart").evaluate((chart) => {
    const room = chart.getBoundingClientRect();
    return [...chart.shadowRoot.querySelectorAll("text, .rate > *, .windows, .foot, .plot")].flatMap((node) => {
      const box = node.getBoundingClientRect();
      return box.width && (box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1) ? [node.textContent] : [];
    });
  });
  assert.deepEqual(await overflow(), []);
  const [first, last] = await page.locator("silk-chart").evaluate((chart) => {
    const dates = [...chart.shadowRoot.querySelectorAll("text.date")].map((label) => label.getBoundingClientRect().left);
    return [dates[0], dates.at(-1)];
  });
  assert.ok(first < last, "time goes from left to right");
  await page.emulateMedia({ media: "print" });
  assert.equal(await part(page, "windows").isVisible(), false);
  assert.equal(await part(page, "line").isVisible(), true);
  assert.deepEqual(await overflow(), []);
});

test("the checker of accessibility finds nothing, in both themes, with data and without", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const emulate = { colorScheme };
    const { page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart><silk-chart pair="XXX/KZT" height="200"></silk-chart><silk-chart pair="USD/KZT" theme="dark" window="year" locale="ru"></silk-chart>', { emulate });
    await page.evaluate((scheme) => (document.documentElement.style.colorScheme = scheme), colorScheme);
    await drawn(page);
    await page.getByText("no data").waitFor();
    assert.deepEqual(await violations(page), []);
  }
});

test("with forced colours the line, its end and the grid have colours of the system", async (t) => {
  const { page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { emulate: { forcedColors: "active" } });
  await drawn(page);
  const colours = await page.locator("silk-chart").evaluate((chart) => {
    const system = (name) => {
      const probe = chart.parentElement.appendChild(document.createElement("i"));
      Object.assign(probe.style, { color: name, forcedColorAdjust: "none" });
      return getComputedStyle(probe).color;
    };
    const of = (selector, property) => getComputedStyle(chart.shadowRoot.querySelector(selector))[property];
    return [[of(".line", "stroke"), system("Highlight")], [of(".end", "fill"), system("Highlight")], [of(".grid", "stroke"), system("GrayText")]];
  });
  colours.forEach(([found, wanted]) => assert.equal(found, wanted));
});

test("with reduced motion the end of the line does not flash, and otherwise it does", async (t) => {
  for (const [reducedMotion, count] of [["reduce", 0], ["no-preference", 1]]) {
    const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>', { emulate: { reducedMotion } });
    await drawn(page);
    double.send([tenge(0, 61_000, { freshness: "FRESH", windows: WINDOWS })]);
    await until(async () => /610\.00/.test(await heading(page)), "the update is shown");
    assert.equal(await page.locator("silk-chart").evaluate((chart) => chart.shadowRoot.getAnimations().length), count);
  }
});

test("an element that is removed closes its stream", async (t) => {
  const { double, page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart>');
  await drawn(page);
  await until(() => double.open.size === 1, "the stream is open");
  await page.locator("silk-chart").evaluate((chart) => chart.remove());
  await until(() => double.open.size === 0, "the stream is closed");
});

test("the chart is light", async (t) => {
  const size = gzipSync(await readFile(join(dist, "chart.js")), { level: 9 }).length;
  t.diagnostic(`chart.js: ${size} bytes gzipped`);
  assert.ok(size <= CHART_BYTES_MAX, `${size} bytes`);
});
