// The chart in a browser, with the real service: behind the proxy of a site, and with its demo.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { POLICY, front, lineWith } from "./front.mjs";
import { serve, site as newsSite } from "./server.mjs";
import { becomes, browser, dist, shows, until, violations } from "./support.mjs";

/** What a page pays for the chart beside the ticker at most, gzipped. */
const CHART_BYTES_MAX = 10_000;
/** A tenth of a shift counts as poor for a page; a chart may use a fifth of that. */
const SHIFT_MAX = 0.02;
/** The room that a page keeps for a chart. */
const ROOM = 'style="display:block;min-height:20rem"';
const SCRIPT = '<script src="/chart.js" async></script>';
/** The dollars of the bank before 1 April, with 478.77, and 2 April, with 475.09 until it is corrected. */
const EARLIER = { "25.03.2026": "480.00", "31.03.2026": "477.00" };
const DAYS = ["2 April 2026", "1 April 2026", "31 March 2026", "25 March 2026"];
const WEEK = '<silk-chart pair="USD/KZT" window="week"></silk-chart>';

let chromium;
let demo;
/** A site of another origin, which the demo allows. */
let news;
/** A site in front of a service whose history is known. */
let site;
before(async () => {
  news = await newsSite();
  [chromium, demo, site] = await Promise.all([browser(), serve({ SILKRATE_WEB__ALLOWED_ORIGINS: news.origin }, "--demo=december"), front({}, ["CBR"], EARLIER)]);
  await until(async () => (await (await fetch(`${site.service.url}v1/history/USD/KZT`)).json()).rates.filter(({ source }) => source === "nbk").length === DAYS.length, "every table is filed");
});
after(async () => {
  await Promise.all([chromium?.close(), demo?.stop(), site?.close()]);
  news?.close();
});

/** A page of the site with this body. It fails the test when a script throws; what the console says is kept. */
async function open(context, body, { head = SCRIPT, attributes = 'lang="en"', size, emulate, policy = POLICY, prepare, refuses = false } = {}) {
  site.restore();
  site.policy = policy;
  const page = await chromium.context.newPage();
  const [faults, told] = [[], []];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    (/Content.Security.Policy/i.test(message.text()) && !refuses ? faults : told).push(message.text());
  });
  context.after(async () => {
    await page.close();
    site.restore();
    assert.deepEqual(faults, []);
  });
  await page.emulateMedia(emulate ?? {});
  await page.setViewportSize(size ?? { width: 900, height: 600 });
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.shifts.push(entry.value))).observe({ type: "layout-shift", buffered: true });
  });
  await prepare?.(page);
  await page.goto(site.put("/page", body, { head, attributes }));
  return { page, told };
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
const value = (page) => page.locator("silk-chart tbody td").first().innerText();

async function still(context, page, name) {
  const sum = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(window.shifts.reduce((all, one) => all + one, 0)), 100)))));
  context.diagnostic(`${name}: a shift of ${sum.toFixed(4)}`);
  assert.ok(sum <= SHIFT_MAX, `${name}: ${sum}`);
}

test("a page of an allowed site shows the chart with one line of script", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(news.put("/chart", `<script src="${demo.url}chart.js" async></script><silk-chart pair="usd/kzt" ${ROOM}></silk-chart>`));
  await drawn(page);
  // The demo goes on between two reads, so both are read until they are of one moment.
  await until(async () => {
    const { rates: [newest] } = await (await fetch(`${demo.url}v1/history/USD/KZT?page_size=1`)).json();
    return (await value(page)).replace(/[^0-9.]/g, "") === newest.value;
  }, "the table begins with the newest value of the service, with every digit");
  await becomes(() => heading(page), /^USD\/KZT 5\d\d\.\d+/, "the heading has the value");
  assert.deepEqual(await violations(page), []);
});

test("a new fixing moves the end of the line, without a reload", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(news.put("/live", `<script src="${demo.url}chart.js" async></script><silk-chart pair="USD/KZT" window="week"></silk-chart>`));
  await drawn(page);
  // Both are of one moment: the demo goes on.
  const seen = () => page.locator("silk-chart").evaluate(({ shadowRoot }) => [shadowRoot.querySelector("tbody th")?.innerText, shadowRoot.querySelector("[part~=line]")?.getAttribute("d")]);
  const [first, before] = await seen();
  await until(async () => (await seen()).every((part, at) => part && part !== [first, before][at]), "a row of a new date is first, and the line is another one");
});

