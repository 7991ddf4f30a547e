// The pages of the service: in every language, on a desk and on a phone, with a script and without one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { browser, until, violations } from "./support.mjs";
import { LANGUAGES, SIZES, isReady, open, shiftOf } from "./visit.mjs";

/** A tenth of a shift counts as poor for a page. */
const SHIFT_MAX = 0.02;
const PATHS = ["", "KZT"];

let chromium;
let demo;
/** A demo with the tables of banks, the Bank of Russia's among them. */
let banks;
before(async () => {
  [chromium, demo, banks] = await Promise.all([browser(), serve({}, "--demo=december"), serve({}, "--demo=april")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
  await banks?.stop();
});

const tab = (context, options) => open(chromium, context, options);

test("the checker of accessibility finds nothing on a page, nothing moves while it loads, and nothing is too wide", async (t) => {
  for (const path of PATHS) {
    for (const size of SIZES) {
      for (const [colorScheme, locale] of [["light", "ru"], ["dark", "kk"]]) {
        const name = `/${path} in ${locale}, ${colorScheme}, ${size.width} pixels`;
        const page = await tab(t, { size, colorScheme });
        await page.goto(`${demo.url}${path}?locale=${locale}`);
        await isReady(page);
        const [sum, parts] = await shiftOf(page);
        t.diagnostic(`${name}: ${sum.toFixed(4)}`);
        assert.ok(sum < SHIFT_MAX, `${name}: ${sum} of ${parts}`);
        const fits = await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
        assert.ok(fits, `${name}: nothing is wider than the page`);
        assert.deepEqual(await violations(page), [], name);
        await page.close();
      }
    }
  }
});

test("every digit of the tables is that of the service, and follows it without a reload", async (t) => {
  for (const [path, pair] of [["", "KZT/USD"], ["", "UZS/USD"], ["UZS", "UZS/USD"]]) {
    const page = await tab(t);
    await page.goto(`${demo.url}${path}?locale=en`);
    await isReady(page);
    await page.evaluate(() => { window.isSamePage = true; });
    const row = page.locator(`#content tr[data-pair="${pair}"]`);
    const [base, quote] = pair.split("/");
    const agree = async () => {
      const { rates } = await (await fetch(`${demo.url}v1/snapshot.json?pairs=${quote}/${base},${base}/${quote}`)).json();
      const shown = await Promise.all([".main data", ".unit data"].map((cell) => row.locator(cell).getAttribute("value")));
      return JSON.stringify(rates.map((rate) => rate.value)) === JSON.stringify(shown) && rates[0].value;
    };
    // The demo goes on between two reads, so the table and the service are read until they are of one moment, twice.
    let first;
    await until(async () => (first = await agree()), `the page has the digits of ${pair}`);
    await until(async () => ![false, first].includes(await agree()), `the page has the next digits of ${pair}`);
    assert.equal(await page.evaluate(() => window.isSamePage), true);
    await page.close();
  }
});

test("the table against another currency has the prices of one unit, both ways, and the change of the price beside it", async (t) => {
  for (const [path, quote, codes] of [["?quote=RUB&", "RUB", ["KZT", "KGS", "TJS", "UZS"]], ["TJS?", "RUB", ["TJS"]]]) {
    const page = await tab(t);
    await page.goto(`${banks.url}${path}locale=en`);
    await isReady(page);
    for (const code of codes) {
      const row = page.locator(`#content tr[data-pair="${code}/${quote}"]`);
      const agree = async () => {
        const { rates } = await (await fetch(`${banks.url}v1/snapshot.json?pairs=${quote}/${code},${code}/${quote}`)).json();
        const figures = await Promise.all([".main data", ".unit data"].map((cell) => row.locator(cell).getAttribute("value")));
        const direction = await row.locator(".moved > span").first().getAttribute("class");
        const expected = [...rates.map((rate) => rate.value), rates[0]?.change?.direction.toLowerCase() ?? "unknown"];
        return JSON.stringify([...figures, direction]) === JSON.stringify(expected);
      };
      await until(agree, `${path}: the price of 1 ${quote} in ${code}`);
    }
    await page.close();
  }
});

test("every page has a title, a description and previews of its own in every language, and leads to the others", async (t) => {
  const page = await tab(t);
  await page.goto(`${banks.url}KZT?locale=en`);
  const titles = new Set();
  const paths = ["", "KZT", "KGS", "TJS", "UZS", "TMT"];
  // As a search engine reads a page: its text alone.
  const read = (address) => page.evaluate(async (from) => {
    const found = new DOMParser().parseFromString(await (await fetch(from)).text(), "text/html");
    const content = (selector) => found.querySelector(`meta[${selector}]`).content;
    return {
      lang: found.documentElement.lang, title: found.title, description: content('name="description"'),
      preview: [content('property="og:title"'), content('property="og:description"'), content('property="og:locale"')],
      others: [...found.querySelectorAll('link[rel="alternate"][hreflang]:not([hreflang="x-default"])')].map((link) => [link.hreflang, link.getAttribute("href")]),
    };
  }, address);
  for (const path of paths) {
    const { others } = await read(`${banks.url}${path}?locale=en`);
    assert.deepEqual(others.map(([tag]) => tag).sort(), [...LANGUAGES].sort(), path);
    for (const [tag, address] of others) {
      const { lang, title, description, preview } = await read(new URL(address, banks.url + path).href);
      assert.equal(lang, tag);
      assert.deepEqual(preview, [title.replace(" · silkrate", ""), description, tag]);
      assert.ok(description.length > 20 && title.length > 10, `${path} in ${tag}: ${title}`);
      titles.add(title);
    }
  }
  assert.equal(titles.size, paths.length * LANGUAGES.length, "no title stands twice");
});

test("a rate that no bank fixed is not called official", async (t) => {
  const page = await tab(t);
  await until(async () => (await (await fetch(`${demo.url}v1/rates/TMT/USD`)).json()).rate?.source === "market", "the demo has the manat from the market");
  for (const path of ["TMT", ""]) {
    await page.goto(`${demo.url}${path}?locale=en`);
    const description = await page.locator('meta[name="description"]').getAttribute("content");
    const words = [await page.title(), description, await page.locator("h1").innerText(), await page.locator("#content h2").first().innerText()];
    assert.doesNotMatch(words.join(" "), /official|central bank/i);
  }
  await page.goto(`${banks.url}KZT?locale=en`);
  assert.match(await page.title(), /official rate/);
});

test("the chart of a row is loaded again when its rate changes", async (t) => {
  const page = await tab(t);
  let loaded = 0;
  page.on("response", (response) => { loaded += response.url().includes("chart/USD-UZS.svg") && response.ok() ? 1 : 0; });
  await page.goto(`${demo.url}?locale=en`);
  await isReady(page);
  const before = loaded;
  await until(() => loaded > before, "the chart is requested again");
});

test("without a script nothing is shown that needs one, and a phone has a chart of its size", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.setViewportSize(SIZES[1]);
  const session = await chromium.context.newCDPSession(page);
  await session.send("Emulation.setScriptExecutionDisabled", { value: true });
  await page.goto(`${demo.url}?locale=en`);
  for (const part of ["#ticker", "#builder", '.bar a[href="#builder"]', "#appearance"]) {
    assert.equal(await page.locator(part).isVisible(), false, part);
  }
  assert.ok(await page.locator("#table").isVisible());
  await page.goto(`${demo.url}KZT?locale=en`);
  const source = await page.locator("source").getAttribute("srcset");
  assert.match(source, /width=320&height=240/);
  const chart = page.waitForResponse((response) => response.url().includes("width=320"));
  await page.reload();
  assert.equal((await chart).status(), 200);
});

test("on paper there are the figures, and nothing to press", async (t) => {
  // A sheet of A4 between its margins.
  const page = await tab(t, { size: { width: 718, height: 1000 } });
  for (const [path, figures] of [["", "#table"], ["KZT", ".headline"]]) {
    await page.goto(`${demo.url}${path}?locale=kk`);
    await isReady(page);
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.locator(figures).isVisible());
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll(".scroll")].every((part) => part.scrollWidth <= part.clientWidth + 1)), "nothing is wider than the sheet");
    const pressed = await page.evaluate(() => [...document.querySelectorAll(".languages, .bar nav, .appearance, button, input, select, #ticker, #builder")]
      .filter((part) => part.checkVisibility()).map((part) => part.outerHTML.slice(0, 80)));
    assert.deepEqual(pressed, [], path);
    await page.emulateMedia({ media: "screen" });
  }
});

