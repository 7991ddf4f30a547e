// The pages of the service: in every language, on a desk and on a phone, with a script and without one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve, site } from "./server.mjs";
import { browser, lines, until, violations } from "./support.mjs";

/** A tenth of a shift counts as poor for a page. */
const SHIFT_MAX = 0.02;
const SIZES = [{ width: 1440, height: 900 }, { width: 360, height: 740 }];
const PATHS = ["", "KZT"];

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

/** A tab that fails the test when the page's policy refuses something, a script breaks, or a file is missing. */
async function tab(context, { size = SIZES[0], colorScheme = "light" } = {}) {
  const page = await chromium.context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
  page.on("response", (response) => response.status() === 404 && faults.push(`404: ${response.url()}`));
  context.after(async () => {
    await page.close();
    assert.deepEqual(faults, []);
  });
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(size);
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
      window.shifts.push([entry.value, entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName)]))).observe({ type: "layout-shift", buffered: true });
  });
  return page;
}

/** Waits until the script of the page runs and the ticker has its rates. */
async function isReady(page) {
  await page.locator(":root[data-script]").waitFor({ state: "attached" });
  await until(async () => (await lines(page, "#lead")).length === 5, "the ticker has five rates");
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.complete || new Promise((resolve) => { image.onload = image.onerror = resolve; }))));
}

test("the checker of accessibility finds nothing on a page, nothing moves while it loads, and nothing is too wide", async (t) => {
  for (const path of PATHS) {
    for (const size of SIZES) {
      for (const [colorScheme, locale] of [["light", "ru"], ["dark", "kk"]]) {
        const name = `/${path} in ${locale}, ${colorScheme}, ${size.width} pixels`;
        const page = await tab(t, { size, colorScheme });
        await page.goto(`${demo.url}${path}?locale=${locale}`);
        await isReady(page);
        const [sum, parts] = await page.evaluate(() => [window.shifts.reduce((all, [value]) => all + value, 0), JSON.stringify(window.shifts)]);
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

test("every digit of the tables is that of the service, and follows it without a reload", { timeout: 120_000 }, async (t) => {
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

test("without a script a page has its figures, its converter and its languages", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(`${demo.url}KZT?locale=en`);
  assert.match(await page.locator(".headline").innerText(), /^1\sUSD = ₸5\d\d\.\d\d$/);
  assert.ok((await page.locator("#month tbody tr").count()) > 3);
  await page.locator("#amount").fill("1,000.5");
  await page.locator("#convert button").click();
  assert.match(await page.locator("#conversion").innerText(), /^\$1,000\.5 = ₸5\d\d,\d{3}\.\d\d/);
  await page.locator(".languages a", { hasText: "Қазақша" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "kk");
  assert.equal(await page.locator(".languages [aria-current]").innerText(), "Қазақша");
  assert.equal(await page.locator("#lead li").count(), 5);
  assert.equal(await page.locator(":root[data-script]").count(), 0);
});

test("the converter answers while the reader writes, and says what is wrong at the field", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}KZT?locale=ru`);
  await isReady(page);
  const result = page.locator("#conversion");
  await page.locator("#amount").fill("2,5");
  await until(async () => /^2,5\s\$ = 1\s\d{3},\d\d\s₸/.test(await result.innerText()), "the amount is converted");
  await page.locator("#amount").fill("много");
  await until(async () => (await result.innerText()) === "Введите сумму цифрами, например 1\u00a0000,50.", "the error is shown");
  assert.equal(await page.locator("#amount").getAttribute("aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "amount", "the focus stays");
  await page.locator("#amount").fill("3");
  await until(async () => /^3\s\$ = /.test(await result.innerText()), "the amount is converted again");
  assert.equal(await page.locator("#amount").getAttribute("aria-invalid"), null);
  assert.equal(new URL(page.url()).search, "?locale=ru", "the page is still the same");
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

test("the builder writes a chart, its picture and plain HTML too, which the service answers", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=ru`);
  await isReady(page);
  await page.locator('#form [name="pairs"]').fill("*/USD, KGS/USD");
  await page.locator('#form [name="locale"]').selectOption("kk");
  await page.locator('#form [name="window"]').selectOption("week");
  const snippet = async (kind) => {
    await page.locator(`#kind [value="${kind}"]`).check();
    assert.deepEqual(await page.locator("[data-kind]:visible").evaluateAll((hints) => hints.map((hint) => hint.dataset.kind)), [kind]);
    return page.locator("#snippet").innerText();
  };
  assert.equal(
    await snippet("chart"),
    `<script src="${demo.url}chart.js" async></script>\n<silk-chart style="display:block;min-height:20rem" pair="KGS/USD" locale="kk" window="week"></silk-chart>`,
  );
  const picture = await snippet("picture");
  assert.match(picture, /alt="График KGS\/USD за последний месяц">$/);
  const plain = await snippet("html");
  assert.equal(plain, `${demo.url}ticker.html?pairs=*%2FUSD%2CKGS%2FUSD&locale=kk`);
  for (const address of [/src="([^"]+)"/.exec(picture)[1].replaceAll("&amp;", "&"), plain]) {
    assert.equal((await fetch(address)).status, 200, address);
  }
});

test("the chart of a currency takes the place of its picture", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}KZT?locale=ru`);
  await isReady(page);
  await until(() => page.evaluate(() => document.querySelector("silk-chart")?.shadowRoot?.querySelector(".svg, svg") !== null), "the chart is drawn");
  const [sum, parts] = await page.evaluate(() => [window.shifts.reduce((all, [value]) => all + value, 0), JSON.stringify(window.shifts)]);
  t.diagnostic(`with the chart: ${sum.toFixed(4)}`);
  assert.ok(sum < SHIFT_MAX, `${sum} of ${parts}`);
});