test("the table has every value of the bank with its date, and a correction moves the end and adds no row", async (t) => {
  const { page } = await open(t, WEEK);
  await drawn(page);
  await becomes(() => rows(page), DAYS, "the dates are those of the bank");
  await becomes(() => page.locator("silk-chart tbody td:nth-of-type(1)").allInnerTexts(), [site.nbk.dollar, "478.77", "477.00", "480.00"], "the values are those of the bank");
  await becomes(() => heading(page), /^USD\/KZT 475\.09 ▼-1\.02% down 1\.02% in a week$/, "the heading has the change of the week");
  const before = await line(page);
  site.raise();
  await becomes(() => value(page), site.nbk.dollar, "the corrected value is shown");
  await becomes(() => heading(page), new RegExp(`^USD/KZT ${site.nbk.dollar} `), "the heading has it too");
  await until(async () => (await line(page)) !== before, "the line ends elsewhere");
  assert.deepEqual(await rows(page), DAYS);
  assert.equal(site.count("/v1/history"), 1, "the history is requested once");
});

test("the chart and the ticker of a page share one stream and one script, whichever of them is first", async (t) => {
  for (const [first, second] of [["chart", "ticker"], ["ticker", "chart"]]) {
    const head = [first, second].map((name) => `<script src="/${name}.js" async></script>`).join("");
    const prepare = (page) => page.route(`**/${second}.js`, async (route) => {
      // The first script has run: the chart's asks for the other one or is there, the ticker's has defined its element.
      await page.waitForFunction((name) => performance.getEntriesByName(new URL(`/${name}.js`, location.href).href)[0]?.responseEnd > 0, first);
      await route.continue();
    });
    const { page } = await open(t, '<silk-ticker pairs="KZT/USD"></silk-ticker><silk-chart pair="USD/KZT"></silk-chart>', { head, prepare });
    await shows(page, [lineWith(site.nbk.dollar)[0]]);
    await drawn(page);
    const last = () => decodeURIComponent(site.asked.findLast((path) => path.startsWith("/v1/watch")) ?? "");
    await until(() => site.open.size === 1 && /pairs=KZT\/USD,USD\/KZT/.test(last()), "one stream is open, with both pairs");
    assert.deepEqual(site.asked.filter((path) => /^\/ticker/.test(path)), ["/ticker.js"]);
    await page.close();
  }
});

test("a module script of the chart finds its service, and loads the ticker's script by its digest", async (t) => {
  const { page } = await open(t, WEEK, { head: '<script type="module" src="/chart.js"></script>' });
  await drawn(page);
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
  assert.match(loaded.find((path) => path.startsWith("/ticker")), /^\/ticker-[0-9a-f]{16}\.js$/);
});

test("the picture within the element is seen until the line takes its place, and nothing moves", async (t) => {
  const body = `<silk-chart pair="USD/KZT" ${ROOM}><img src="/chart/USD-KZT.svg" alt="The dollar in a month" width="640" height="320"></silk-chart><p id="below">A story.</p>`;
  const { page } = await open(t, body, { policy: "", prepare: () => site.hold() });
  const picture = page.getByAltText("The dollar in a month");
  await picture.waitFor();
  await page.evaluate(() => customElements.whenDefined("silk-chart").then(() => undefined));
  assert.ok(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth === 640)));
  assert.equal(await picture.isVisible(), true);
  site.release();
  await drawn(page);
  await picture.waitFor({ state: "hidden" });
  await still(t, page, "a picture, then a chart");
});

test("a chart in reserved room moves nothing while it loads, nor when the period or the rate changes", async (t) => {
  for (const size of [{ width: 900, height: 700 }, { width: 360, height: 640 }]) {
    const { page } = await open(t, `<silk-chart pair="USD/KZT" ${ROOM}></silk-chart>${"<p>A story of some lines.</p>".repeat(9)}`, { size, policy: "" });
    await drawn(page);
    site.raise();
    await until(async () => (await heading(page)).includes(site.nbk.dollar), "the update is shown");
    await page.getByRole("radio", { name: "year" }).check();
    await until(() => site.asked.some((path) => path.startsWith("/v1/history") && path.includes("2025-")), "the year is requested");
    await until(async () => (await part(page, "plot").getAttribute("aria-label")).includes("2026"), "the year is shown");
    await still(t, page, `a chart of ${size.width} pixels`);
  }
});

