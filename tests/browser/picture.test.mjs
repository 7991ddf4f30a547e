// The picture in the README: the element with the figures of 8 December 2025. The test takes it again and compares what can
// be compared; fonts differ between machines, so the bytes do. `PICTURE=write` replaces the committed file.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { banks, change, rate, start } from "./double.mjs";
import { browser, root, shows } from "./support.mjs";

const PICTURE = join(root, "tests/browser/ticker.png");
/** Pixels of the page; the picture has twice as many, for sharp text on dense screens. */
const SIZE = { width: 960, height: 200 };
/** An empty or broken picture is smaller, and one that slows the page of a forge down is larger. */
const BYTES = { least: 4_000, most: 100_000 };

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

async function take(context) {
  const double = await start({ rates: FIGURES, sources: banks().filter((bank) => !bank.attribution) });
  context.after(() => double.close());
  double.pages.set("/page", `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The ticker</title>
<script src="/ticker.js" async></script><style>body { margin: 0 }</style></head><body><silk-ticker theme="light" digits="5"></silk-ticker></body></html>`);
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  await page.setViewportSize(SIZE);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${double.url}page`);
  await shows(page, LINE);
  await page.locator("silk-ticker").getByRole("button", { name: "Pause" }).click();
  await page.mouse.move(0, SIZE.height - 1);
  await page.evaluate(() => document.activeElement.blur());
  // From its first pixel on, wherever the pause caught it.
  await page.locator("silk-ticker").evaluate((ticker) => ticker.shadowRoot.getAnimations().forEach((animation) => (animation.currentTime = 0)));
  const box = await page.locator("silk-ticker").boundingBox();
  const session = await chromium.context.newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "png", clip: { ...box, scale: 2 } });
  return Buffer.from(data, "base64");
}

test("the picture of the README shows the ticker as it is", async (t) => {
  const taken = await take(t);
  if (process.env.PICTURE === "write") {
    await writeFile(PICTURE, taken);
  }
  const committed = await readFile(PICTURE);
  for (const png of [taken, committed]) {
    assert.ok(png.length >= BYTES.least && png.length <= BYTES.most, `${png.length} bytes`);
  }
  const [[width, height], [takenWidth, takenHeight]] = [dimensions(committed), dimensions(taken)];
  assert.equal(width, takenWidth);
  assert.ok(Math.abs(height - takenHeight) <= height / 2, `${height} and ${takenHeight} pixels high`);
});
