// Nothing jumps: the cumulative layout shift of pages with the ticker and the real service, measured by the browser. It is
// printed for each page, and for the pages of the service the bytes that they load.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PAIRS, front } from "./front.mjs";
import { asking, bank, serve, site as newsSite } from "./server.mjs";
import { browser, lines, until } from "./support.mjs";

/** A tenth of a shift counts as poor for a page; a ticker may use a fifth of that. */
const SHIFT_MAX = 0.02;
/** A page of the service loads in a second on a slow mobile connection of 1.6 megabits per second with this many bytes. */
const PAGE_BYTES_MAX = 200_000;
const ROOM = 'style="display:block;min-height:2.578125rem"';
const STORIES = "<p>A story of a few lines, as they stand under the ticker of a news site.</p>".repeat(12);

let chromium;
/** A site of another origin, which the service allows. */
let news;
/** A site in front of the service. */
let site;
before(async () => {
  news = await newsSite();
  [chromium, site] = await Promise.all([browser(), front({ SILKRATE_WEB__ALLOWED_ORIGINS: news.origin })]);
});
after(async () => {
  await Promise.all([chromium?.close(), site?.close()]);
  news?.close();
});

/** Opens a page with a ticker, and returns a function that reads the shift of its whole life. */
async function open(context, url, size) {
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  await page.setViewportSize(size);
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
      window.shifts.push([entry.value, entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName)]))).observe({ type: "layout-shift", buffered: true });
  });
  // Each page is that of a reader who was never there.
  const session = await chromium.context.newCDPSession(page);
  await session.send("Network.clearBrowserCache");
  // The page is painted before the script is there, as on a slow connection: room that is not reserved shows as a shift.
  await page.route("**/ticker.js", async (route) => {
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    await route.continue();
  });
  await page.goto(url);
  const settled = () => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 100)))));
  return {
    page,
    async shift() {
      await settled();
      return page.evaluate(() => [window.shifts.reduce((sum, [value]) => sum + value, 0), JSON.stringify(window.shifts)]);
    },
  };
}

async function still(context, name, shift) {
  const [sum, parts] = await shift();
  context.diagnostic(`${name}: ${sum.toFixed(4)}`);
  assert.ok(sum < SHIFT_MAX, `${name}: ${sum} of ${parts}`);
}

/** Pages by name: the body, the size of the window, the attributes of the page, its head. */
const PAGES = {
  "a strip over the stories": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 1280, height: 800 }],
  "a strip on a phone": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 360, height: 640 }],
  "a strip of both changes": [`<silk-ticker ${ROOM} change="both" locale="kk"></silk-ticker>`, { width: 900, height: 600 }],
  "a list in a column": [`<div style="width:330px"><silk-ticker style="display:block;min-height:calc(15.46875rem + 5px)" direction="vertical" speed="0"></silk-ticker></div>`, { width: 900, height: 600 }],
  "a loop in a column of 300 pixels": [`<div style="width:300px"><silk-ticker style="display:block;min-height:7.734375rem" direction="vertical"></silk-ticker></div>`, { width: 900, height: 600 }],
  "a static strip of two pairs": [`<silk-ticker ${ROOM} direction="static" pairs="KZT/USD,USD/KZT"></silk-ticker>`, { width: 900, height: 600 }],
  "local rates in Russian": [`<silk-ticker ${ROOM} form="local" locale="ru"></silk-ticker>`, { width: 900, height: 600 }],
  "a page from right to left": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 900, height: 600 }, 'lang="en" dir="rtl"'],
  "a page of WordPress": [`<article><div class="entry-content"><p><silk-ticker ${ROOM}></silk-ticker></p></div></article><aside style="float:right;width:300px"><silk-ticker style="display:block;min-height:7.734375rem" direction="vertical"></silk-ticker></aside>`,
    { width: 1280, height: 800 }, 'lang="ru-RU"', "<style>body{font:18px/1.8 Georgia,serif}ul,li{margin:1em}</style><script src=\"/ticker.js\" defer id=\"silkrate-js\"></script>"],
  "a page behind a proxy that buffers": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 900, height: 600 }, 'lang="en"', undefined, "buffered"],
  "a tape whose rates come late": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 1280, height: 800 }, 'lang="en"', undefined, "late"],
  "a tape on a phone whose rates come late": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 360, height: 640 }, 'lang="kk"', undefined, "late"],
  "a list whose rates come late": [`<silk-ticker ${ROOM} direction="static"></silk-ticker>`, { width: 1280, height: 800 }, 'lang="ru"', undefined, "late"],
};

for (const [name, [ticker, size, attributes, head, streams = "pass"]] of Object.entries(PAGES)) {
  test(`${name} moves nothing while it loads, nor when rates change`, async (t) => {
    t.after(() => site.restore());
    site.streams = streams === "late" ? "pass" : streams;
    if (streams === "late") {
      site.hold();
    }
    const { page, shift } = await open(t, site.put("/page", `${ticker}${STORIES}`, { attributes, head }), size);
    if (streams === "late") {
      // The room of the entries is painted, without them, before the first rates come.
      await page.locator("silk-ticker ul.waiting").waitFor({ state: "attached" });
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      site.release();
    }
    const isShown = async () => (await lines(page)).some((line) => line.replace(",", ".").includes(` ${site.nbk.dollar}`));
    await until(isShown, "rates are shown");
    if (streams !== "buffered") {
      site.raise();
      await until(isShown, "the update is shown");
    }
    await still(t, name, shift);
  });
}