test("the appearance that a reader chose holds on every page", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=en`);
  await page.locator("#appearance").selectOption("dark");
  await page.locator('#table a[href^="KZT"]').click();
  await page.waitForURL(/KZT/);
  await page.locator(':root[data-appearance="dark"]').waitFor({ state: "attached" });
  assert.equal(await page.locator("#appearance").inputValue(), "dark");
  await page.locator("#appearance").selectOption("");
  await page.reload();
  await page.locator(':root[data-appearance=""]').waitFor({ state: "attached" });
});

test("without a script a page has its figures, its converter and its languages", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.route("**/*.js", (route) => route.abort());
  // The demo publishes a day in ten seconds; without a script, a reader loads the page again.
  await until(async () => {
    await page.goto(`${demo.url}KZT?locale=en`);
    return (await page.locator("#month tbody tr").count()) > 3;
  }, "the table has four days");
  assert.match(await page.locator(".headline").innerText(), /^1\sUSD = ₸5\d\d\.\d\d$/);
  await page.locator("#amount").fill("1,000.5");
  await page.locator("#convert button").click();
  assert.match(await page.locator("#conversion").innerText(), /^\$1,000\.5 = ₸5\d\d,\d{3}\.\d\d/);
  await page.locator(".languages a", { hasText: "Қазақша" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "kk");
  assert.equal(await page.locator(".languages [aria-current]").innerText(), "Қазақша");
  assert.equal(await page.locator("#lead li[data-pair]").count(), 5);
  assert.equal(await page.locator(":root[data-script]").count(), 0);
});

test("an address that leads nowhere is a page with links for a reader", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const answer = await page.goto(`${demo.url}${"nowhere".repeat(12)}?locale=ru`);
    assert.equal(answer.status(), 404);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true);
    assert.deepEqual(await violations(page), []);
  }
  await page.locator('#content a[href^="UZS"]').click();
  await page.waitForURL(/\/UZS\?locale=ru$/);
});

test("an address below a folder that is not there is a page that works, and leads out of the folder", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  const missing = [];
  page.on("response", (response) => response.status() >= 400 && missing.push(new URL(response.url()).pathname));
  const answer = await page.goto(`${demo.url}rates/KZT/USD?locale=ru`);
  assert.equal(answer.status(), 404);
  await isReady(page);
  assert.deepEqual(missing, ["/rates/KZT/USD"], "every file of the page is found");
  await page.locator('#content a[href*="UZS"]').click();
  await page.waitForURL(`${demo.url}UZS?locale=ru`);
});

test("the keyboard leads past the head of the page, and to the page of a currency and back", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=tg`);
  await isReady(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#content");
  const link = page.locator('#table a[href^="UZS"]');
  await link.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/UZS\?locale=tg$/);
  await isReady(page);
  await page.locator(".back a").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/\?locale=tg$/);
});

test("the table shows rates against another currency, and keeps it in the address", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=en`);
  await isReady(page);
  await page.locator("#quote").selectOption("RUB");
  await page.waitForURL(/quote=RUB/);
  assert.equal(await page.locator("#quote").inputValue(), "RUB");
  assert.equal(await page.locator("#table thead .number").first().innerText(), "1\u00a0RUB");
  assert.equal(await page.locator('.languages a[lang="ru"]').getAttribute("href"), "./?quote=RUB&locale=ru");
});

test("the chart of a currency takes the place of its picture", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}KZT?locale=ru`);
  await isReady(page);
  await until(() => page.evaluate(() => document.querySelector("silk-chart")?.shadowRoot?.querySelector(".svg, svg") !== null), "the chart is drawn");
  const [sum, parts] = await shiftOf(page);
  t.diagnostic(`with the chart: ${sum.toFixed(4)}`);
  assert.ok(sum < SHIFT_MAX, `${sum} of ${parts}`);
});
