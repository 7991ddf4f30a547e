// Old attributes go on working, with the real service: every attribute and value that a README has named since the first one. A
// row is never removed; a new attribute of the README needs one.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { front } from "./front.mjs";
import { becomes, browser, lines, root, until } from "./support.mjs";

/** The first line that an element shows. */
const first = (page, id) => lines(page, `#${id}`).then(([line]) => line);
/** What a part of an element looks like. */
const style = (selector, property) => (page, id) => page.locator(`#${id}`).evaluate((ticker, [wanted, name]) =>
  getComputedStyle(wanted ? ticker.shadowRoot.querySelector(wanted) : ticker)[name], [selector, property]);
const layout = (page, id) => page.locator(`#${id}`).evaluate((ticker) => ticker.shadowRoot.querySelector(".base").className);
const announced = (page, id) => page.locator(`#${id}`).evaluate((ticker) => ticker.shadowRoot.querySelector("ul:not([aria-hidden]) .announced")?.className ?? "none");

/** The ticker at noon of 1 April 2026, when the tables of 25 and 31 March are known, and that of 2 April is announced. */
const EARLIER = { "25.03.2026": "480.00", "31.03.2026": "477.00" };
const TENGE = "KZT/USD 0.0020887 -0.37%";
const comma = (blank) => `KZT/USD 0,0020887 -0,37${blank}%`;

/** Every attribute since the first README: its values, how their effect is seen, and what is seen. */
const ATTRIBUTES = {
  pairs: [first, { "KZT/USD,KGS/USD": TENGE, "*/USD": TENGE }],
  locale: [first, {
    en: TENGE, ru: comma("\u00a0"), kk: comma(""), ky: comma(""), tg: comma(""), uz: comma(""), "uz-Cyrl": comma(""), tk: comma("\u00a0"),
  }],
  theme: [style("", "colorScheme"), { light: "light", dark: "dark", auto: "normal" }],
  direction: [layout, { left: "base marquee left", right: "base marquee right", vertical: "base marquee vertical", static: "base still" }],
  speed: [layout, { 50: "base marquee left", 0: "base still" }],
  density: [style(".base", "fontSize"), { regular: "15px", compact: "13px" }],
  change: [first, {
    percent: TENGE, absolute: "KZT/USD 0.0020887 -0.00000775", both: "KZT/USD 0.0020887 -0.00000775 · -0.37%", none: "KZT/USD 0.0020887",
  }],
  window: [first, { previous: TENGE, week: "KZT/USD 0.0020887 +0.26%", month: "KZT/USD 0.0020887 –", year: "KZT/USD 0.0020887 –" }],
  endpoint: [first, { "/": TENGE }],
  digits: [first, { auto: TENGE, 5: "KZT/USD 0.00209 -0.37%" }],
  form: [first, { pair: TENGE, local: "$1 = ₸478.77 +0.37%" }],
  labels: [first, { code: TENGE, name: "Kazakhstani tenge / US dollar 0.0020887 -0.37%", symbol: "₸/$ 0.0020887 -0.37%" }],
  link: [(page, id) => page.locator(`#${id} li[data-pair] a`).first().getAttribute("href"), { "/rates/{pair}": "/rates/KZT-USD", "/{base}?to={quote}": "/KZT?to=USD" }],
  announced: [announced, { tag: "mark announced tag", row: "mark announced", off: "none" }],
};

let chromium;
let site;
before(async () => {
  [chromium, site] = await Promise.all([browser(), front({ SILKRATE_CLOCK__START: "2026-04-01T07:00:00Z" }, [], EARLIER)]);
});
after(() => Promise.all([chromium?.close(), site?.close()]));

/** A page with this body, and what is said in its console. */
async function open(context, body) {
  const page = await chromium.context.newPage();
  const told = [];
  page.on("console", (message) => message.text().startsWith("silkrate:") && told.push(message.text()));
  page.on("pageerror", (error) => told.push(String(error)));
  context.after(() => page.close());
  await page.goto(site.put("/page", body));
  return { page, told };
}

test("every attribute and value of an earlier README has its effect, and none is reported as wrong", async (t) => {
  const all = Object.entries(ATTRIBUTES).flatMap(([name, [seen, values]]) => Object.entries(values).map(([value, expected]) => ({ name, value, seen, expected })));
  const tickers = all.map(({ name, value }, index) => `<silk-ticker id="t${index}" ${name === "pairs" ? "" : 'pairs="KZT/USD"'} ${name}="${value}"></silk-ticker>`);
  const { page, told } = await open(t, tickers.join(""));
  for (const [index, { name, value, seen, expected }] of all.entries()) {
    await becomes(() => seen(page, `t${index}`), expected, `${name}="${value}" has its effect`);
  }
  assert.deepEqual(told, []);
});

test("a wrong value is reported with those that are right, and has the effect of none", async (t) => {
  const wrong = {
    locale: "zz", theme: "d", direction: "up", speed: "-5", density: "x", change: "y", window: "z", digits: "99", form: "a", labels: "b",
    link: "javascript:alert(1)", announced: "c",
  };
  const attributes = Object.entries(wrong).map(([name, value]) => `${name}="${value}"`).join(" ");
  const { page, told } = await open(t, `<silk-ticker id="t" pairs="KZT/USD" ${attributes}></silk-ticker>`);
  await until(async () => (await first(page, "t")) === TENGE, "the ticker is that without attributes");
  await becomes(() => layout(page, "t"), "base marquee left", "it moves to the left");
  await becomes(() => announced(page, "t"), "mark announced tag", "an announced value is a tag");
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
