// The element and the pages against the real service.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { asking, bank, relay, serve, site } from "./server.mjs";
import { becomes, browser, dist, lines, moves, root, shows, stands, until } from "./support.mjs";

/** The ticker of the demo at the end of a pass over its nine days, from the figures of 13 December 2025. */
const DEMO = ["KGS/USD 0.011435 0.00%", "KZT/USD 0.0019205 +0.18%", "TJS/USD 0.10899 +0.18%", "UZS/USD 0.000083136 +0.18%", "TMT/USD 0.28490 -0.28%"];
/** What a news site pays for the ticker at most, gzipped. */
const TICKER_BYTES_MAX = 20_000;

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

/** A tab that fails the test when the page's policy refuses something or a script breaks. */
async function tab(context, { emulate, size } = {}) {
  const page = await chromium.context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
  context.after(async () => {
    await page.close();
    assert.deepEqual(faults, []);
  });
  await page.emulateMedia(emulate ?? {});
  await page.setViewportSize(size ?? { width: 1280, height: 900 });
  return page;
}

/** Waits until a ticker shows a value and a change for each of its five pairs. The demo goes on meanwhile. */
async function showsFive(page, selector) {
  const isComplete = (shown) => shown.length === 5 && shown.every((line) => /^[A-Z]{3}\/USD 0\.\d+ /.test(line));
  await until(async () => isComplete(await lines(page, selector)), "five rates are shown");
}

/** Waits until a Russian ticker without changes shows the values of its two pairs. */
async function showsTwo(page, selector) {
  const isComplete = ([tenge, sum]) => /^KZT\/USD 0,00\d{5}$/.test(tenge) && /^UZS\/USD 0,0000\d{5}$/.test(sum);
  await until(async () => isComplete(await lines(page, selector)), "two rates are shown");
}

test("a plain page of an allowed site shows the ticker with the two lines of the README", async (t) => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const snippet = /```html\n(<script[^\n]*\n<silk-ticker[^\n]*)\n```/.exec(readme)?.[1];
  assert.ok(snippet, "the README has the two lines");
  const page = await tab(t);
  await page.goto(news.put("/readme", snippet.replace("http://127.0.0.1:8080/", demo.url)));
  await showsFive(page);
});

test("a page that names the script of an older version shows the ticker, unless it demands the old bytes", async (t) => {
  const page = await tab(t);
  const script = (rest) => `<script src="${demo.url}ticker-0123456789abcdef.js"${rest} async></script><silk-ticker></silk-ticker>`;
  await page.goto(news.put("/older", script("")));
  await showsFive(page);
  const refused = page.waitForEvent("console", (message) => /integrity/.test(message.text()));
  await page.goto(news.put("/pinned", script(` integrity="sha384-${"A".repeat(64)}" crossorigin`)));
  await refused;
  assert.equal(await page.evaluate(() => customElements.get("silk-ticker")), undefined);
});

test("updates arrive without a reload, and the marquee ends with the demo's digits", async (t) => {
  const page = await tab(t);
  await page.goto(demo.url);
  await page.evaluate(() => {
    window.told = new Set();
    document.addEventListener("ratechange", ({ detail }) => window.told.add(detail.pair));
  });
  // These figures stay for some seconds, and the demo begins again: a busy machine may miss them in one pass.
  await shows(page, DEMO, "#lead");
  await until(() => page.evaluate(() => window.told.has("KZT/USD")), "an event has a change of the tenge");
});

test("the marquee moves, and stops by keyboard", async (t) => {
  const page = await tab(t);
  await page.goto(news.put("/keyboard", `<script src="${demo.url}ticker.js" async></script><silk-ticker></silk-ticker>`));
  await showsFive(page);
  await until(() => moves(page), "the marquee moves");
  const label = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("aria-label"));
  for (let presses = 0; presses < 10 && (await label()) !== "Pause"; presses += 1) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Space");
  await until(async () => (await label()) === "Play", "the button says Play");
  await page.keyboard.press("Tab");
  await stands(page);
});

test("with reduced motion the list stands still", async (t) => {
  const page = await tab(t, { emulate: { reducedMotion: "reduce" } });
  await page.goto(demo.url);
  await showsFive(page, "#lead");
  const moving = () => page.evaluate(() => [...document.querySelectorAll("silk-ticker")].flatMap((ticker) => ticker.shadowRoot.getAnimations()).length);
  await becomes(moving, 0, "nothing moves");
});

test("a site that is not allowed gets the script and no rate", async (t) => {
  const foreign = await site();
  t.after(() => foreign.close());
  const page = await tab(t);
  const refused = page.waitForResponse((response) => response.url().includes("/v1/watch"));
  const told = page.waitForEvent("console", (message) => message.text().includes("web.allowed_origins"));
  await page.goto(foreign.put("/", `<script src="${demo.url}ticker.js" async></script><silk-ticker pairs="KZT/USD"></silk-ticker>`));
  assert.equal((await refused).status(), 403);
  assert.match((await told).text(), new RegExp(`does not list ${foreign.origin} in web.allowed_origins`));
  await until(async () => (await lines(page)).join() === "KZT/USD –", "a dash is shown");
});