test("the keyboard reaches the periods and the plot in one stop each, and reads every point", async (t) => {
  const { page } = await open(t, `${WEEK}<button>after</button>`);
  await drawn(page);
  const focused = () => page.evaluate(() => document.querySelector("silk-chart").shadowRoot.activeElement?.getAttribute("role") ?? document.querySelector("silk-chart").shadowRoot.activeElement?.type ?? document.activeElement.textContent);
  for (const stop of ["radio", "img", "after"]) {
    await page.keyboard.press("Tab");
    await becomes(focused, stop, `the next stop is ${stop}`);
  }
  await part(page, "tooltip").waitFor({ state: "hidden" });
  for (const [key, index] of [["Shift+Tab", 0], ["ArrowLeft", 1], ["ArrowLeft", 2], ["Home", 3], ["ArrowLeft", 3], ["ArrowRight", 2], ["End", 0], ["ArrowRight", 0]]) {
    await page.keyboard.press(key);
    await becomes(async () => (await tooltip(page)).split("\n")[1], `as of ${DAYS[index]}`, `${key} leads to ${DAYS[index]}`);
  }
  await page.keyboard.press("Escape");
  await part(page, "tooltip").waitFor({ state: "hidden" });
  await page.keyboard.press("ArrowLeft");
  await becomes(() => tooltip(page), /^\$1 = ₸478\.77\nas of 1 April 2026\nup 0\.37%, \+1\.77 \(since 31 March 2026\)/, "the tooltip has the whole fixing");
  assert.equal(await page.locator("silk-chart [aria-live], silk-chart [role=status]").count(), 0, "nothing is read out of turn");
});

/** Touches the plot at a share of its width, and lifts the finger. */
function touch(page, share) {
  return part(page, "plot").evaluate((plot, at) => {
    const { left, width, top } = plot.getBoundingClientRect();
    const where = { pointerType: "touch", clientX: left + width * at, clientY: top + 9, bubbles: true };
    ["pointerdown", "pointermove", "pointerup", "pointerleave"].forEach((name) => plot.dispatchEvent(new PointerEvent(name, where)));
  }, share);
}

test("pointer and touch read the fixing that is in force under them, and the tooltip is whole at both edges", async (t) => {
  for (const width of [900, 240]) {
    const { page } = await open(t, WEEK, { size: { width, height: 480 } });
    await drawn(page);
    const plot = await part(page, "plot").boundingBox();
    for (const [share, expected] of [[0.005, "25 March"], [0.5, "25 March"], [0.99, "2 April"]]) {
      await page.mouse.move(plot.x + plot.width * share, plot.y + plot.height / 2);
      await becomes(() => tooltip(page), new RegExp(`as of ${expected}`), `the fixing at ${share} is read`);
      const box = await part(page, "tooltip").boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= 480, `${width}, ${share}: ${JSON.stringify(box)}`);
    }
    await page.mouse.move(1, 1);
    await part(page, "tooltip").waitFor({ state: "hidden" });
    await touch(page, 0.005);
    await becomes(() => tooltip(page), /as of 25 March/, "a finger that is lifted leaves it open");
  }
});

