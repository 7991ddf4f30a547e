// The pictures in the README: the ticker with the figures of 8 December 2025, the chart of the week that followed, and the page
// of the tenge on 2 April 2026. The tests take them again. A committed picture is old where it says something else than the new
// one, or looks otherwise: fonts differ between machines, so each bears its text, and their shades are compared roughly.
// `PICTURE=write` replaces the committed files.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import { banks, change, rate, start } from "./double.mjs";
import { asking, bank, serve } from "./server.mjs";
import { becomes, browser, lines, root, shows, until } from "./support.mjs";

/** Pixels of the page; the picture has twice as many, for sharp text on dense screens. */
const SIZE = { width: 960, height: 420 };
/** An empty or broken picture is smaller, and one that slows the page of a forge down is larger. */
const BYTES = { least: 4_000, most: 120_000 };
/** The keyword of the text within a picture (PNG, section 11.3.3.4). */
const KEYWORD = "Description";
/** The end of every PNG: its last chunk, which is empty. */
const END_BYTES = 12;
/** Into how many cells a picture is divided to compare two. */
const CELLS = { columns: 8, rows: 4 };
/** The most by which the shades of two pictures may differ, of 255: narrower fonts made 13, the dark theme 150. */
const SHADE_DIFFERENCE_MAX = 25;

/** The market table of 8 December 2025, 16:09 UTC, and the changes from 7 December. */
const FIGURES = [
  rate("KZT/USD", "0.00195688873149", { source: "market", change: change("-1.0374", "-0.00002051287828", "DOWN", "2025-12-07") }),
  rate("USD/KZT", "511.015258", { source: "market", derivation: "PUBLISHED", change: change("1.0482", "5.301095", "UP", "2025-12-07") }),
  rate("UZS/USD", "0.0000833971651483", { source: "market", change: change("-0.2299", "-0.0000001921551706", "DOWN", "2025-12-07") }),
  rate("KGS/USD", "0.0114351057747", { source: "nbkr", change: change("0", "0", "FLAT", "2025-12-07") }),
  rate("TMT/USD", "0.284900284900", { source: "market", change: change("0", "0", "FLAT", "2025-12-07") }),
];
const LINE = ["KZT/USD 0.00196 -1.04%", "USD/KZT 511.01526 +1.05%", "UZS/USD 0.0000834 -0.23%", "KGS/USD 0.01144 0.00%", "TMT/USD 0.28490 0.00%"];

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

/** Width and height out of the header of a PNG. */
function dimensions(png) {
  assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/** A picture with its text in a chunk of its own: the type `iTXt`, the keyword, no compression, no language, the text. */
function withText(png, text) {
  const data = Buffer.from(`iTXt${KEYWORD}\0\0\0\0\0${text}`);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length - 4);
  check.writeUInt32BE(crc32(data));
  return Buffer.concat([png.subarray(0, -END_BYTES), length, data, check, png.subarray(-END_BYTES)]);
}

/** The text within a picture; nothing where it has none. */
function textWithin(png) {
  const head = Buffer.from(`iTXt${KEYWORD}\0\0\0\0\0`);
  const start = png.indexOf(head);
  return start < 0 ? undefined : png.subarray(start + head.length, start + 4 + png.readUInt32BE(start - 4)).toString();
}

/** The mean shade of each cell of a picture, by its colours. */
async function shades(png) {
  const page = await chromium.context.newPage();
  try {
    return await page.evaluate(async ([source, { columns, rows }]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const context = Object.assign(document.createElement("canvas"), { width: columns, height: rows }).getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(image, 0, 0, columns, rows);
      return [...context.getImageData(0, 0, columns, rows).data];
    }, [`data:image/png;base64,${png.toString("base64")}`, CELLS]);
  } finally {
    await page.close();
  }
}

/** The market table on USD/KZT at the end of each day, and the changes from the day before; on the 7th it was repeated. */
const WEEK = [
  ["2025-12-06", "505.714163", "0.0361", "0.182307", "UP"], ["2025-12-08", "511.015258", "1.0482", "5.301095", "UP"],
  ["2025-12-09", "516.067208", "0.9886", "5.05195", "UP"], ["2025-12-10", "518.443715", "0.4605", "2.376507", "UP"],
  ["2025-12-11", "520.578696", "0.4118", "2.134981", "UP"], ["2025-12-12", "521.66941", "0.2095", "1.090714", "UP"],
  ["2025-12-13", "520.710059", "-0.1839", "-0.959351", "DOWN"],
].map(([date, value, percent, absolute, direction]) => rate("USD/KZT", value, { source: "market", derivation: "PUBLISHED", effective_date: date, change: change(percent, absolute, direction, date) })).reverse();

