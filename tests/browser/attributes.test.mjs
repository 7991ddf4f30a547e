// Old attributes go on working: every attribute and value that a README has named since the first one. A row is never
// removed; a new attribute of the README needs one.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { change, five, rate, start } from "./double.mjs";
import { browser, lines, root, until } from "./support.mjs";

/** The first line that an element shows. */
const first = (page, id) => lines(page, `#${id}`).then(([line]) => line);
/** What a part of an element looks like. */
const style = (selector, property) => (page, id) => page.locator(`#${id}`).evaluate((ticker, [wanted, name]) =>
  getComputedStyle(wanted ? ticker.shadowRoot.querySelector(wanted) : ticker)[name], [selector, property]);
const layout = (page, id) => page.locator(`#${id}`).evaluate((ticker) => ticker.shadowRoot.querySelector(".base").className);
const announced = (page, id) => page.locator(`#${id}`).evaluate((ticker) => ticker.shadowRoot.querySelector("ul:not([aria-hidden]) .announced")?.className ?? "none");

/** Every attribute since the first README: its values, how their effect is seen, and what is seen. */
const ATTRIBUTES = {
  pairs: [first, { "KZT/USD,KGS/USD": "KZT/USD 0.0019569 -1.04%", "*/USD": "KGS/USD 0.011435 0.00%" }],
  locale: [first, {
    en: "KZT/USD 0.0019569 -1.04%", ru: "KZT/USD 0,0019569 -1,04\u00a0%", kk: "KZT/USD 0,0019569 -1,04%", ky: "KZT/USD 0,0019569 -1,04%",
    tg: "KZT/USD 0,0019569 -1,04%", uz: "KZT/USD 0,0019569 -1,04%", "uz-Cyrl": "KZT/USD 0,0019569 -1,04%", tk: "KZT/USD 0,0019569 -1,04\u00a0%",
  }],
  theme: [style("", "colorScheme"), { light: "light", dark: "dark", auto: "normal" }],
  direction: [layout, { left: "base marquee left", right: "base marquee right", vertical: "base marquee vertical", static: "base still" }],
  speed: [layout, { 50: "base marquee left", 0: "base still" }],
  density: [style(".base", "fontSize"), { regular: "15px", compact: "13px" }],
  change: [first, {
    percent: "KZT/USD 0.0019569 -1.04%", absolute: "KZT/USD 0.0019569 -0.0000206", both: "KZT/USD 0.0019569 -0.0000206 · -1.04%", none: "KZT/USD 0.0019569",
  }],
  window: [first, { previous: "KZT/USD 0.0019569 -1.04%", week: "KZT/USD 0.0019569 +2.50%", month: "KZT/USD 0.0019569 –", year: "KZT/USD 0.0019569 –" }],
  endpoint: [first, { "/": "KZT/USD 0.0019569 -1.04%" }],
  digits: [first, { auto: "KZT/USD 0.0019569 -1.04%", 5: "KZT/USD 0.00196 -1.04%" }],
  form: [first, { pair: "KZT/USD 0.0019569 -1.04%", local: "$1 = ₸511.02 +1.05%" }],
  labels: [first, { code: "KZT/USD 0.0019569 -1.04%", name: "Kazakhstani tenge / US dollar 0.0019569 -1.04%", symbol: "₸/$ 0.0019569 -1.04%" }],
  link: [(page, id) => page.locator(`#${id} li[data-pair] a`).first().getAttribute("href"), { "/rates/{pair}": "/rates/KZT-USD", "/{base}?to={quote}": "/KZT?to=USD" }],
  announced: [announced, { tag: "mark announced tag", row: "mark announced", off: "none" }],
};

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

const RATES = () => {
  const [kgs, , ...others] = five();
  const row = { source: "nbk", currency: "USD", units: "1", value: "511.02", home_currency: "KZT", effective_date: "2025-12-08" };
  const tenge = rate("KZT/USD", "0.00195687057258", {
    change: { ...change("-1.0374", "-0.00002059", "DOWN"), reference_value: "0.00197738461538" }, fixings: [row], decimal_places: 2,
    windows: [{ window: "WEEK", change: change("2.5", "0.0000477", "UP", "2025-12-01"), reason: null }],
    announced: { value: "0.00196", effective_date: "2025-12-09", change: null },
  });
  return [kgs, tenge, ...others];
};

