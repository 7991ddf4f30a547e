// The builder of snippets on the page of the service, and the words of the pages.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { becomes, browser, dist, until } from "./support.mjs";
import { LANGUAGES, SIZES, isReady, open } from "./visit.mjs";

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
  await becomes(() => page.evaluate(() => String(getSelection())), snippet, "the snippet is selected");
  assert.equal(await copy.innerText(), "Copy");
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { window.copied = text; } } });
  });
  await copy.click();
  await until(async () => (await copy.innerText()) === "Copied", "the button says so");
  assert.equal(await page.evaluate(() => window.copied), snippet);
  await page.locator('#form [name="theme"]').selectOption("dark");
  await becomes(() => copy.innerText(), "Copy", "the button is ready again");
});

test("the text of a list ends before its arrow, in every language and on a phone too", async (t) => {
  const page = await tab(t);
  for (const locale of LANGUAGES) {
    await page.goto(`${demo.url}?locale=${locale}`);
    await page.locator(":root[data-script]").waitFor({ state: "attached" });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      const cut = () => page.evaluate(() => [...document.querySelectorAll("select")].flatMap((list) => {
        const { paddingLeft, paddingRight, font } = getComputedStyle(list);
        const context = document.createElement("canvas").getContext("2d");
        context.font = font;
        const room = list.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
        const long = [...list.options].filter(({ text }) => context.measureText(text).width > room + 1);
        return parseFloat(paddingRight) < 20 ? [`no arrow: ${list.name}`] : long.map(({ text }) => text);
      }));
      await becomes(cut, [], `nothing is cut in ${locale} at ${size.width} pixels`);
    }
  }
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
  const text = () => page.locator("#snippet").innerText();
  const snippet = async (kind) => {
    await page.locator(`#kind [value="${kind}"]`).check();
    await becomes(() => page.locator("[data-kind]:visible").evaluateAll((hints) => hints.map((hint) => hint.dataset.kind)), [kind], `the hint of ${kind} is shown`);
    return text();
  };
  assert.equal(
    await snippet("chart"),
    `<script src="${demo.url}chart.js" async></script>\n<silk-chart style="display:block;min-height:20rem" pair="KGS/USD" locale="kk" window="week"></silk-chart>`,
  );
  await until(() => page.evaluate(() => document.querySelector("#preview > silk-chart")?.shadowRoot != null), "the chart is shown");
  assert.ok(await page.locator('#form [name="speed"]').isDisabled(), "a chart does not move");
  await page.locator('#form [name="pinned"]').check();
  const { src, integrity } = await (await fetch(`${demo.url}chart.json`)).json();
  const pinned = `<script src="${new URL(src.slice(1), demo.url)}" integrity="${integrity}" crossorigin async>`;
  await until(async () => (await text()).startsWith(pinned), "the digest of the chart is known");
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

test("the builder says what the scripts weigh, and a page loads that of the chart when it has one", async (t) => {
  const page = await tab(t);
  const loaded = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto(`${demo.url}?locale=ru`);
  await isReady(page);
  for (const [kind, name] of [["script", "ticker.js"], ["chart", "chart.js"]]) {
    assert.equal(loaded.includes(`/${name}`), kind === "script", name);
    await page.locator(`#kind [value="${kind}"]`).check();
    const weighs = await Promise.all([`${name}.gz`, `${name}.br`].map(async (file) => (Math.ceil((await readFile(join(dist, file))).length / 100) / 10).toFixed(1).replace(".", ",")));
    const words = await page.locator(`[data-kind="${kind}"]`).innerText();
    t.diagnostic(`${name}: ${weighs.join(" and ")} kB`);
    weighs.forEach((kilobytes) => assert.match(words, new RegExp(`\\b${kilobytes} КБ`)));
  }
  await until(() => loaded.includes("/chart.js"), "the script of the chart is requested");
});

test("the builder says what the answer of a picture, a line, a frame and plain HTML weighs as it is sent", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}?locale=ru`);
  await isReady(page);
  const said = (kind) => page.locator(`[data-kind="${kind}"]`).innerText();
  const weighed = async (path, change) => {
    const answered = page.waitForResponse((response) => response.request().resourceType() === "fetch" && new URL(response.url()).pathname.startsWith(path));
    await change();
    const { "content-length": length, "content-encoding": encoding } = await (await answered).allHeaders();
    assert.equal(encoding, "gzip", path);
    return Number(length);
  };
  const shows = async (kind, bytes) => {
    const kilobytes = (Math.ceil(bytes / 100) / 10).toFixed(1).replace(".", ",");
    t.diagnostic(`${kind}: ${bytes} bytes`);
    await until(async () => (await said(kind)).includes(`ответ весит ${kilobytes} КБ`), `${kind} weighs ${kilobytes}`);
  };
  for (const [kind, path] of [["picture", "/chart/"], ["line", "/ticker.svg"], ["frame", "/embed"], ["html", "/ticker.html"]]) {
    await shows(kind, await weighed(path, () => page.locator(`#kind [value="${kind}"]`).check()));
  }
  const pairs = page.locator('#form [name="pairs"]');
  const few = await weighed("/ticker.html", () => pairs.fill("KZT/USD"));
  await shows("html", few);
  const many = await weighed("/ticker.html", () => pairs.fill("*/USD, */EUR, */RUB, */CNY"));
  assert.ok(many > few + 100, `${many} and ${few}`);
  await shows("html", many);
  await pairs.fill("nothing");
  await until(async () => !(await said("html")).includes("весит"), "a refusal has no weight");
});

/** What is written in Latin letters in every language: names, codes, what is typed into a page, and units of the format. */
const LATIN = /^(silkrate|[A-Z]{3}|CN|UTC|nbk|nbkr|cbu|cbt|cbr|JSON|API|HTML|cookie|gzip|Brotli|iframe|Cookie|RSS|SVG|AMP|Tilda|style|integrity|web|allowed_origins|frame_ancestors|rates|pair)$/;

test("every word of a page, of the frame and of the pictures is of the language, also for assistive technology", async (t) => {
  const page = await tab(t);
  for (const locale of ["kk", "ky", "ru", "tg", "uz-Cyrl"]) {
    for (const path of ["", "KZT", "TMT", "embed", "ticker.html", "ticker.svg", "chart/USD-KZT.svg"]) {
      const answer = await fetch(`${demo.url}${path}?locale=${locale}`);
      const words = await page.evaluate(([text, type]) => {
        const parsed = new DOMParser().parseFromString(text, type.split(";")[0]);
        parsed.querySelectorAll("script, style, code, .languages, [name='locale'], meta:not([name='description'])").forEach((part) => part.remove());
        const elements = [...parsed.querySelectorAll("*")];
        const attributes = elements.flatMap((element) => ["alt", "title", "aria-label", "placeholder", "content", "data-copied", "data-chart", "data-rates"].map((name) => element.getAttribute(name) ?? ""));
        const texts = elements.flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.nodeValue));
        return [...texts, ...attributes].flatMap((text) => text.match(/[A-Za-z][A-Za-z_]*/g) ?? []);
      }, [await answer.text(), answer.headers.get("content-type")]);
      assert.ok(answer.ok, path);
      assert.deepEqual([...new Set(words)].filter((word) => !LATIN.test(word)), [], `/${path} in ${locale}`);
    }
  }
});
