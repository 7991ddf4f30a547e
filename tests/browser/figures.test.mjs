// The number a reader knows, from the table of a bank to the page: digits, forms, names, unknown values.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { front } from "./front.mjs";
import { becomes, browser, lines, shows, until } from "./support.mjs";

let chromium;
let site;
before(async () => {
  [chromium, site] = await Promise.all([browser(), front()]);
});
after(() => Promise.all([chromium?.close(), site?.close()]));

/** A page with an element of these attributes. */
async function open(context, attributes) {
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  await page.goto(site.put("/figures", `<silk-ticker ${attributes}></silk-ticker>`));
  return page;
}

/** Attributes and what is seen: the pair, its value, its change. */
const FIGURES = [
  // The digits of the bank; with the zeros that it omits where its other rows have them.
  ['pairs="USD/KZT"', "USD/KZT 475.09 -0.77%"],
  ['pairs="USD/KZT" locale="ru"', "USD/KZT 475,09 -0,77\u00a0%"],
  ['pairs="JPY/KZT"', "JPY/KZT 3.00 0.00%"],
  ['pairs="USD/TJS"', "USD/TJS 9.3371 –"],
  // A derived value has five significant digits; a number of digits is fixed, and five are those of the tickers of news sites.
  ['pairs="KZT/USD"', "KZT/USD 0.0021049 +0.77%"],
  ['pairs="KZT/USD" digits="5"', "KZT/USD 0.00210 +0.77%"],
  ['pairs="USD/KZT" digits="5"', "USD/KZT 475.09000 -0.77%"],
  ['pairs="USD/KZT" digits="0"', "USD/KZT 475 -0.77%"],
  // As local media print it: the foreign currency first, with the units of the bank.
  ['pairs="KZT/USD" form="local" locale="ru"', "1\u00a0$ = 475,09\u00a0₸ -0,77\u00a0%"],
  ['pairs="AMD/KZT" form="local" labels="code" locale="ru"', "10\u00a0AMD = 12,69\u00a0KZT -0,24\u00a0%"],
  ['pairs="IRR/KZT" form="local" labels="code" locale="ru"', "1\u00a0000\u00a0IRR = 0,40\u00a0KZT 0,00\u00a0%"],
  ['pairs="UZS/RUB" form="local" locale="uz"', "10\u00a0000\u00a0soʻm = 67,0335\u00a0₽ –"],
  // Two places of a percentage, always, and no sign of equality for a flat one.
  ['pairs="JPY/KZT" locale="kk"', "JPY/KZT 3,00 0,00%"],
  ['pairs="JPY/KZT" locale="ru" change="both"', "JPY/KZT 3,00 0 · 0,00\u00a0%"],
  // What is not known is a dash.
  ['pairs="XXX/USD"', "XXX/USD –"],
  ['pairs="UZS/RUB" change="both"', "UZS/RUB 0.00670335 –"],
  ['pairs="USD/KZT" window="year"', "USD/KZT 475.09 –"],
  ['pairs="KZT/USD" labels="symbol"', "₸/$ 0.0021049 +0.77%"],
  ['pairs="KZT/USD" labels="name" locale="ru"', "казахстанский тенге / доллар США 0,0021049 +0,77\u00a0%"],
];

test("a value has the digits, the form and the names that a reader knows, from the table of the bank to the page", async (t) => {
  const page = await open(t, "hidden");
  await page.locator("main").evaluate((main, all) => {
    main.innerHTML = all.map((attributes, at) => `<silk-ticker id="t${at}" direction="static" ${attributes}></silk-ticker>`).join("");
  }, FIGURES.map(([attributes]) => attributes));
  for (const [at, [attributes, expected]] of FIGURES.entries()) {
    await becomes(async () => (await lines(page, `#t${at}`)).join(), expected, `${attributes} is shown`);
  }
});

test("the local form of a bank that prints the price of a hundred has its hundred", async (t) => {
  // Without the bank of the tenge the Bank of Russia answers, which prints the price of 100 tenge.
  const russian = await front({ SILKRATE_SOURCES__NBK__ENABLED: "false" }, ["CBR"]);
  const page = await chromium.context.newPage();
  t.after(async () => {
    await page.close();
    await russian.close();
  });
  await page.goto(russian.put("/hundred", '<silk-ticker pairs="KZT/RUB" form="local" locale="ru" change="none"></silk-ticker>'));
  await until(async () => /^100\u00a0₸ = \d\d,\d{4}\u00a0₽$/.test((await lines(page))[0] ?? ""), "the price of a hundred is shown");
  const { rate } = await (await fetch(`${russian.url}v1/rates/KZT/RUB`)).json();
  assert.equal((await lines(page))[0], `100\u00a0₸ = ${rate.fixings[0].value.replace(".", ",")}\u00a0₽`);
});

test("a value that loses its last zero in the table of the bank keeps it on the page", async (t) => {
  const page = await open(t, 'pairs="USD/KZT"');
  await shows(page, ["USD/KZT 475.09 -0.77%"]);
  site.nbk.dollar = "475.1";
  await shows(page, ["USD/KZT 475.10 -0.77%"]);
  const { rate } = await (await fetch(`${site.url}v1/rates/USD/KZT`)).json();
  assert.equal(rate.value, "475.1", "the contract has the digits that the bank printed");
});

test("each entry links to the page that the template names", async (t) => {
  const page = await open(t, 'pairs="KZT/USD,USD/KZT" link="/rates/{base}/{quote}?id={pair}"');
  const links = () => page.locator("silk-ticker").evaluate(({ shadowRoot }) => [...shadowRoot.querySelectorAll("ul:not([aria-hidden]) a.item")].map((link) => link.getAttribute("href")));
  await becomes(links, ["/rates/KZT/USD?id=KZT-USD", "/rates/USD/KZT?id=USD-KZT"], "each entry has its link");
});
