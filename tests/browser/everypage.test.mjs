// The element on every kind of page, with the real service: right to left, in print, in narrow columns and low windows, by
// keyboard, in other modes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LINE, front } from "./front.mjs";
import { becomes, browser, lines, place, root, shows, stands, stopTimers, until, violations } from "./support.mjs";

/** The pages of this file have scripts and styles with a nonce alone. */
const POLICY = "default-src 'none'; script-src 'nonce-n1'; style-src 'nonce-n1'; connect-src 'self'; img-src 'self'";
const SCRIPT = '<script nonce="n1" src="/ticker.js" async></script>';

let chromium;
let site;
/** The site a day later, when the table of the next day is due and not there. */
let late;
/** The site a day earlier, when the table of the next day is there already. */
let early;
before(async () => {
  const at = (time) => front({ SILKRATE_CLOCK__START: time }, []);
  [chromium, site, late, early] = await Promise.all([browser(), front(), at("2026-04-03T18:00:00Z"), at("2026-04-01T12:00:00Z")]);
});
after(() => Promise.all([chromium?.close(), site?.close(), late?.close(), early?.close()]));

async function open(context, body, { from = site, attributes = 'lang="en"', size = { width: 900, height: 600 }, scale = 1, emulate, head = SCRIPT, prepare } = {}) {
  const page = await chromium.context.newPage();
  const thrown = [];
  page.on("pageerror", (error) => thrown.push(String(error)));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && thrown.push(message.text()));
  context.after(async () => {
    await page.close();
    from.restore();
    assert.deepEqual(thrown, []);
  });
  from.policy = POLICY;
  await page.setViewportSize(size);
  if (scale > 1) {
    const session = await chromium.context.newCDPSession(page);
    await session.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: scale, mobile: false });
  }
  await page.emulateMedia(emulate ?? {});
  await prepare?.(page);
  await page.goto(from.put("/news/today", body, { attributes, head }));
  await until(async () => (await lines(page)).some((line) => /\d/.test(line)), "rates are shown");
  return page;
}

/** The boxes of the parts of the entries of a ticker. */
const boxes = (page, selector) => page.locator("silk-ticker").first().evaluate((ticker, wanted) =>
  [...ticker.shadowRoot.querySelectorAll(wanted)].map((node) => node.getBoundingClientRect().toJSON()), selector);

test("on a page from right to left the numbers read from left to right, and the tape is full", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { attributes: 'lang="en" dir="rtl"', size: { width: 1200, height: 400 } });
  await until(async () => (await place(page)) < 0, "the tape moves");
  const isFull = async () => {
    const [[viewport], lists] = [await boxes(page, ".viewport"), await boxes(page, "ul")];
    const [left, right] = [Math.min(...lists.map((list) => list.left)), Math.max(...lists.map((list) => list.right))];
    return left <= viewport.left + 1 && right >= viewport.right - 1;
  };
  await until(isFull, "it begins at the left, and reaches the right");
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
  assert.deepEqual(order, ["-0.77%", true]);
  assert.deepEqual(await violations(page), []);
});

test("in print the ticker is a list of all its entries, without controls", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 400, height: 600 } });
  await until(async () => (await place(page)) < -40, "the tape has moved");
  await page.emulateMedia({ media: "print" });
  await shows(page, LINE);
  const [viewport] = await boxes(page, ".viewport");
  for (const item of await boxes(page, "ul:not([aria-hidden]) .item")) {
    assert.ok(item.left >= viewport.left - 1 && item.right <= viewport.right + 1 && item.height > 0, JSON.stringify(item));
  }
  for (const gone of [".pause", "ul[aria-hidden]"]) {
    assert.ok((await boxes(page, gone)).every((box) => box.width === 0), gone);
  }
});