/** Where the parts of each entry begin, from the start of the list: a tape moves. */
const begins = (page) => page.locator("silk-ticker").evaluate(({ shadowRoot }) => {
  const from = shadowRoot.querySelector("ul").getBoundingClientRect();
  return [...shadowRoot.querySelectorAll("ul:not([aria-hidden]) :is(.pair, .value, .change)")].flatMap((part) => {
    const { left, top } = part.getBoundingClientRect();
    return [left - from.left, top - from.top];
  });
});

/** Corrections of the bank, one after the other: digits of other widths, and falls below the 478.77 of the day before that become rises. */
const CORRECTIONS = [["481.11", "3.14"], ["474.44", "2.88"], ["482.10", "3.11"], ["470.08", "2.90"], ["480.17", "3.09"], ["471.11", "2.94"], ["483.33", "3"]];

test("a value that changes moves no part of its entry and no other entry, whatever its figures are", async (t) => {
  t.after(() => site.restore());
  const all = ["", 'locale="ru" change="both"', 'direction="static"', 'direction="vertical"', 'direction="vertical" speed="0" change="both"', 'direction="static" change="both"', 'form="local" locale="ru"'];
  for (const [index, attributes] of all.entries()) {
    const { page } = await open(t, site.put("/page", `<silk-ticker ${attributes}></silk-ticker>`), { width: 1200, height: 600 });
    const isShown = async () => (await lines(page)).some((line) => line.replace(",", ".").includes(` ${site.nbk.dollar}`));
    await until(isShown, "rates are shown");
    const figures = await page.locator("silk-ticker").evaluate(({ shadowRoot }) => [...shadowRoot.querySelectorAll(".value, .change")].map((part) => getComputedStyle(part).fontVariantNumeric));
    figures.forEach((variant) => assert.match(variant, /tabular-nums/));
    const before = await begins(page);
    [site.nbk.dollar, site.nbk.yen] = CORRECTIONS[index];
    await until(isShown, "the update is shown");
    const after = await begins(page);
    // A tape moves by fractions of a pixel.
    assert.ok(after.every((place, at) => Math.abs(place - before[at]) < 0.5), `${attributes}: ${JSON.stringify([before, after])}`);
    await page.close();
  }
});

test("a service that is away and comes back moves nothing", async (t) => {
  t.after(() => site.restore());
  site.dark = true;
  const { page, shift } = await open(t, site.put("/page", `<silk-ticker ${ROOM}></silk-ticker>${STORIES}`), { width: 900, height: 600 });
  await page.getByText("no data").waitFor();
  site.dark = false;
  await until(async () => (await lines(page)).length === PAIRS.length, "rates are shown");
  await still(t, "away and back", shift);
});

test("a tape and a page that were loaded before the first table move little when the rates come", async (t) => {
  for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
    const nbk = await bank();
    nbk.hasTables = false;
    const service = await serve({ ...asking(nbk, ":memory:"), SILKRATE_TICKER__PAIRS: "KZT/USD,USD/KZT,EUR/KZT,KZT/EUR,RUB/KZT" });
    t.after(async () => {
      await service.stop();
      nbk.close();
    });
    const { page, shift } = await open(t, `${service.url}?locale=en`, size);
    const shown = () => lines(page, "#lead");
    await until(async () => (await shown()).length === 5 && (await shown()).every((line) => line.endsWith(" –")), "five dashes are shown");
    nbk.hasTables = true;
    await until(async () => (await shown()).every((line) => /\d/.test(line)), "rates are shown");
    await page.locator('#table tr[data-pair="KZT/USD"] .main').getByText("475.09").waitFor();
    await still(t, `before the first table at ${size.width} pixels`, shift);
  }
});

test("the script takes the fragment over in place", async (t) => {
  const { url } = site.service;
  for (const [name, size] of [["a fragment", { width: 900, height: 600 }], ["a fragment on a phone", { width: 360, height: 640 }]]) {
    const fragment = await (await fetch(`${url}ticker.html`)).text();
    const { page, shift } = await open(t, news.put("/fragment", `${fragment}${STORIES}<script src="${url}ticker.js" async></script>`), size);
    await until(async () => (await lines(page)).some((line) => line.includes(site.nbk.dollar)), "rates are shown");
    await still(t, name, shift);
  }
});

/** Waits until every ticker of a page of the service shows its entries. */
const isLoaded = (page) => page.waitForFunction(() => [...document.querySelectorAll("silk-ticker")].every((ticker) =>
  (ticker.shadowRoot?.querySelector("ul:not(.waiting)") ?? ticker).querySelector("li")));

test("the pages of the service are light", async (t) => {
  const demo = await serve({}, "--demo");
  t.after(() => demo.stop());
  for (const path of ["", "KZT", "ticker.html"]) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
      const { page } = await open(t, demo.url + path, size);
      await isLoaded(page);
      const [bytes, requests] = await page.evaluate(() => {
        const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
        return [loaded.reduce((sum, { transferSize }) => sum + transferSize, 0), loaded.length];
      });
      const name = `/${path} at ${size.width} pixels`;
      t.diagnostic(`${name}: ${bytes} bytes in ${requests} requests`);
      assert.ok(bytes > 0 && bytes <= PAGE_BYTES_MAX, `${name}: ${bytes} bytes`);
      await page.close();
    }
  }
});

test("the pages of the service move nothing while they load", async (t) => {
  // This service has its rates, and no other ones come: on a busy machine a demo goes on while a page loads.
  const { url } = site.service;
  for (const path of ["", "KZT", "ticker.html"]) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
      const { page, shift } = await open(t, url + path, size);
      await isLoaded(page);
      await still(t, `/${path} at ${size.width} pixels`, shift);
      await page.close();
    }
  }
});
