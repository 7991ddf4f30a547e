// The pages of the service: in every language, on a desk and on a phone, with a script and without one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { front } from "./front.mjs";
import { serve } from "./server.mjs";
import { becomes, browser, until, violations } from "./support.mjs";
import { LANGUAGES, SIZES, isReady, open, shiftOf } from "./visit.mjs";

/** A tenth of a shift counts as poor for a page. */
const SHIFT_MAX = 0.02;
const PATHS = ["", "KZT"];

let chromium;
/** A demo whose rates change every second or two, and are gone for a moment where it begins again. */
let demo;
/** A demo with the tables of banks, the Bank of Russia's among them. Its rates are never gone. */
let banks;
/** A service whose rates stay: four days of the bank of the tenge. */
let site;
before(async () => {
  const earlier = { "25.03.2026": "480.00", "31.03.2026": "477.00" };
  [chromium, demo, banks, site] = await Promise.all([browser(), serve({}, "--demo=december"), serve({}, "--demo=april"), front({}, ["CBR", "NBT"], earlier)]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
  await banks?.stop();
  await site?.close();
});

const tab = (context, options) => open(chromium, context, options);

/** Opens each page in each size and two languages, when it is ready. */
async function onEachPage(context, service, look) {
  for (const path of PATHS) {
    for (const size of SIZES) {
      for (const [colorScheme, locale] of [["light", "ru"], ["dark", "kk"]]) {
        const page = await tab(context, { size, colorScheme });
        await page.goto(`${service.url}${path}?locale=${locale}`);
        await isReady(page);
        await look(page, `/${path} in ${locale}, ${colorScheme}, ${size.width} pixels`);
        await page.close();
      }
    }
  }
}

test("the checker of accessibility finds nothing on a page, and nothing is too wide", async (t) => {
  await onEachPage(t, banks, async (page, name) => {
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${name}: nothing is wider than the page`);
    assert.deepEqual(await violations(page), [], name);
  });
});

test("nothing of a page moves while it loads", async (t) => {
  await onEachPage(t, site.service, async (page, name) => {
    const [sum, parts] = await shiftOf(page);
    t.diagnostic(`${name}: ${sum.toFixed(4)}`);
    assert.ok(sum < SHIFT_MAX, `${name}: ${sum} of ${parts}`);
  });
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
    const official = async () => {
      await page.goto(`${demo.url}${path}?locale=en`);
      const description = await page.locator('meta[name="description"]').getAttribute("content");
      const words = [await page.title(), description, await page.locator("h1").innerText(), await page.locator("#content h2").first().innerText()];
      return words.filter((text) => /official|central bank/i.test(text));
    };
    await becomes(official, [], `/${path} calls nothing official`);
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
  await page.goto(`${site.service.url}?locale=en`);
  for (const part of ["#ticker", "#builder", '.bar a[href="#builder"]', "#appearance"]) {
    assert.equal(await page.locator(part).isVisible(), false, part);
  }
  assert.ok(await page.locator("#table").isVisible());
  await page.goto(`${site.service.url}KZT?locale=en`);
  const source = await page.locator("source").getAttribute("srcset");
  assert.match(source, /width=320&height=240/);
  const chart = page.waitForResponse((response) => response.url().includes("width=320"));
  await page.reload();
  // The browser may have it from before, and ask whether it is new.
  assert.match(`${(await chart).status()}`, /^(200|304)$/);
});

test("on paper there are the figures, and nothing to press", async (t) => {
  // A sheet of A4 between its margins.
  const page = await tab(t, { size: { width: 718, height: 1000 } });
  for (const [path, figures] of [["", "#table"], ["KZT", ".headline"]]) {
    await page.goto(`${banks.url}${path}?locale=kk`);
    await isReady(page);
    await page.emulateMedia({ media: "print" });
    await page.locator(figures).waitFor();
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll(".scroll")].every((part) => part.scrollWidth <= part.clientWidth + 1)), "nothing is wider than the sheet");
    const pressed = () => page.evaluate(() => [...document.querySelectorAll(".languages, .bar nav, .appearance, button, input, select, #ticker, #builder")]
      .filter((part) => part.checkVisibility()).map((part) => part.outerHTML.slice(0, 80)));
    await becomes(pressed, [], `nothing is to press on /${path}`);
    await page.emulateMedia({ media: "screen" });
  }
});

test("the appearance that a reader chose holds on every page", async (t) => {
  const page = await tab(t);
  await page.goto(`${banks.url}?locale=en`);
  await isReady(page);
  await page.locator("#appearance").selectOption("dark");
  await page.locator('#table a[href^="KZT"]').click();
  await page.waitForURL(/KZT/);
  await page.locator(':root[data-appearance="dark"]').waitFor({ state: "attached" });
  await becomes(() => page.locator("#appearance").inputValue(), "dark", "the list has the choice");
  await page.locator("#appearance").selectOption("");
  await page.reload();
  await page.locator(':root[data-appearance=""]').waitFor({ state: "attached" });
});

test("without a script a page has its figures, its converter and its languages", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(`${site.service.url}KZT?locale=en`);
  assert.equal(await page.locator("#month tbody tr").count(), 4);
  assert.match(await page.locator(".headline").innerText(), /^1\sUSD = ₸475\.09$/);
  await page.locator("#amount").fill("1,000.5");
  await page.locator("#convert button").click();
  await page.waitForURL(/amount=1%2C000\.5/);
  assert.match(await page.locator("#conversion").innerText(), /^\$1,000\.5 = ₸475,327\.54/);
  await page.locator(".languages a", { hasText: "Қазақша" }).click();
  await page.waitForURL(/locale=kk/);
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
    const answer = await page.goto(`${banks.url}${"nowhere".repeat(12)}?locale=ru`);
    assert.equal(answer.status(), 404);
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), "nothing is wider than the page");
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
  const answer = await page.goto(`${banks.url}rates/KZT/USD?locale=ru`);
  assert.equal(answer.status(), 404);
  await isReady(page);
  assert.deepEqual(missing, ["/rates/KZT/USD"], "every file of the page is found");
  await page.locator('#content a[href*="UZS"]').click();
  await page.waitForURL(`${banks.url}UZS?locale=ru`);
});

test("the keyboard leads past the head of the page, and to the page of a currency and back", async (t) => {
  const page = await tab(t);
  await page.goto(`${banks.url}?locale=tg`);
  await isReady(page);
  await page.keyboard.press("Tab");
  await becomes(() => page.evaluate(() => document.activeElement.className), "skip", "the first stop leads past the head");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#content$/);
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
  await page.goto(`${banks.url}?locale=en`);
  await isReady(page);
  await page.locator("#quote").selectOption("RUB");
  await page.waitForURL(/quote=RUB/);
  await becomes(() => page.locator("#quote").inputValue(), "RUB", "the list has the choice");
  await becomes(() => page.locator("#table thead .number").first().innerText(), "1\u00a0RUB", "the table has the prices of a rouble");
  assert.equal(await page.locator('.languages a[lang="ru"]').getAttribute("href"), "./?quote=RUB&locale=ru");
});

test("the chart of a currency takes the place of its picture", async (t) => {
  const page = await tab(t);
  await page.goto(`${site.service.url}KZT?locale=ru`);
  await isReady(page);
  await page.locator('silk-chart [part~="line"][d*="H"]').waitFor({ state: "attached" });
  const [sum, parts] = await shiftOf(page);
  t.diagnostic(`with the chart: ${sum.toFixed(4)}`);
  assert.ok(sum < SHIFT_MAX, `${sum} of ${parts}`);
});
