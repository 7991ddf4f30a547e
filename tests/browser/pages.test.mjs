// The pages of the service: in every language, on a desk and on a phone, with a script and without one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { browser, until, violations } from "./support.mjs";
import { SIZES, isReady, open } from "./visit.mjs";

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
  await page.goto(`${demo.url}KZT?locale=uz`);
  const widths = await page.locator("#convert label").evaluateAll((labels) => labels.map((label) => [label.clientWidth, label.parentElement.clientWidth]));
  widths.forEach(([width, room]) => assert.equal(width, room, "a list of currencies has the whole width"));
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

test("a reader who is writing a number sees no error, whatever the language, and one who has left the field does", async (t) => {
  const page = await tab(t);
  const shown = async () => [await page.locator("#conversion").innerText(), await page.locator("#amount").getAttribute("aria-invalid")];
  for (const [locale, amounts] of [
    ["en", { "1,000.50": /^\$1,000\.50 = /, "1.0": /^\$1\.0 = /, "1 000": /^\$1,000 = / }],
    ["ru", { "1\u00a0000,50": /^1\u00a0000,50\u00a0\$ = /, "1.0": /^1,0\u00a0\$ = /, "1,0": /^1,0\u00a0\$ = /, "-,5": /^-0,5\u00a0\$ = / }],
  ]) {
    await page.goto(`${demo.url}KZT?locale=${locale}`);
    await isReady(page);
    for (const [amount, result] of Object.entries(amounts)) {
      await page.locator("#amount").fill("");
      for (const letter of amount) {
        const converted = page.waitForResponse((response) => new URL(response.url()).searchParams.has("amount"));
        await page.keyboard.type(letter);
        await converted;
        // The answer was shown before the next frame but one.
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        const [text, invalid] = await shown();
        assert.match(text, /= /, `${locale}: a result is shown at ${letter} of ${amount}`);
        assert.equal(invalid, null, `${locale}: ${letter} of ${amount}`);
      }
      await until(async () => result.test((await shown())[0]), `${locale}: ${amount} is converted`);
    }
  }
  await page.goto(`${demo.url}KZT?locale=en`);
  await isReady(page);
  await page.locator("#amount").fill("1,5");
  await page.locator('#convert [name="from"]').focus();
  const error = "Write the amount in digits, such as 1,000.50.";
  await until(async () => JSON.stringify(await shown()) === JSON.stringify([error, "true"]), "the error is shown");
  await page.locator("#amount").focus();
  await page.keyboard.press("End");
  await page.keyboard.type("0");
  await until(async () => JSON.stringify(await shown()) === JSON.stringify(["", null]), "the error is gone");
  await page.keyboard.type("0");
  await until(async () => /^\$1,500 = /.test((await shown())[0]), "the amount is converted");
});

test("no table of a page is wider than the page, in the longest words", async (t) => {
  const page = await tab(t);
  for (const path of ["", "KZT", "UZS"]) {
    for (const locale of ["ru", "kk", "ky", "tk"]) {
      await page.goto(`${banks.url}${path}?locale=${locale}`);
      const wide = await page.locator(".scroll").evaluateAll((parts) => parts.filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.innerText.slice(0, 80)));
      assert.deepEqual(wide, [], `/${path} in ${locale}`);
    }
  }
});

test("the date of a change is not broken across lines on a desk", async (t) => {
  const page = await tab(t);
  for (const [locale, dated] of [["ru", /^с \d+ [а-я]+ 2026\sг\.$/], ["en", /^since \d+ [A-Z][a-z]+ 2026$/], ["kk", /^салыстыру күні:\n2026\sж\. \d+ \p{L}+$/u]]) {
    for (const path of ["", "KZT"]) {
      await page.goto(`${banks.url}${path}?locale=${locale}`);
      await page.locator("#content td.moved small").first().waitFor();
      const texts = await page.locator("#content td.moved small").evaluateAll((parts) => parts.map((part) => {
        // The lines as they are laid out: a word that begins lower is on the next one.
        const range = document.createRange();
        const { firstChild: text } = part;
        let [lines, below] = ["", 0];
        [...text.data].forEach((letter, index) => {
          range.setStart(text, index);
          range.setEnd(text, index + 1);
          const { bottom } = range.getBoundingClientRect();
          lines += below && bottom > below + 4 && letter.trim() ? `\n${letter}` : letter;
          below = letter.trim() ? bottom : below;
        });
        return lines.replace(/ \n/g, "\n");
      }));
      assert.ok(texts.length > 0);
      texts.forEach((text) => assert.match(text, dated, `/${path} in ${locale}`));
    }
  }
});

test("the change stands beside the price that it is the change of", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=en`);
  const row = page.locator('#table tr[data-pair="KZT/USD"]');
  const left = async (part) => (await row.locator(part).boundingBox()).x;
  const [price, moved, unit] = [await left(".main"), await left(".moved"), await left(".unit")];
  assert.ok(price < moved && moved < unit, JSON.stringify([price, moved, unit]));
});

test("a chart lies on the page without a ground of its own, in the appearance of the system and in a chosen one", async (t) => {
  const blank = await tab(t);
  for (const [colorScheme, chosen] of [["light", ""], ["dark", ""], ["light", "dark"], ["dark", "light"]]) {
    const page = await tab(t, { colorScheme });
    await page.goto(`${banks.url}?locale=en`);
    await isReady(page);
    await page.locator("#appearance").selectOption(chosen);
    await page.locator('#table tr[data-pair="TMT/USD"] .month').evaluate((image) => image.decode());
    const grounds = async () => {
      const cell = page.locator('#table tr[data-pair="TMT/USD"] td.chart');
      const top = await cell.evaluate((cell) => cell.querySelector(".month").getBoundingClientRect().top - cell.getBoundingClientRect().top);
      const png = (await cell.screenshot()).toString("base64");
      return blank.evaluate(async ([source, top]) => {
        const image = await createImageBitmap(await (await fetch(source)).blob());
        const context = document.createElement("canvas").getContext("2d");
        context.drawImage(image, 0, 0);
        const colours = (y, height) => [...Array(height).keys()].map((row) => [...context.getImageData(20, y + row, 1, 1).data].join());
        // The cell above the picture, the picture above its line, and all of it from there.
        return { grounds: [...colours(1, 1), ...colours(top + 6, 1)], isDrawn: new Set(colours(top + 6, 36)).size > 1 };
      }, [`data:image/png;base64,${png}`, Math.ceil(top)]);
    };
    let seen;
    await until(async () => (seen = await grounds()).isDrawn, "the line is drawn");
    assert.equal(seen.grounds[0], seen.grounds[1], `${colorScheme}, ${chosen}`);
    await page.close();
  }
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
  const [sum, parts] = await page.evaluate(() => [window.shifts.reduce((all, [value]) => all + value, 0), JSON.stringify(window.shifts)]);
  t.diagnostic(`with the chart: ${sum.toFixed(4)}`);
  assert.ok(sum < SHIFT_MAX, `${sum} of ${parts}`);
});
