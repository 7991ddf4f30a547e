// The pictures that the server draws, of a chart and of the line of the ticker: on a page of another site, and opened by
// themselves, where their policy decides whether their style applies.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { browser, until } from "./support.mjs";

let chromium, service;
before(async () => {
  [chromium, service] = await Promise.all([browser(), serve({}, "--demo")]);
  const isDrawn = async () => / class="l"/.test(await (await fetch(new URL("chart/USD-KZT.svg", service.url))).text());
  await until(isDrawn, "the chart has a line");
});
after(async () => {
  await chromium.close();
  await service.stop();
});

/** A page of another site that isolates itself: it shows only what allows every site to show it. */
async function site(picture) {
  const server = createServer((_request, response) => {
    const isolated = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
    response.writeHead(200, { "content-type": "text/html", ...isolated });
    response.end(`<!doctype html><title>News</title><img alt="" src="${picture}">`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close(() => {}) };
}

test("a page of another site shows the chart in the size that it asked for", async (t) => {
  const { url, close } = await site(new URL("chart/USD-KZT.svg?width=480&height=240&locale=ru", service.url));
  t.after(close);
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(url, { waitUntil: "load" });
  assert.equal(await page.evaluate(() => window.crossOriginIsolated), true);
  const size = await page.evaluate(() => [document.images[0].naturalWidth, document.images[0].naturalHeight]);
  assert.deepEqual(size, [480, 240]);
});

for (const [scheme, theme, ground] of [
  ["light", "auto", "rgb(255, 255, 255)"],
  ["dark", "auto", "rgb(18, 22, 29)"],
  ["light", "dark", "rgb(18, 22, 29)"],
]) {
  test(`a chart of the theme ${theme} has its colours in a browser that is ${scheme}`, async (t) => {
    const page = await chromium.context.newPage();
    t.after(() => page.close());
    const refused = [];
    page.on("console", (message) => refused.push(message.text()));
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(new URL(`chart/USD-KZT.svg?theme=${theme}`, service.url).href);
    const fill = (selector) => page.evaluate((name) => getComputedStyle(document.querySelector(name)).fill, selector);
    assert.equal(await fill("rect"), ground);
    await page.emulateMedia({ colorScheme: scheme, media: "print" });
    assert.equal(await fill("rect"), "rgb(255, 255, 255)", "paper is light");
    assert.deepEqual(refused, []);
    const { x, width } = await page.evaluate(() => document.querySelector("tspan").getBoundingClientRect());
    assert.ok(x >= 0 && x + width <= 640);
  });
}

test("days without a rate are a gap in the line of the chart, and its text names them", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  // The demo has a table of early March, and the next ones from the 19th on.
  const parts = async () => {
    await page.goto(new URL("chart/USD-KZT.svg?window=month&locale=en", service.url).href);
    return page.evaluate(() => [".l", "desc"].map((part) => document.querySelector(part)?.outerHTML ?? ""));
  };
  await until(async () => {
    const [line, text] = await parts();
    return line.split("M").length > 2 && /no data: [^;]*18 March 2026/.test(text);
  }, "two lines are drawn, with a gap before 19 March");
});

test("a chart with values of several banks credits them in the plural", async () => {
  const credit = async () => / class="m"[^>]*>(Источник[^<]*)</.exec(await (await fetch(new URL("chart/USD-KZT.svg?locale=ru", service.url))).text())?.[1];
  await until(async () => /^Источники: .+, /.test(await credit()), "two banks are credited");
});

test("the picture of the ticker line has its size on a page of another site, and says in the reader's language who fixed its rates", async (t) => {
  const { url, close } = await site(new URL("ticker.svg?width=320&locale=kk", service.url));
  t.after(close);
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.goto(url, { waitUntil: "load" });
  assert.equal(await page.evaluate(() => document.images[0].naturalWidth), 320);
  const refused = [];
  page.on("console", (message) => refused.push(message.text()));
  await page.goto(new URL("ticker.svg?width=320&locale=kk&theme=dark", service.url).href);
  const [texts, ground, wide] = await page.evaluate(() => {
    const all = [...document.querySelectorAll("text")];
    return [all.map((text) => text.textContent).join("\n"), getComputedStyle(document.querySelector("rect")).fill, all.filter((text) => text.getBoundingClientRect().right > 320).map((text) => text.textContent)];
  });
  assert.match(texts, /KZT\/USD/);
  assert.match(texts, /Дереккөз(дер)?: \p{L}+/u);
  assert.equal(ground, "rgb(18, 22, 29)");
  assert.deepEqual(wide, [], "nothing is cut");
  assert.deepEqual(refused, []);
});
