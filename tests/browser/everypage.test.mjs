// The element on every kind of page: right to left, in print, in narrow columns and low windows, by keyboard, in other modes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { change, rate, start } from "./double.mjs";
import { browser, lines, place, shows, until, violations } from "./support.mjs";

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

async function open(context, body, { attributes = 'lang="en"', size = { width: 900, height: 600 }, emulate, rates, script = "" } = {}) {
  const double = await start(rates ? { rates } : {});
  const page = await chromium.context.newPage();
  const thrown = [];
  page.on("pageerror", (error) => thrown.push(String(error)));
  context.after(async () => {
    await page.close();
    await double.close();
    assert.deepEqual(thrown, []);
  });
  double.policy = "";
  double.pages.set("/page", `<!doctype html><html ${attributes}><head><title>A page</title><link rel="icon" href="/icon.svg">${script}<script nonce="n1" src="/ticker.js" async></script></head><body><main><h1>News</h1>${body}</main></body></html>`);
  await page.setViewportSize(size);
  await page.emulateMedia(emulate ?? {});
  await page.goto(`${double.url}page`);
  await until(async () => (await lines(page)).some((line) => /\d/.test(line)), "rates are shown");
  return { double, page };
}

/** The boxes of the parts of the entries of a ticker. */
const boxes = (page, selector) => page.locator("silk-ticker").first().evaluate((ticker, wanted) =>
  [...ticker.shadowRoot.querySelectorAll(wanted)].map((node) => node.getBoundingClientRect().toJSON()), selector);

test("on a page from right to left the numbers read from left to right, and the tape is full", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { attributes: 'lang="en" dir="rtl"', size: { width: 1200, height: 400 } });
  await until(async () => (await place(page)) < 0, "the tape moves");
  const [viewport] = await boxes(page, ".viewport");
  const lists = await boxes(page, "ul");
  assert.ok(Math.min(...lists.map((list) => list.left)) <= viewport.left + 1, "it begins at the left");
  assert.ok(Math.max(...lists.map((list) => list.right)) >= viewport.right - 1, "it reaches the right");
  // The sign stands left of the digits, and the per cent right of them.
  const order = await page.locator("silk-ticker").evaluate((ticker) => {
    const text = ticker.shadowRoot.querySelector(".down bdi").firstChild;
    const left = (at) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      return range.getBoundingClientRect().left;
    };
    return [text.data, [...text.data].every((_letter, at) => at === 0 || left(at) > left(at - 1))];
  });
  assert.deepEqual(order, ["-1.04%", true]);
  assert.deepEqual(await violations(page), []);
});

test("in print the ticker is a list of all its entries, without controls", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 400, height: 600 } });
  await page.emulateMedia({ media: "print" });
  const [viewport] = await boxes(page, ".viewport");
  for (const item of await boxes(page, "ul:not([aria-hidden]) .item")) {
    assert.ok(item.left >= viewport.left - 1 && item.right <= viewport.right + 1 && item.height > 0, JSON.stringify(item));
  }
  for (const gone of [".pause", "ul[aria-hidden]"]) {
    assert.ok((await boxes(page, gone)).every((box) => box.width === 0), gone);
  }
});

test("in a column of 240 pixels, and at 400 per cent, entries wrap and nothing is cut", async (t) => {
  const rates = [rate("KZT/USD", "0.0019569", { change: change("-1.0412", "-0.00002059", "DOWN"), freshness: "LATE" }), rate("USD/UZS", "12100.10", { derivation: "PUBLISHED", change: change("0.1", "12", "UP") }),
    rate("KZT/RUB", "0.156012", { derivation: "PUBLISHED", source: "cbr", fixings: [{ source: "cbr", currency: "KZT", units: "100", value: "15.6012", home_currency: "RUB", effective_date: "2025-12-08" }] })];
  for (const attributes of ['direction="static" change="both"', 'direction="vertical" speed="0" change="both"', 'direction="vertical" locale="kk"', 'direction="static" form="local" labels="name" locale="tg"',
    'direction="vertical" speed="0" form="local" labels="name" locale="ru"']) {
    const { page } = await open(t, `<silk-ticker pairs="KZT/USD,USD/UZS,KZT/RUB" ${attributes}></silk-ticker>`, { rates, size: { width: 256, height: 600 } });
    const [{ left, right }] = await boxes(page, ".viewport");
    for (const box of await boxes(page, "ul:not([aria-hidden]) :is(.pair, .value, .change, .mark)")) {
      assert.ok(box.left >= left - 1 && box.right <= right + 1, `${attributes}: ${JSON.stringify(box)} of ${right}`);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), attributes);
  }
});

