// How the pages set their tables, dates and pictures, on a desk and on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { becomes, browser, until } from "./support.mjs";
import { SIZES, isReady, open } from "./visit.mjs";

let chromium;
/** The demo whose rates are never gone: its banks have tables before its first day. */
let demo;
before(async () => {
  [chromium, demo] = await Promise.all([browser(), serve({}, "--demo=april")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
});

const tab = (context, options) => open(chromium, context, options);

test("on a phone each figure says what it is the price of", async (t) => {
  const page = await tab(t, { size: SIZES[1] });
  for (const [path, labels] of [["KZT", ["1\u00a0KZT ="]], ["", ["1\u00a0USD =", "KZT/USD"]]]) {
    await page.goto(`${demo.url}${path}?locale=ru`);
    const shown = async () => (await page.locator('#content tr[data-pair="KZT/USD"] .label:visible').allInnerTexts()).map((label) => label.trim());
    await becomes(shown, labels, `the labels of /${path} are shown`);
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
  await becomes(() => page.locator(".label:visible").count(), 0, "the head of the table says it");
});

test("no table of a page is wider than the page, in the longest words, on phones and tablets too", async (t) => {
  const page = await tab(t);
  for (const size of [...SIZES, { width: 900, height: 1200 }, { width: 1190, height: 800 }]) {
    await page.setViewportSize(size);
    for (const path of ["", "KZT", "UZS"]) {
      for (const locale of ["ru", "kk", "ky", "tk"]) {
        await page.goto(`${demo.url}${path}?locale=${locale}`);
        const wide = await page.locator(".scroll").evaluateAll((parts) => parts.filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.innerText.slice(0, 80)));
        assert.deepEqual(wide, [], `/${path} in ${locale}, ${size.width} pixels`);
      }
    }
  }
});

test("the date of a change is not broken across lines on a desk", async (t) => {
  const page = await tab(t);
  for (const [locale, dated] of [["ru", /^с \d+ [а-я]+ 2026\sг\.$/], ["en", /^since \d+ [A-Z][a-z]+ 2026$/], ["kk", /^салыстыру күні:[\n ]2026\sж\. \d+ \p{L}+$/u]]) {
    for (const path of ["", "KZT"]) {
      await page.goto(`${demo.url}${path}?locale=${locale}`);
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
    await page.goto(`${demo.url}?locale=en`);
    await isReady(page);
    await page.locator("#appearance").selectOption(chosen);
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
    await until(async () => (await grounds()).isDrawn, "the line is drawn");
    await becomes(async () => new Set((await grounds()).grounds).size, 1, `both grounds are equal in ${colorScheme}, ${chosen}`);
    await page.close();
  }
});
