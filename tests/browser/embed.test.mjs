// The page for frames on the pages of other sites, against the real service.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve, site } from "./server.mjs";
import { browser, lines, until, violations } from "./support.mjs";

let chromium;
let demo;
let friend;
let stranger;
before(async () => {
  [friend, stranger] = await Promise.all([site(), site()]);
  [chromium, demo] = await Promise.all([browser(), serve({ SILKRATE_WEB__FRAME_ANCESTORS: friend.origin }, "--demo=april")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
  friend?.close();
  stranger?.close();
});

async function tab(context) {
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  return page;
}

const frame = (query) => `<iframe id="rates" src="${demo.url}embed${query}" title="Exchange rates" loading="lazy" style="border:0;width:100%;height:42px"></iframe>`;

/** Waits until the element of a page or a frame shows rates. */
function showsRates(page) {
  return until(async () => (await lines(page)).filter((line) => /^[A-Z]{3}\/USD 0\.\d+ /.test(line)).length > 1, "rates are shown");
}

test("a listed site shows the ticker in a frame, and what it links to opens around the frame", async (t) => {
  const page = await tab(t);
  const target = friend.put("/rates/KZT-USD", "the rate");
  const link = encodeURIComponent(`${friend.origin}/rates/{pair}`);
  await page.goto(friend.put("/listed", frame(`?pairs=KZT/USD,UZS/USD&link=${link}`)));
  const inside = await (await page.locator("#rates").elementHandle()).contentFrame();
  await showsRates(inside);
  await until(() => inside.evaluate(() => document.documentElement.scrollHeight === innerHeight), "nothing is cut at the height of the snippet");
  const ground = await inside.evaluate(() => [document.documentElement, document.body, document.querySelector("silk-ticker")].map((of) => getComputedStyle(of).backgroundColor));
  assert.deepEqual(new Set(ground), new Set(["rgba(0, 0, 0, 0)"]), "the ground of the site is seen through it");
  await inside.locator("silk-ticker a.item").first().focus();
  // The browser learns after the frame which of its frames has the focus, and a key may come before.
  const opens = async () => {
    await page.keyboard.press("Enter");
    return page.waitForURL(target, { timeout: 10_000 }).then(() => true, () => false);
  };
  await until(opens, "the page of the link is opened around the frame");
});

test("a browser refuses to show the page on a site that is not listed, and shows other pages on none", async (t) => {
  for (const [name, from, path] of [["stranger", stranger, "embed"], ["page", friend, ""], ["fragment", friend, "ticker.html"]]) {
    const page = await tab(t);
    const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await page.goto(from.put(`/refused-${name}`, `<iframe src="${demo.url}${path}" title="Exchange rates"></iframe>`));
    await refused;
  }
});

test("the page has its values before the script, and goes on from their position without moving", async (t) => {
  const page = await tab(t);
  await page.addInitScript(() => {
    window.moved = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.moved += entry.value))).observe({ type: "layout-shift", buffered: true });
  });
  const asked = page.waitForRequest((request) => request.url().includes("/v1/watch"));
  const answer = await page.goto(`${demo.url}embed?locale=ru&pairs=KZT/USD,UZS/USD&speed=0`);
  const text = await answer.text();
  assert.match(text, /<strong>0,00\d{5}<\/strong>/);
  const position = /data-position="([^"]+)"/.exec(text)[1];
  assert.equal(new URL((await asked).url()).searchParams.get("after"), position);
  await until(async () => /^KZT\/USD 0,00/.test((await lines(page))[0] ?? ""), "the element has taken over");
  const moved = await page.evaluate(() => window.moved);
  assert.ok(moved < 0.02, `${moved}`);
});

test("the checker of accessibility finds nothing on the page, in both themes and both sizes, and on a refusal", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    for (const query of ["?pairs=KZT/USD,UZS/USD", "?density=compact&direction=static", "?theme=blue"]) {
      const page = await tab(t);
      await page.emulateMedia({ colorScheme });
      await page.goto(`${demo.url}embed${query}`);
      if (!query.includes("blue")) {
        await showsRates(page);
      }
      // The page has no ground of its own. The checker takes a missing one for white, and not for the one of the colour scheme.
      await page.evaluate(() => (document.documentElement.style.background = "Canvas"));
      assert.deepEqual(await violations(page), [], `${colorScheme} ${query}`);
    }
  }
});

test("a frame that may run scripts and open links alone, as AMP demands, shows the rates", async (t) => {
  const page = await tab(t);
  const sandbox = 'sandbox="allow-scripts allow-same-origin allow-top-navigation-by-user-activation"';
  await page.goto(friend.put("/sandbox", frame("?pairs=KZT/USD,UZS/USD").replace("<iframe", `<iframe ${sandbox}`)));
  const inside = await (await page.locator("#rates").elementHandle()).contentFrame();
  await showsRates(inside);
});

test("the fragment of four pairs of three banks has at most four kilobytes, in every language", async (t) => {
  const fetched = async (locale) => (await fetch(`${demo.url}ticker.html?pairs=KZT/USD,UZS/USD,KGS/USD,TJS/USD&locale=${locale}`)).text();
  await until(async () => ((await fetched("en")).match(/<strong>0/g) ?? []).length === 4, "four values are known");
  for (const locale of ["en", "kk", "ky", "ru", "tg", "tk", "uz", "uz-Cyrl"]) {
    const bytes = Buffer.byteLength(await fetched(locale));
    t.diagnostic(`${locale}: ${bytes} bytes`);
    assert.ok(bytes <= 4_096, `${locale}: ${bytes}`);
  }
});