test("the lines of the builder work on a site, with the lasting address and with the digest of the script", async (t) => {
  const page = await tab(t);
  await page.goto(demo.url);
  await showsFive(page, "#lead");
  await page.locator('#form [name="pairs"]').fill("KZT/USD,UZS/USD");
  await page.locator('#form [name="locale"]').selectOption("ru");
  await page.locator('#form [name="change"]').selectOption("none");
  await showsTwo(page, "#preview silk-ticker");
  const snippets = [await page.locator("#snippet").innerText()];
  assert.equal(await page.locator('#form [name="pinned"]').isChecked(), false);
  const hint = await page.locator('#form [name="pinned"]').getAttribute("aria-describedby");
  assert.match(await page.locator(`#${hint}`).innerText(), /your page runs these bytes and no others, and after an upgrade of this service you copy the lines again/);
  await page.locator('#form [name="pinned"]').check();
  await until(async () => (await page.locator("#snippet").innerText()).includes("integrity="), "the digest is known");
  snippets.push(await page.locator("#snippet").innerText());
  const element = '<silk-ticker style="display:block;min-height:2.58rem" pairs="KZT/USD,UZS/USD" locale="ru" change="none"></silk-ticker>';
  assert.equal(snippets[0], `<script src="${demo.url}ticker.js" async></script>\n${element}`);
  assert.match(snippets[1], /^<script src="[^"]*\/ticker-[0-9a-f]{16}\.js" integrity="sha384-[^"]{64}" crossorigin async><\/script>\n/);
  assert.ok(snippets[1].endsWith(element));
  for (const [index, snippet] of snippets.entries()) {
    await page.goto(news.put(`/built${index}`, snippet));
    await showsTwo(page);
  }
});

test("the fragment is readable without a script, and the element takes its place", async (t) => {
  let fragment = "";
  // For a moment between two passes the demo has no rates.
  await until(async () => /0\.00\d{5}/.test(fragment = await (await fetch(`${demo.url}ticker.html?pairs=KZT/USD`)).text()), "the fragment has a value");
  const page = await tab(t);
  await page.goto(news.put("/plain", fragment));
  assert.match(await page.locator("main li[data-pair]").innerText(), /KZT\/USD 0\.00\d{5} ([▲▼] [+-])?(\d+\.\d\d%|–) /);
  await page.goto(news.put("/taken", `<script src="${demo.url}ticker.js" async></script>${fragment}`));
  await until(async () => /^KZT\/USD 0\.00\d{5} /.test((await lines(page))[0] ?? ""), "the value is shown");
});

test("the page has one stream, however many tickers it has", async (t) => {
  const page = await tab(t);
  const streams = [];
  page.on("request", (request) => request.url().includes("/v1/watch") && streams.push(request.url()));
  await page.goto(demo.url);
  await showsFive(page, "#lead");
  await until(() => streams.length > 0, "a stream is requested");
  await page.evaluate(() => new Promise((resolve) => document.addEventListener("ratechange", resolve, { once: true })));
  assert.equal(streams.length, 1);
});

test("a service that is killed and started again is resumed, without a wrong digit", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "silkrate-store-"));
  const nbk = await bank();
  const settings = { ...asking(nbk, join(folder, "store.db")), SILKRATE_WEB__ALLOWED_ORIGINS: news.origin };
  let service = await serve(settings);
  const entrance = await relay();
  entrance.target = service.url;
  t.after(async () => {
    entrance.close();
    await service.stop();
    nbk.close();
    await rm(folder, { recursive: true, force: true });
  });
  const page = await tab(t);
  const asked = [];
  page.on("request", (request) => request.url().includes("/v1/watch") && asked.push(new URL(request.url()).searchParams.get("after")));
  await page.goto(news.put("/killed", `<script src="${entrance.url}ticker.js" async></script><silk-ticker></silk-ticker>`));
  const first = ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%"];
  const second = ["KZT/USD 0.0021044 +0.75%", "USD/KZT 475.19 -0.75%"];
  await shows(page, first);
  await page.evaluate(() => {
    window.seen = new Set();
    const { shadowRoot } = document.querySelector("silk-ticker");
    const note = () => shadowRoot.querySelectorAll("ul:not([aria-hidden]) .value").forEach((value) => window.seen.add(value.textContent));
    new MutationObserver(note).observe(shadowRoot, { subtree: true, childList: true, characterData: true });
    note();
  });
  await until(() => asked.length > 0, "the stream is requested");
  const snapshot = async () => (await fetch(`${service.url}v1/snapshot.json`)).json();
  const { position } = await snapshot();
  await service.stop("SIGKILL");
  entrance.target = undefined;
  nbk.dollar = "475.19";
  service = await serve(settings);
  // A page whose requests were refused twice polls, and then rarely: the first answer has the new value.
  await until(async () => (await snapshot()).rates.some(({ value }) => value === "475.19"), "the bank has been asked");
  entrance.target = service.url;
  await shows(page, second);
  const resumed = asked.slice(1);
  assert.ok(resumed.length > 0);
  resumed.forEach((after) => assert.equal(after?.split(":")[0], position.epoch));
  const now = await snapshot();
  assert.equal(now.position.epoch, position.epoch, "the epoch survived, so it was a resume");
  assert.deepEqual(await page.evaluate(() => [...window.seen].sort()), ["0.0021044", "0.0021049", "475.09", "475.19"]);
});

test("the ticker is light", async () => {
  const size = gzipSync(await readFile(join(dist, "ticker.js")), { level: 9 }).length;
  assert.ok(size <= TICKER_BYTES_MAX, `${size} bytes`);
});
