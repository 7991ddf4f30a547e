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

async function open(context, body, { attributes = 'lang="en"', size = { width: 900, height: 600 }, scale = 1, emulate, rates, script = "" } = {}) {
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
  if (scale > 1) {
    const session = await chromium.context.newCDPSession(page);
    await session.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: scale, mobile: false });
  }
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

/** A late rate, one with a long change, and one for a hundred units. */
const wide = () => [rate("KZT/USD", "0.0019569", { change: change("-1.0412", "-0.00002059", "DOWN"), freshness: "LATE" }), rate("USD/UZS", "12100.10", { derivation: "PUBLISHED", change: change("0.1", "12", "UP") }),
  rate("KZT/RUB", "0.156012", { derivation: "PUBLISHED", source: "cbr", fixings: [{ source: "cbr", currency: "KZT", units: "100", value: "15.6012", home_currency: "RUB", effective_date: "2025-12-08" }] })];

for (const [where, size, scale] of [
  ["in a column of 240 pixels", { width: 256, height: 600 }, 1],
  // A window of 1280 by 1024 pixels at this zoom: as many device pixels, and a quarter as many of the page.
  ["in a window of 1280 pixels at 400 per cent", { width: 320, height: 256 }, 4],
]) {
  test(`${where} entries wrap, and nothing is cut`, async (t) => {
    for (const attributes of ['direction="static" change="both"', 'direction="vertical" speed="0" change="both"', 'direction="vertical" locale="kk"', 'direction="static" form="local" labels="name" locale="tg"',
      'direction="vertical" speed="0" form="local" labels="name" locale="ru"']) {
      const { page } = await open(t, `<silk-ticker pairs="KZT/USD,USD/UZS,KZT/RUB" ${attributes}></silk-ticker>`, { rates: wide(), size, scale });
      assert.deepEqual(await page.evaluate(() => [innerWidth, devicePixelRatio]), [size.width, scale]);
      const [{ left, right }] = await boxes(page, ".viewport");
      for (const box of await boxes(page, "ul:not([aria-hidden]) :is(.pair, .value, .change, .mark)")) {
        assert.ok(box.left >= left - 1 && box.right <= right + 1, `${attributes}: ${JSON.stringify(box)} of ${right}`);
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), attributes);
    }
  });
}

test("at 400 per cent the tape moves, and the button and the tooltip are within the window", async (t) => {
  const size = { width: 320, height: 256 };
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { size, scale: 4 });
  await until(async () => (await place(page)) < 0, "the tape moves");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  for (const part of ["pause", "tooltip"]) {
    const box = await page.locator(`silk-ticker [part~=${part}]`).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height, `${part}: ${JSON.stringify(box)}`);
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
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

/** The contrast of two colours, as the guidelines for accessibility define it. */
function contrast(...colours) {
  const luminances = colours.map((colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  return (Math.max(...luminances) + 0.05) / (Math.min(...luminances) + 0.05);
}

test("with forced colours, and with more contrast, the controls and the rates are there", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { emulate: { forcedColors: "active" } });
  assert.equal(await page.locator("silk-ticker [part~=pause]").isVisible(), true);
  assert.equal(await page.locator("silk-ticker").evaluate((ticker) => getComputedStyle(ticker.shadowRoot.querySelector(".pause")).borderTopWidth), "1px");
  const colours = (theme) => page.locator("silk-ticker").evaluate((ticker, value) => {
    ticker.theme = value;
    const colour = (name, property) => getComputedStyle(ticker.shadowRoot.querySelector(`.${name}`))[property];
    return [colour("base", "backgroundColor"), ...["pair", "flat", "up", "down"].map((name) => colour(name, "color"))];
  }, theme);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ forcedColors: "none", contrast: "more" });
    const [ground, pair, flat, ...moved] = await colours(theme);
    assert.equal(flat, pair);
    // The enhanced contrast of the guidelines for accessibility.
    moved.forEach((colour) => assert.ok(contrast(colour, ground) >= 7, `${theme}: ${colour} on ${ground}`));
  }
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