/** A page with this body, served by a double that has these rates. */
async function open(context, body, rates, prepare = () => undefined) {
  const double = await start({ rates, sources: banks().filter((bank) => !bank.attribution) });
  context.after(() => double.close());
  prepare(double);
  double.policy = "";
  double.pages.set("/page", `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<script src="/ticker.js" async></script><script src="/chart.js" async></script><style>body { margin: 0 }</style></head><body>${body}</body></html>`);
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  await page.setViewportSize(SIZE);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${double.url}page`);
  return page;
}

/** The picture of an element, with two pixels for one of the page. */
async function picture(page, selector) {
  const box = await page.locator(selector).boundingBox();
  const session = await chromium.context.newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "png", clip: { ...box, scale: 2 }, captureBeyondViewport: true });
  return Buffer.from(data, "base64");
}

async function ticker(context) {
  const page = await open(context, '<silk-ticker theme="light" digits="5"></silk-ticker>', FIGURES);
  await shows(page, LINE);
  await page.locator("silk-ticker").getByRole("button", { name: "Pause" }).click();
  await page.mouse.move(0, SIZE.height - 1);
  await page.evaluate(() => document.activeElement.blur());
  // From its first pixel on, wherever the pause caught it.
  await page.locator("silk-ticker").evaluate((ticker) => ticker.shadowRoot.getAnimations().forEach((animation) => (animation.currentTime = 0)));
  return withText(await picture(page, "silk-ticker"), (await lines(page)).join("\n"));
}

async function chart(context) {
  const [newest] = WEEK;
  const windows = [{ window: "WEEK", change: { ...change("2.9653", "14.995896", "UP", "2025-12-06"), reference_value: "505.714163" }, reason: null }];
  const page = await open(context, '<silk-chart theme="light" pair="USD/KZT" window="week"></silk-chart>', [{ ...newest, windows }], (double) => {
    double.serverTime = "2025-12-13T17:00:00Z";
    double.histories.set("USD/KZT", WEEK);
  });
  await page.locator("silk-chart").getByText("520.71").first().waitFor();
  const written = () => page.locator("silk-chart tbody tr").allInnerTexts();
  await becomes(async () => (await written()).map((row) => row.split("\t")[0].split(" ")[0]), ["13", "12", "11", "10", "9", "8", "6"], "every day of the week is in the table");
  const rows = await written();
  await page.locator("silk-chart").evaluate((element) => Promise.all(element.shadowRoot.getAnimations({ subtree: true }).map(({ finished }) => finished)));
  const said = await page.locator("silk-chart").evaluate((element) => [".rate", ".windows", ".foot"].map((part) => element.shadowRoot.querySelector(part).innerText));
  return withText(await picture(page, "silk-chart"), [...said, ...rows].join("\n"));
}

/** The page of the real service, as far down as its rate. */
async function tenge(context) {
  const [nbk, folder] = [await bank(), await mkdtemp(join(tmpdir(), "silkrate-picture-"))];
  const service = await serve({ ...asking(nbk, join(folder, "store.db")), SILKRATE_TICKER__PAIRS: "KZT/USD" });
  const page = await chromium.context.newPage();
  context.after(async () => {
    await page.close();
    await service.stop();
    nbk.close();
    await rm(folder, { recursive: true, force: true });
  });
  await page.setViewportSize({ width: SIZE.width, height: 590 });
  // The ticker at the top stands still.
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  // The page has its figures from the beginning: what changes later is shown in steps.
  await until(async () => (await (await fetch(`${service.url}v1/rates/KZT/USD`)).json()).rate?.change, "the change from the day before is known");
  await page.goto(`${service.url}KZT?locale=en`);
  await page.locator("#rate").getByText("475.09").first().waitFor();
  await page.locator('silk-chart [part~="line"][d*="H"]').waitFor({ state: "attached" });
  await shows(page, ["KZT/USD 0.0021049 +0.77%"]);
  const said = await page.locator("h1, #rate").allInnerTexts();
  return withText(await page.screenshot(), [...(await lines(page)), ...said].join("\n"));
}

for (const [name, take] of Object.entries({ ticker, chart, tenge })) {
  test(`the picture of the ${name} in the README shows it as it is`, async (t) => {
    const path = join(root, `tests/browser/${name}.png`);
    const taken = await take(t);
    if (process.env.PICTURE === "write") {
      await writeFile(path, taken);
    }
    const committed = await readFile(path);
    for (const png of [taken, committed]) {
      assert.ok(png.length >= BYTES.least && png.length <= BYTES.most, `${png.length} bytes`);
    }
    const [[width, height], [takenWidth, takenHeight]] = [dimensions(committed), dimensions(taken)];
    assert.equal(width, takenWidth);
    assert.ok(Math.abs(height - takenHeight) <= height / 2, `${height} and ${takenHeight} pixels high`);
    const old = `${name}.png is old: PICTURE=write takes it again`;
    assert.equal(textWithin(committed), textWithin(taken), old);
    const [before, now] = await Promise.all([shades(committed), shades(taken)]);
    const difference = before.reduce((sum, shade, index) => sum + Math.abs(shade - now[index]), 0) / before.length;
    t.diagnostic(`${name}: a difference of ${difference.toFixed(2)}`);
    assert.ok(difference <= SHADE_DIFFERENCE_MAX, `${old}; the shades differ by ${difference}`);
  });
}
