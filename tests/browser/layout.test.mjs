// Nothing jumps: the cumulative layout shift of pages with the ticker, measured by the browser. It is printed for each page,
// and for the pages of the service the bytes that they load.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { change, five, rate, start } from "./double.mjs";
import { asking, bank, serve, site } from "./server.mjs";
import { browser, lines, until } from "./support.mjs";

/** A tenth of a shift counts as poor for a page; a ticker may use a fifth of that. */
const SHIFT_MAX = 0.02;
/** A page of the service loads in a second on a slow mobile connection of 1.6 megabits per second with this many bytes. */
const PAGE_BYTES_MAX = 200_000;
const ROOM = 'style="display:block;min-height:2.578125rem"';
const STORIES = "<p>A story of a few lines, as they stand under the ticker of a news site.</p>".repeat(12);

let chromium;
let news;
before(async () => {
  [chromium, news] = await Promise.all([browser(), site()]);
});
after(async () => {
  await chromium?.close();
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

const PAGES = {
  "a strip over the stories": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 1280, height: 800 }],
  "a strip on a phone": [`<silk-ticker ${ROOM}></silk-ticker>`, { width: 360, height: 640 }],
  "a strip of both changes": [`<silk-ticker ${ROOM} change="both" locale="kk"></silk-ticker>`, { width: 900, height: 600 }],
  "a list in a column": [`<div style="width:330px"><silk-ticker style="display:block;min-height:calc(15.46875rem + 5px)" direction="vertical" speed="0"></silk-ticker></div>`, { width: 900, height: 600 }],
  "a loop in a column": [`<div style="width:300px"><silk-ticker style="display:block;min-height:7.734375rem" direction="vertical"></silk-ticker></div>`, { width: 900, height: 600 }],
  "a static strip of two pairs": [`<silk-ticker ${ROOM} direction="static" pairs="KZT/USD,UZS/USD"></silk-ticker>`, { width: 900, height: 600 }],
  "local rates in Russian": [`<silk-ticker ${ROOM} form="local" locale="ru"></silk-ticker>`, { width: 900, height: 600 }],
};

for (const [name, [ticker, size]] of Object.entries(PAGES)) {
  test(`${name} moves nothing while it loads, nor when rates change`, async (t) => {
    const double = await start();
    t.after(() => double.close());
    double.policy = "";
    double.pages.set("/page", `<!doctype html><html lang="en"><head><title>News</title><link rel="icon" href="/icon.svg"><script src="/ticker.js" async></script></head><body><h1>News</h1>${ticker}${STORIES}</body></html>`);
    const { page, shift } = await open(t, `${double.url}page`, size);
    await until(async () => (await lines(page)).some((line) => /0[.,]0019569|511[.,]0/.test(line)), "rates are shown");
    double.send([rate("KZT/USD", "0.0019712", { change: change("0.7313", "0.00001431", "UP") })]);
    await until(async () => (await lines(page)).some((line) => /0[.,]0019712|507[.,]3/.test(line)), "the update is shown");
    await still(t, name, shift);
  });
}

test("a service that is away and comes back moves nothing", async (t) => {
  const double = await start();
  t.after(() => double.close());
  double.policy = "";
  double.dark = true;
  double.pages.set("/page", `<!doctype html><html lang="en"><head><title>News</title><link rel="icon" href="/icon.svg"><script src="/ticker.js" async></script></head><body><h1>News</h1><silk-ticker ${ROOM}></silk-ticker>${STORIES}</body></html>`);
  const { page, shift } = await open(t, `${double.url}page`, { width: 900, height: 600 });
  await page.getByText("no data").waitFor();
  double.dark = false;
  await until(async () => (await lines(page)).length === five().length, "rates are shown");
  await still(t, "away and back", shift);
});

test("the script takes the fragment over in place", async (t) => {
  const nbk = await bank();
  const folder = await mkdtemp(join(tmpdir(), "silkrate-layout-"));
  const service = await serve({ ...asking(nbk, join(folder, "store.db")), SILKRATE_WEB__ALLOWED_ORIGINS: news.origin });
  t.after(async () => {
    await service.stop();
    nbk.close();
    await rm(folder, { recursive: true, force: true });
  });
  for (const [name, size] of [["a fragment", { width: 900, height: 600 }], ["a fragment on a phone", { width: 360, height: 640 }]]) {
    const fragment = await (await fetch(`${service.url}ticker.html`)).text();
    const { page, shift } = await open(t, news.put("/fragment", `${fragment}${STORIES}<script src="${service.url}ticker.js" async></script>`), size);
    await until(async () => (await lines(page)).includes("USD/KZT 475.09 -0.77%"), "rates are shown");
    await still(t, name, shift);
  }
});

test("the pages of the service move nothing while they load, and are light", async (t) => {
  const demo = await serve({}, "--demo");
  t.after(() => demo.stop());
  for (const path of ["", "KZT", "ticker.html"]) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 640 }]) {
      const { page, shift } = await open(t, demo.url + path, size);
      await page.waitForFunction(() => [...document.querySelectorAll("silk-ticker")].every((ticker) =>
        (ticker.shadowRoot?.querySelector("ul:not(.waiting)") ?? ticker).querySelector("li")));
      const [bytes, requests] = await page.evaluate(() => {
        const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
        return [loaded.reduce((sum, { transferSize }) => sum + transferSize, 0), loaded.length];
      });
      const name = `/${path} at ${size.width} pixels`;
      t.diagnostic(`${name}: ${bytes} bytes in ${requests} requests`);
      assert.ok(bytes > 0 && bytes <= PAGE_BYTES_MAX, `${name}: ${bytes} bytes`);
      await still(t, name, shift);
    }
  }
});
