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
/** A demo with the tables of banks, the Bank of Russia's among them. */
let banks;
let news;
before(async () => {
  news = await site();
  [chromium, demo, banks] = await Promise.all([browser(), serve({ SILKRATE_WEB__ALLOWED_ORIGINS: news.origin }, "--demo=december"), serve({}, "--demo=april")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
  await banks?.stop();
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

test("the chart of a row is loaded again when its rate changes", { timeout: 120_000 }, async (t) => {
  const page = await tab(t);
  let loaded = 0;
  page.on("response", (response) => { loaded += response.url().includes("chart/USD-UZS.svg") && response.ok() ? 1 : 0; });
  await page.goto(`${demo.url}?locale=en`);
  await isReady(page);
  const before = loaded;
  await until(() => loaded > before, "the chart is requested again");
});

test("on a phone each figure says what it is the price of", async (t) => {
  const page = await tab(t, { size: SIZES[1] });
  for (const [path, labels] of [["KZT", ["1\u00a0KZT ="]], ["", ["1\u00a0USD =", "KZT/USD"]]]) {
    await page.goto(`${demo.url}${path}?locale=ru`);
    const shown = await page.locator('#content tr[data-pair="KZT/USD"] .label:visible').allInnerTexts();
    assert.deepEqual(shown.map((label) => label.trim()), labels);
  }
  // The longest texts are Kazakh.
  await page.goto(`${demo.url}?locale=kk`);
  const covered = await page.locator("#table tbody tr").evaluateAll((rows) => rows.filter((row) => {
    const [picture, moved] = [".month", ".moved"].map((part) => row.querySelector(part).getBoundingClientRect());
    return picture.right > moved.left;
  }).length);
  assert.equal(covered, 0, "no picture covers a change");
  await page.setViewportSize(SIZES[0]);
  assert.equal(await page.locator(".label:visible").count(), 0, "the head of the table says it");
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
  const page = await tab(t);
  for (const [path, figures] of [["", "#table"], ["KZT", ".headline"]]) {
    await page.goto(`${demo.url}${path}?locale=en`);
    await isReady(page);
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.locator(figures).isVisible());
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

test("the button copies the snippet, or selects it where there is no clipboard, and is ready again after a change", async (t) => {
  const page = await tab(t);
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  });
  await page.goto(`${demo.url}?locale=en`);
  await isReady(page);
  const copy = page.locator("#copy");
  await copy.click();
  const snippet = await page.locator("#snippet").innerText();
  assert.equal(await page.evaluate(() => String(getSelection())), snippet);
  assert.equal(await copy.innerText(), "Copy");
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { window.copied = text; } } });
  });
  await copy.click();
  await until(async () => (await copy.innerText()) === "Copied", "the button says so");
  assert.equal(await page.evaluate(() => window.copied), snippet);
  await page.locator('#form [name="theme"]').selectOption("dark");
  assert.equal(await copy.innerText(), "Copy");
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

test("the builder writes a chart, pictures, a frame and plain HTML too, which the service answers", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=ru`);
  await isReady(page);
  await page.locator('#kind [value="frame"]').check();
  assert.match(await page.locator("#snippet").innerText(), /embed\?locale=ru"/, "an address names the language of the page");
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
  await until(() => page.evaluate(() => document.querySelector("#preview > silk-chart")?.shadowRoot != null), "the chart is shown");
  assert.ok(await page.locator('#form [name="speed"]').isDisabled(), "a chart does not move");
  await page.locator('#form [name="pinned"]').check();
  const { src, integrity } = await (await fetch(`${demo.url}chart.json`)).json();
  assert.ok((await snippet("chart")).startsWith(`<script src="${new URL(src.slice(1), demo.url)}" integrity="${integrity}" crossorigin async>`));
  await page.locator('#form [name="pinned"]').uncheck();
  const picture = await snippet("picture");
  assert.equal(await page.locator("#preview > img").getAttribute("alt"), "График KGS/USD за последний месяц");
  assert.match(picture, /alt="График KGS\/USD за последний месяц">$/);
  const line = await snippet("line");
  assert.equal(line, `<img src="${demo.url}ticker.svg?pairs=*%2FUSD%2CKGS%2FUSD&amp;locale=kk&amp;window=week" alt="Курсы валют">`);
  await until(() => page.locator("#preview > img").evaluate((img) => img.naturalWidth > 0), "the picture of the line is shown");
  const frame = await snippet("frame");
  assert.match(frame, / title="Курсы валют" loading="lazy" style="border:0;width:100%;height:42px"><\/iframe>$/);
  const plain = await snippet("html");
  assert.equal(plain, `${demo.url}ticker.html?pairs=*%2FUSD%2CKGS%2FUSD&locale=kk&window=week`);
  const sources = [picture, line, frame].map((html) => /src="([^"]+)"/.exec(html)[1].replaceAll("&amp;", "&"));
  for (const address of [...sources, plain]) {
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
