// The element on the pages of others, with the real service: how the script may be loaded, and what a wrong value does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LINE, front, lineWith } from "./front.mjs";
import { site as newsSite } from "./server.mjs";
import { browser, shows, until } from "./support.mjs";

let chromium;
/** A site of another origin, which the service allows. */
let news;
let site;
before(async () => {
  news = await newsSite();
  [chromium, site] = await Promise.all([browser(), front({ SILKRATE_WEB__ALLOWED_ORIGINS: news.origin })]);
});
after(async () => {
  await Promise.all([chromium?.close(), site?.close()]);
  news?.close();
});

/** A page at a path of its own with this head and body. Its scripts must not throw; what the console says is kept. */
async function open(context, { head = "", body = "", prepare } = {}) {
  site.restore();
  prepare?.();
  const page = await chromium.context.newPage();
  const [thrown, told] = [[], []];
  page.on("pageerror", (error) => thrown.push(String(error)));
  page.on("console", (message) => message.text().startsWith("silkrate:") && told.push(message.text()));
  context.after(async () => {
    await page.close();
    assert.deepEqual(thrown, []);
  });
  await page.goto(site.put("/news/today", body, { head }));
  return { page, told };
}

const SCRIPT = '<script src="/ticker.js" async></script>';
const streams = () => site.asked.filter((path) => path.startsWith("/v1/watch"));
/** What a reader sees of the tenge now: the bank corrects its dollar in a test. */
const tenge = () => lineWith(site.nbk.dollar)[0];

for (const [way, head] of [
  ["a module script", (src) => `<script type="module" src="${src}"></script>`],
  ["a module that imports it", (src) => `<script type="module">setTimeout(() => import("${src}"));</script>`],
  ["a deferred script", (src) => `<script src="${src}" defer></script>`],
]) {
  test(`the script finds its service from ${way} of another origin, wherever the page is`, async (t) => {
    const page = await chromium.context.newPage();
    t.after(() => page.close());
    const asked = page.waitForRequest((request) => request.url().includes("/v1/watch"));
    await page.goto(news.put("/news/today/", `${head(`${site.service.url}ticker.js`)}<silk-ticker pairs="KZT/USD"></silk-ticker>`));
    assert.equal((await asked).url(), `${site.service.url}v1/watch?pairs=KZT%2FUSD`);
    await shows(page, ["KZT/USD 0.0021049 +0.77%"]);
  });
}

test("a property set before the script has loaded counts, and a property is its attribute", async (t) => {
  const { page } = await open(t, { body: "<silk-ticker></silk-ticker>" });
  await page.evaluate(async (src) => {
    const ticker = document.querySelector("silk-ticker");
    Object.assign(ticker, { pairs: ["USD/KZT", "UZS/RUB"], locale: "ru", speed: 0 });
    document.head.append(Object.assign(document.createElement("script"), { src }));
    await customElements.whenDefined("silk-ticker");
  }, "/ticker.js");
  await shows(page, ["USD/KZT 475,09 -0,77\u00a0%", "UZS/RUB 0,00670335 –"]);
  const seen = await page.locator("silk-ticker").evaluate((ticker) => {
    const attributes = ["pairs", "locale", "speed"].map((name) => ticker.getAttribute(name));
    ticker.setAttribute("pairs", "JPY/KZT");
    const property = ticker.pairs;
    ticker.locale = undefined;
    return [...attributes, property, ticker.hasAttribute("locale"), ticker.locale, ticker.outerHTML.includes("undefined")];
  });
  assert.deepEqual(seen, ["USD/KZT,UZS/RUB", "ru", "0", "JPY/KZT", false, "", false]);
  await shows(page, [LINE[4]]);
});

test("a wrong value throws nothing into the page, and costs the other elements nothing", async (t) => {
  const wrong = `<silk-ticker id="wrong" pairs='USDKZT, "]/USD, KZT-USD'></silk-ticker>`;
  const { page, told } = await open(t, {
    head: SCRIPT, body: `<silk-ticker pairs="KZT/USD, ,"></silk-ticker>${wrong}
      <silk-ticker endpoint="http://[" id="lost"></silk-ticker><silk-ticker pairs="KZT/USD" data-state='{"rates":7}'></silk-ticker>`,
  });
  await shows(page, [tenge()]);
  await shows(page, ["USDKZT –", '"]/USD –', "KZT-USD –"], "#wrong");
  await page.locator("#lost").getByText("no data").waitFor();
  const thrown = await page.locator("silk-ticker").first().evaluate((ticker) => {
    const values = [null, undefined, 7, true, {}, [], Symbol("x"), Object.create(null), [Symbol("y")], () => 1, new Date(NaN), "\u0000", "x".repeat(100_000)];
    const names = ticker.constructor.observedAttributes.filter((name) => name !== "lang");
    const found = [];
    for (const name of names) {
      for (const value of values) {
        try {
          ticker[name] = value;
        } catch (error) {
          found.push(`${name}: ${error}`);
        }
      }
      ticker[name] = null;
    }
    ticker.pairs = ["KZT/USD"];
    return [names.length, ...found];
  });
  assert.deepEqual(thrown, [14]);
  await shows(page, [tenge()]);
  streams().forEach((path) => assert.doesNotMatch(decodeURIComponent(path), /USDKZT|\]|KZT-USD/));
  await until(() => told.some((text) => /a pair is written KZT\/USD.*USDKZT/.test(text)), "the wrong pairs are reported");
  await until(() => told.some((text) => text.includes("endpoint is no address")), "the wrong address is reported");
  await page.hover("#wrong");
});