test("in a window of 160 pixels the tooltip stays within it", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 700, height: 160 } });
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  const tooltip = await page.locator("silk-ticker [part~=tooltip]").boundingBox();
  assert.ok(tooltip.y >= 0 && tooltip.y + tooltip.height <= 160, JSON.stringify(tooltip));
});

test("the keyboard finds the pause button first, then one stop for all entries", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker><button>after</button>");
  const focused = () => page.evaluate(() => {
    const { activeElement } = document.querySelector("silk-ticker").shadowRoot;
    return activeElement?.getAttribute("aria-label") ?? activeElement?.querySelector(".pair")?.textContent ?? activeElement?.textContent ?? document.activeElement.textContent;
  });
  const seen = [];
  for (const key of ["Tab", "Tab", "ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "Tab", "Tab", "Shift+Tab", "Shift+Tab"]) {
    await page.keyboard.press(key);
    seen.push(await focused());
  }
  assert.deepEqual(seen, ["Pause", "KGS/USD", "KZT/USD", "TJS/USD", "KZT/USD", "TMT/USD", "TMT/USD", "KGS/USD", "www.nbt.tj", "after", "www.nbt.tj", "KGS/USD"]);
});

test("with forced colours, and with more contrast, the controls and the rates are there", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { emulate: { forcedColors: "active" } });
  assert.equal(await page.locator("silk-ticker [part~=pause]").isVisible(), true);
  assert.equal(await page.locator("silk-ticker").evaluate((ticker) => getComputedStyle(ticker.shadowRoot.querySelector(".pause")).borderTopWidth), "1px");
  await page.emulateMedia({ forcedColors: "none", contrast: "more" });
  const colours = await page.locator("silk-ticker").evaluate((ticker) => ["flat", "pair"].map((name) => getComputedStyle(ticker.shadowRoot.querySelector(`.${name}`)).color));
  assert.equal(colours[0], colours[1]);
});

test("a page may change its language at any time", async (t) => {
  const { page } = await open(t, '<div id="part"><silk-ticker pairs="KZT/USD"></silk-ticker></div>');
  await shows(page, ["KZT/USD 0.0019569 -1.04%"]);
  await page.evaluate(() => (document.documentElement.lang = "ru-KZ"));
  await shows(page, ["KZT/USD 0,0019569 -1,04\u00a0%"]);
  await page.evaluate(() => (document.querySelector("#part").lang = "kk"));
  await shows(page, ["KZT/USD 0,0019569 -1,04%"]);
});

test("an element that a page keeps while it replaces its body goes on with the same stream", async (t) => {
  const { double, page } = await open(t, '<silk-ticker id="kept" data-turbo-permanent></silk-ticker>');
  for (let visit = 0; visit < 3; visit += 1) {
    // As Turbo renders a visit: the new body has a placeholder, for which the kept element is put in.
    await page.evaluate(() => {
      const kept = document.querySelector("#kept");
      const body = document.createElement("body");
      body.innerHTML = '<main><h1>Another</h1><i id="place"></i></main>';
      kept.replaceWith(document.createElement("i"));
      body.querySelector("#place").replaceWith(kept);
      document.body.replaceWith(body);
    });
  }
  double.send([rate("KZT/USD", "0.5")]);
  await until(async () => (await lines(page)).includes("KZT/USD 0.50000 –"), "the update is shown");
  assert.equal(double.open.size, 1);
  assert.equal(double.asked.filter((path) => path.startsWith("/v1/watch")).length, 1);
});

test("a browser without constructed style sheets gets a style element with the nonce of the page", async (t) => {
  const script = "<script nonce=\"n1\">delete window.CSSStyleSheet.prototype.replaceSync;</script>";
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { script });
  const style = await page.locator("silk-ticker").evaluate((ticker) => [ticker.shadowRoot.querySelector("style")?.nonce, getComputedStyle(ticker).display, getComputedStyle(ticker.shadowRoot.querySelector(".pair")).fontWeight]);
  assert.deepEqual(style, ["n1", "block", "600"]);
});