test("where a policy accepts no address from a script, the page includes the ticker's script", async (t) => {
  const policy = "default-src 'self'; require-trusted-types-for 'script'";
  for (const [ticker, isDrawn] of [["", false], ['<script src="/ticker.js" async></script>', true]]) {
    const { page, told } = await open(t, WEEK, { head: `${SCRIPT}${ticker}`, policy, refuses: !isDrawn });
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
  await until(async () => (await rows(page))[0] === DAYS[0], "the year is shown");
  await becomes(async () => (await page.locator("silk-chart").boundingBox()).height, 300, "it is as high as it says");
  await becomes(() => page.getByRole("radio").count(), 0, "it has no controls");
});

test("a pair that is not quoted has no data, and the console says why", async (t) => {
  const { page, told } = await open(t, '<silk-chart pair="XXX/KZT"></silk-chart>');
  await page.getByText("no data").waitFor();
  await until(() => told.some((text) => /XXX\/KZT.* answers with status 404: /.test(text)), "the console names the reason");
  await becomes(() => part(page, "value").innerText(), "–\nunknown", "the value is a dash");
});

test("a wrong height counts as none, and the lowest chart is as low as it says", async (t) => {
  const { page } = await open(t, ["9", "tall", "120", "121"].map((height) => `<silk-chart pair="USD/KZT" window="week" height="${height}"></silk-chart>`).join("<p>News.</p>"));
  await drawn(page);
  const heights = () => page.locator("silk-chart").evaluateAll((charts) => charts.map((chart) => chart.getBoundingClientRect().height));
  await becomes(heights, [320, 320, 120, 121], "each chart is as high as it says");
});

test("a service that is gone leaves the line, and says quietly that it may be old", async (t) => {
  const { page } = await open(t, WEEK);
  await drawn(page);
  await until(() => site.open.size === 1, "the stream is open");
  site.dark = true;
  site.drop();
  await page.getByText("Not connected; the last known values").waitFor();
  assert.match(await line(page), /H/);
});

test("a service that is away is quietly without data, and the line comes when it is back", async (t) => {
  const { page } = await open(t, WEEK, { prepare: () => (site.dark = true) });
  await page.getByText("no data").waitFor();
  site.dark = false;
  await drawn(page);
  await becomes(() => page.getByText("no data").count(), 0, "the words are gone");
});

test("attributes and the language may change at any time", async (t) => {
  const { page } = await open(t, '<silk-chart pair="USD/KZT" window="week" form="local" labels="code"></silk-chart>');
  await drawn(page);
  await becomes(() => heading(page), new RegExp(`^1\u00a0USD = ${site.nbk.dollar}\u00a0KZT ▼-\\d\\.\\d\\d% down \\d\\.\\d\\d% in a week$`), "the heading is English");
  await page.evaluate(() => (document.documentElement.lang = "ru"));
  await until(async () => (await heading(page)).startsWith(`1\u00a0USD = ${site.nbk.dollar.replace(".", ",")}\u00a0KZT`), "the numbers are Russian");
  await becomes(() => part(page, "plot").getAttribute("aria-label"), /^USD\/KZT, с \d\d марта 2026\u00a0г\. по 2 апреля 2026\u00a0г\.: /, "the dates are Russian");
  await page.locator("silk-chart").evaluate((chart) => (chart.pair = "EUR/KZT"));
  await until(async () => (await part(page, "plot").getAttribute("aria-label"))?.startsWith("EUR/KZT"), "the other pair is shown");
});

test("in a column of 240 pixels, on a page from right to left and in print, nothing is cut", async (t) => {
  const { page } = await open(t, '<div style="width:240px"><silk-chart pair="USD/KZT" locale="uz-Cyrl" labels="name"></silk-chart></div>', { attributes: 'lang="en" dir="rtl"', size: { width: 320, height: 700 }, policy: "" });
  await drawn(page);
  const overflow = () => page.locator("silk-chart").evaluate((chart) => {
    const room = chart.getBoundingClientRect();
    return [...chart.shadowRoot.querySelectorAll("text, .rate > *, .windows, .foot, .plot")].flatMap((node) => {
      const box = node.getBoundingClientRect();
      return box.width && (box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1) ? [node.textContent] : [];
    });
  });
  await becomes(overflow, [], "nothing is cut");
  const [first, last] = await page.locator("silk-chart").evaluate((chart) => {
    const dates = [...chart.shadowRoot.querySelectorAll("text.date")].map((label) => label.getBoundingClientRect().left);
    return [dates[0], dates.at(-1)];
  });
  assert.ok(first < last, "time goes from left to right");
  await page.emulateMedia({ media: "print" });
  await part(page, "windows").waitFor({ state: "hidden" });
  await part(page, "line").waitFor();
  await becomes(overflow, [], "nothing is cut in print");
});

test("the checker of accessibility finds nothing, in both themes, with data and without", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open(t, '<silk-chart pair="USD/KZT"></silk-chart><silk-chart pair="XXX/KZT" height="200"></silk-chart><silk-chart pair="USD/KZT" theme="dark" window="year" locale="ru"></silk-chart>', { emulate: { colorScheme } });
    await page.evaluate((scheme) => (document.documentElement.style.colorScheme = scheme), colorScheme);
    await drawn(page);
    await page.getByText("no data").waitFor();
    assert.deepEqual(await violations(page), []);
  }
});

test("with forced colours the line, its end and the grid have colours of the system", async (t) => {
  const { page } = await open(t, WEEK, { emulate: { forcedColors: "active" } });
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
    const { page } = await open(t, WEEK, { emulate: { reducedMotion } });
    await drawn(page);
    // The flash is short: it is counted when it begins.
    await page.evaluate(() => {
      window.flashes = 0;
      document.querySelector("silk-chart").shadowRoot.addEventListener("animationstart", () => (window.flashes += 1));
    });
    site.raise();
    await until(async () => (await heading(page)).includes(site.nbk.dollar), "the update is shown");
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await until(async () => (await page.evaluate(() => window.flashes)) >= count, "it flashes");
    assert.equal(await page.evaluate(() => window.flashes), count);
  }
});

test("an element that is removed closes its stream", async (t) => {
  const { page } = await open(t, WEEK);
  await drawn(page);
  await until(() => site.open.size === 1, "the stream is open");
  await page.locator("silk-chart").evaluate((chart) => chart.remove());
  await until(() => site.open.size === 0, "the stream is closed");
});

test("the chart is light", async (t) => {
  const size = gzipSync(await readFile(join(dist, "chart.js")), { level: 9 }).length;
  t.diagnostic(`chart.js: ${size} bytes gzipped`);
  assert.ok(size <= CHART_BYTES_MAX, `${size} bytes`);
});