test("an element or a script of the page that breaks costs the others of the stream nothing", async (t) => {
  const { page, told } = await open(t, {
    head: SCRIPT, body: '<silk-ticker id="broken" pairs="USD/KZT"></silk-ticker><silk-ticker id="sound" pairs="KZT/USD"></silk-ticker>',
  });
  await shows(page, [tenge()], "#sound");
  await until(() => site.open.size === 1, "the stream is open");
  const before = tenge();
  await page.evaluate((url) => {
    const broken = document.querySelector("#broken");
    // As a script of the page may break it: what is shown cannot be put in any more.
    broken.shadowRoot.querySelectorAll("button, li").forEach((node) => { node.replaceChildren = () => { throw new Error("broken"); }; });
    broken.shadowRoot.querySelector("ul").insertBefore = () => { throw new Error("broken"); };
    const hub = customElements.get("silk-ticker").hubOf(url);
    hub.add({ pairs: ["USD/KZT"], changed: () => { throw new Error("a broken script"); } });
    // The hub calls subscribers in their order: the broken one comes first.
    window.addEventListener("error", (event) => event.preventDefault());
    const sound = document.querySelector("#sound");
    sound.remove();
    document.querySelector("main").append(sound);
  }, site.url);
  site.raise();
  await shows(page, [tenge()], "#sound");
  assert.notEqual(tenge(), before);
  await until(() => told.length > 0, "the broken script is reported");
  assert.deepEqual([...new Set(told)], ["silkrate: Error: a broken script"]);
  await until(() => site.open.size === 1, "one stream carries them");
});

test("a page with more pairs than a request may have shows the first, and says so", async (t) => {
  const letters = "ABCDEFGHIJKLMNOPQRST";
  const pairs = [...Array(300).keys()].map((index) => `A${letters[Math.floor(index / 20)]}${letters[index % 20]}/USD`);
  const { page, told } = await open(t, {
    head: SCRIPT, body: `<silk-ticker pairs="KZT/USD"></silk-ticker><silk-ticker pairs="${pairs.slice(0, 200)}"></silk-ticker><silk-ticker pairs="${pairs.slice(100)}"></silk-ticker>`,
  });
  await shows(page, [tenge()]);
  await until(() => streams().length > 0, "the stream is requested");
  assert.equal(new URL(streams().at(-1), site.url).searchParams.get("pairs").split(",").length, 256);
  await until(() => told.some((text) => text.includes("256 pairs")), "the console says so");
});

test("a script within the page has no address of a service, and says that endpoint is needed", async (t) => {
  const script = await (await fetch(`${site.url}ticker.js`)).text();
  const { page, told } = await open(t, { body: '<silk-ticker id="first"></silk-ticker>' });
  await page.evaluate(script);
  await page.locator("#first").getByText("no data").waitFor();
  await until(() => told.some((text) => text.includes("set the attribute endpoint")), "the console says so");
  assert.equal(site.count("/v1/"), 0);
  await page.locator("#first").evaluate((ticker, url) => Object.assign(ticker, { endpoint: url, pairs: "KZT/USD" }), site.url);
  await shows(page, [tenge()]);
});

test("before the first message no figure stands in the page, not even an invisible one", async (t) => {
  const { page } = await open(t, { head: SCRIPT, prepare: () => site.hold(), body: '<silk-ticker></silk-ticker><silk-ticker direction="static" form="local"></silk-ticker>' });
  await page.locator("silk-ticker li").first().waitFor({ state: "attached" });
  for (const ticker of await page.locator("silk-ticker").all()) {
    await ticker.hover();
    const [text, visible, open] = await ticker.evaluate(({ shadowRoot }) => [
      [...shadowRoot.querySelectorAll("ul")].map((list) => list.textContent).join(), getComputedStyle(shadowRoot.querySelector("ul")).visibility, shadowRoot.querySelectorAll(".open").length,
    ]);
    assert.doesNotMatch(text, /[0-9]/);
    assert.deepEqual([visible, open], ["hidden", 0]);
  }
});