for (const [where, size, scale] of [
  ["in a column of 240 pixels", { width: 256, height: 600 }, 1],
  ["in a widget of 300 pixels", { width: 316, height: 600 }, 1],
  // A window of 1280 by 1024 pixels at this zoom: as many device pixels, and a quarter as many of the page.
  ["in a window of 1280 pixels at 400 per cent", { width: 320, height: 256 }, 4],
]) {
  test(`${where} entries wrap, and nothing is cut`, async (t) => {
    for (const attributes of ['direction="static" change="both"', 'direction="vertical" speed="0" change="both"', 'direction="vertical" locale="kk"', 'direction="static" form="local" labels="name" locale="tg"',
      'direction="vertical" speed="0" form="local" labels="name" locale="ru"']) {
      const page = await open(t, `<silk-ticker pairs="KZT/USD,USD/KZT,UZS/KZT" ${attributes}></silk-ticker>`, { from: late, size, scale });
      await page.locator("silk-ticker ul:not([aria-hidden]) .late").first().waitFor({ state: "attached" });
      await becomes(() => page.evaluate(() => [innerWidth, devicePixelRatio]), [size.width, scale], "the window has its size");
      const cut = async () => {
        const [[{ left, right }], parts] = [await boxes(page, ".viewport"), await boxes(page, "ul:not([aria-hidden]) :is(.pair, .value, .change, .mark)")];
        return parts.filter((box) => box.left < left - 1 || box.right > right + 1);
      };
      await becomes(cut, [], `nothing is cut with ${attributes}`);
      await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing is wider than the window with ${attributes}`);
      await page.close();
    }
  });
}

test("at 400 per cent the tape moves, and the button and the tooltip are within the window", async (t) => {
  const size = { width: 320, height: 256 };
  const page = await open(t, "<silk-ticker></silk-ticker>", { size, scale: 4 });
  await until(async () => (await place(page)) < 0, "the tape moves");
  await page.keyboard.press("Tab");
  await stands(page);
  await page.keyboard.press("Tab");
  for (const part of ["pause", "tooltip"]) {
    await page.locator(`silk-ticker [part~=${part}]`).waitFor();
    const box = await page.locator(`silk-ticker [part~=${part}]`).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height, `${part}: ${JSON.stringify(box)}`);
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test("in a window of 160 pixels the tooltip stays within it", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 700, height: 160 } });
  await page.keyboard.press("Tab");
  await stands(page);
  await page.keyboard.press("Tab");
  await page.locator("silk-ticker [part~=tooltip]").waitFor();
  const tooltip = await page.locator("silk-ticker [part~=tooltip]").boundingBox();
  assert.ok(tooltip.y >= 0 && tooltip.y + tooltip.height <= 160, JSON.stringify(tooltip));
});

test("the tooltip is under the entry that has the focus, or above it at the lower edge", async (t) => {
  for (const body of ["<silk-ticker></silk-ticker>", '<silk-ticker direction="static"></silk-ticker>', '<div style="height:440px"></div><silk-ticker></silk-ticker>']) {
    const page = await open(t, body.replace('<div style="height:440px"></div>', "<p>A story</p>".repeat(13)), { size: { width: 420, height: 600 } });
    await page.keyboard.press("Tab");
    await stands(page);
    for (const key of ["Tab", "ArrowRight", "End"]) {
      await page.keyboard.press(key);
      await page.locator("silk-ticker [part~=tooltip]").waitFor();
      const [entry, tooltip] = await page.locator("silk-ticker").evaluate(({ shadowRoot }) =>
        [shadowRoot.activeElement, shadowRoot.querySelector(".tooltip")].map((node) => node.getBoundingClientRect().toJSON()));
      const isUnder = tooltip.top >= entry.bottom && tooltip.top <= entry.bottom + 8;
      const isAbove = tooltip.bottom <= entry.top && tooltip.bottom >= entry.top - 8;
      assert.ok(body.startsWith("<div") ? isAbove : isUnder, `${key}: ${JSON.stringify([entry, tooltip])}`);
      assert.ok(tooltip.left <= entry.right && tooltip.right >= entry.left && tooltip.left >= 0 && tooltip.right <= 420, `${key}: ${JSON.stringify([entry, tooltip])}`);
    }
    await page.close();
  }
});

test("the keyboard finds the pause button first, then one stop for all entries", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker><button>after</button>");
  const focused = () => page.evaluate(() => {
    const { activeElement } = document.querySelector("silk-ticker").shadowRoot;
    return activeElement?.getAttribute("aria-label") ?? activeElement?.querySelector(".pair")?.textContent ?? activeElement?.textContent ?? document.activeElement.textContent;
  });
  const stops = [
    ["Tab", "Pause"], ["Tab", "KZT/USD"], ["ArrowRight", "USD/KZT"], ["ArrowRight", "UZS/RUB"], ["ArrowLeft", "USD/KZT"], ["End", "JPY/KZT"], ["ArrowRight", "JPY/KZT"],
    ["Home", "KZT/USD"], ["Tab", "www.nbt.tj"], ["Tab", "after"], ["Shift+Tab", "www.nbt.tj"], ["Shift+Tab", "KZT/USD"],
  ];
  for (const [key, stop] of stops) {
    await page.keyboard.press(key);
    await becomes(focused, stop, `${key} leads to ${stop}`);
  }
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
  const page = await open(t, "<silk-ticker></silk-ticker>", { emulate: { forcedColors: "active" } });
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
  const page = await open(t, '<div id="part"><silk-ticker pairs="KZT/USD"></silk-ticker></div>');
  await shows(page, ["KZT/USD 0.0021049 +0.77%"]);
  await page.evaluate(() => (document.documentElement.lang = "ru-KZ"));
  await shows(page, ["KZT/USD 0,0021049 +0,77\u00a0%"]);
  await page.evaluate(() => (document.querySelector("#part").lang = "kk"));
  await shows(page, ["KZT/USD 0,0021049 +0,77%"]);
});

test("a browser without constructed style sheets gets a style element with the nonce of the page", async (t) => {
  const head = `<script nonce="n1">delete window.CSSStyleSheet.prototype.replaceSync;</script>${SCRIPT}`;
  const page = await open(t, "<silk-ticker></silk-ticker>", { head });
  const style = await page.locator("silk-ticker").evaluate((ticker) => [ticker.shadowRoot.querySelector("style")?.nonce, getComputedStyle(ticker).display, getComputedStyle(ticker.shadowRoot.querySelector(".pair")).fontWeight]);
  assert.deepEqual(style, ["n1", "block", "600"]);
});

test("an announced value leaves the rate and its change in a window of 328 pixels, in Kazakh too", async (t) => {
  for (const attributes of ["", 'direction="vertical"', 'direction="static"', 'form="local"', 'form="local" direction="static" change="both"', 'direction="vertical" announced="row"', 'direction="static" announced="row"']) {
    const page = await open(t, `<silk-ticker locale="kk" pairs="KZT/USD" ${attributes}></silk-ticker>`, { from: early, size: { width: 328 + 16, height: 500 } });
    const mark = page.locator("silk-ticker ul:not([aria-hidden]) .announced");
    await mark.waitFor();
    assert.match(await mark.innerText(), /0,0021049|475,09/);
    const [[viewport], parts] = await Promise.all([boxes(page, ".viewport"), boxes(page, "ul:not([aria-hidden]) :is(.pair, .value, .change, .mark)")]);
    // On a tape the announced value follows the rate, and both are seen whole in turn; elsewhere they are seen together.
    const isTape = !/vertical|static/.test(attributes);
    const seen = isTape ? [parts.filter((_part, at) => at < parts.length - 1), parts.slice(-1)] : [parts];
    for (const together of seen) {
      const width = Math.max(...together.map(({ right }) => right)) - Math.min(...together.map(({ left }) => left));
      assert.ok(width <= viewport.width, `${attributes}: ${width} of ${viewport.width}`);
    }
    assert.ok(isTape || parts.every(({ left, right }) => left >= viewport.left && right <= viewport.right), `${attributes}: ${JSON.stringify(parts)}`);
    await page.close();
  }
});

/** The style of a theme that resets elements and shouts, as themes of blogs do. */
const THEME = `* { box-sizing: border-box } body { font: 18px/1.9 Georgia, serif; text-align: justify; text-transform: uppercase; letter-spacing: 2px; word-spacing: 6px; text-indent: 2em }
  ul, li { list-style: square inside; margin: 1em 0 1em 2em; padding: 9px } button { width: 100%; padding: 20px; background: red; border-radius: 50% } a { display: block; text-decoration: underline wavy }
  p > * { max-width: 100% } .widget { width: 300px; overflow: hidden; float: right } span { display: inline-block }`;

test("on a page of WordPress the theme changes the font at most, in the text and in a widget of 300 pixels", async (t) => {
  const element = (attributes) => `<p><silk-ticker ${attributes}></silk-ticker></p>`;
  // The text is wrapped in paragraphs, and the script is delayed until the page has loaded.
  const head = `<style nonce="n1">${THEME}</style><script nonce="n1">addEventListener("load", () => { const s = document.createElement("script"); s.nonce = "n1"; s.src = "/ticker.js"; document.body.append(s); });</script>`;
  const body = `<article class="post hentry"><div class="entry-content">${element('link="/rates/{pair}"')}<p>A story.</p></div></article><aside class="widget widget_block">${element('id="widget" direction="static" link="/rates/{pair}"')}</aside>`;
  const page = await open(t, body, { head });
  await shows(page, LINE);
  await shows(page, LINE, "#widget");
  const bare = await open(t, '<silk-ticker link="/rates/{pair}"></silk-ticker>');
  const drawn = (of) => of.locator("silk-ticker").first().evaluate(({ shadowRoot }) => [".item", ".pair", ".value", ".change", ".pause"].flatMap((part) => {
    const { width, height } = shadowRoot.querySelector(part).getBoundingClientRect();
    return [width, height];
  }));
  const [themed, plain] = [await drawn(page), await drawn(bare)];
  // The tape moves by fractions of a pixel.
  assert.ok(themed.every((length, at) => Math.abs(length - plain[at]) < 0.5), JSON.stringify([themed, plain]));
  const widget = await page.locator("#widget").evaluate((ticker) => [...ticker.shadowRoot.querySelectorAll(".pair, .value, .change")].every((part) => part.getBoundingClientRect().right <= ticker.getBoundingClientRect().right));
  assert.equal(widget, true, "nothing is cut in the widget");
});

test("a star stands for every currency, and two for every pair that the service has", async (t) => {
  for (const pairs of ["*/KZT", "*/*"]) {
    const page = await open(t, `<silk-ticker pairs="${pairs}" direction="static"></silk-ticker>`);
    const { rates } = await (await fetch(`${site.url}v1/snapshot.json?pairs=${pairs}`)).json();
    assert.ok(rates.length > 5, pairs);
    const shown = async () => (await lines(page)).map((line) => line.split(" ")[0]);
    await becomes(shown, rates.map(({ pair }) => pair).sort(), `all ${rates.length} pairs of ${pairs} are shown`);
    await page.close();
  }
});

test("an element that Turbo keeps from visit to visit has one stream, and goes on", async (t) => {
  const turbo = await readFile(join(root, "tests/browser/frameworks/node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js"), "utf8");
  // Turbo has a style of its own for its progress bar, and takes the nonce of this element for it.
  const head = '<meta name="csp-nonce" content="n1"><script nonce="n1" src="/turbo.js" defer></script><script nonce="n1" src="/ticker.js" async></script>';
  const kept = '<silk-ticker id="kept" data-turbo-permanent></silk-ticker>';
  for (const story of ["/one", "/two", "/three"]) {
    site.put(story, `${kept}<h2>Story ${story}</h2><a href="/one">one</a> <a href="/two">two</a> <a href="/three">three</a>`, { head });
  }
  const page = await open(t, `${kept}<a href="/one">one</a>`, {
    head,
    async prepare(page) {
      // The stream of a page without an element ends after a second, which a busy machine may need for a visit.
      await stopTimers(page, 1_000);
      await page.route("**/turbo.js", (route) => route.fulfill({ contentType: "text/javascript", body: turbo }));
    },
  });
  await shows(page, LINE);
  await page.locator("#kept").evaluate((ticker) => {
    window.first = ticker;
    window.loads = 1;
  });
  for (const story of ["one", "two", "three"]) {
    await page.getByRole("link", { name: story }).click();
    await page.getByRole("heading", { name: `Story /${story}` }).waitFor();
  }
  assert.deepEqual(await page.evaluate(() => [window.loads, document.querySelector("#kept") === window.first, document.querySelectorAll("silk-ticker").length]), [1, true, 1]);
  await until(async () => (await place(page)) < 0, "the tape moves");
  await page.evaluate(() => document.addEventListener("ratechange", ({ detail }) => (window.told = detail.pair), { once: true }));
  site.raise();
  await becomes(() => page.evaluate(() => window.told), /KZT/, "an event has the update");
  await until(async () => (await lines(page)).includes("USD/KZT 475.19 -0.75%"), "the update is shown");
  assert.deepEqual([site.open.size, site.count("/v1/watch")], [1, 1]);
});