test("every attribute and value of an earlier README has its effect, and none is reported as wrong", async (t) => {
  const double = await start({ rates: RATES() });
  const page = await chromium.context.newPage();
  const told = [];
  page.on("console", (message) => message.text().startsWith("silkrate:") && told.push(message.text()));
  page.on("pageerror", (error) => told.push(String(error)));
  t.after(async () => {
    await page.close();
    await double.close();
  });
  const all = Object.entries(ATTRIBUTES).flatMap(([name, [seen, values]]) => Object.entries(values).map(([value, expected]) => ({ name, value, seen, expected })));
  const tickers = all.map(({ name, value }, index) => `<silk-ticker id="t${index}" ${name === "pairs" ? "" : 'pairs="KZT/USD"'} ${name}="${value}"></silk-ticker>`);
  double.policy = "";
  double.pages.set("/page", `<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="/icon.svg"><script src="/ticker.js" async></script></head><body>${tickers.join("")}</body></html>`);
  await page.goto(`${double.url}page`);
  for (const [index, { name, value, seen, expected }] of all.entries()) {
    let last;
    const shown = async () => (last = await seen(page, `t${index}`)) === expected;
    await until(shown, `${name}="${value}" shows ${expected}`).catch((error) => assert.fail(`${error.message}, but ${last}`));
  }
  assert.deepEqual(told, []);
});

test("a wrong value is reported with those that are right, and has the effect of none", async (t) => {
  const double = await start({ rates: RATES() });
  const page = await chromium.context.newPage();
  const told = [];
  page.on("console", (message) => told.push(message.text()));
  t.after(async () => {
    await page.close();
    await double.close();
  });
  const wrong = {
    locale: "zz", theme: "d", direction: "up", speed: "-5", density: "x", change: "y", window: "z", digits: "99", form: "a", labels: "b",
    link: "javascript:alert(1)", announced: "c",
  };
  const attributes = Object.entries(wrong).map(([name, value]) => `${name}="${value}"`).join(" ");
  double.pages.set("/page", `<!doctype html><html lang="en"><head><title>A page</title><script src="/ticker.js" async></script></head><body><silk-ticker id="t" pairs="KZT/USD" ${attributes}></silk-ticker></body></html>`);
  await page.goto(`${double.url}page`);
  await until(async () => (await first(page, "t")) === "KZT/USD 0.0019569 -1.04%", "the ticker is that without attributes");
  assert.equal(await layout(page, "t"), "base marquee left");
  assert.equal(await announced(page, "t"), "mark announced tag");
  const messages = told.filter((text) => text.startsWith("silkrate: <silk-ticker "));
  assert.deepEqual(messages.map((text) => /^silkrate: <silk-ticker (\w+)="/.exec(text)[1]).sort(), Object.keys(wrong).sort());
  assert.ok(messages.includes('silkrate: <silk-ticker change="y">: change is percent, absolute, both, none'), messages.join("\n"));
});

test("the README names every attribute with its values, and no other", async () => {
  const readme = await readFile(join(root, "src/web/README.md"), "utf8");
  const rows = new Map(readme.split("\n| attribute | values |\n")[1].split("\n\n")[0].split("\n").slice(1).map((row) => {
    const [, name, text] = /^\| `([a-z]+)` \| (.*) \|$/.exec(row);
    return [name, text];
  }));
  assert.deepEqual([...rows.keys()].sort(), Object.keys(ATTRIBUTES).sort());
  const named = ["locale", "theme", "direction", "density", "change", "window", "form", "labels", "announced"];
  for (const name of named) {
    const words = new Set(rows.get(name).match(/[\w-]+/g));
    Object.keys(ATTRIBUTES[name][1]).forEach((value) => assert.ok(words.has(value), `${name} no longer names ${value}`));
  }
});
