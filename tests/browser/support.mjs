// What the tests in the browser share: the tools of src/web, a browser, and modules of the element built for Node.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const web = new URL("../../src/web/", import.meta.url);
const required = createRequire(new URL("package.json", web));

export const sources = fileURLToPath(new URL("client/", web));
export const dist = fileURLToPath(new URL("dist/", web));
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A module of client/ as the build makes it, for a test in Node. */
export async function load(name) {
  const { build } = required("esbuild");
  const result = await build({ entryPoints: [join(sources, `${name}.ts`)], bundle: true, write: false, format: "esm", charset: "utf8" });
  return import(`data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString("base64")}`);
}

/** A file of the data of CLDR for a language: `numbers`, `currencies`, `ca-gregorian`. */
export const cldr = (tag, file) => required(`cldr-${file === "ca-gregorian" ? "dates" : "numbers"}-full/main/${tag}/${file}.json`).main[tag];

/** The bundler, and the path of the compiler. */
export const esbuild = () => required("esbuild");
export const typescript = required.resolve("typescript/bin/tsc");

/** A browser with a profile of its own, closed when the test's group ends. */
export async function browser() {
  const { chromium } = required("playwright-core");
  const profile = await mkdtemp(join(tmpdir(), "silkrate-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
    timeout: PATIENCE,
  });
  context.setDefaultTimeout(PATIENCE);
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/**
 * Milliseconds that a test waits for what has to come. It ends a test that hangs, and says nothing of how fast a page is: the
 * machine may be slow, and busy with other work.
 */
const PATIENCE = 120_000;

/** The text of the checker that a page runs on itself. */
export const axe = required.resolve("axe-core/axe.min.js");

/** What the checker finds on a page, as short lines; nothing when all is well. */
export async function violations(page) {
  await page.evaluate(await readText(axe));
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`));
}

async function readText(path) {
  const { readFile } = await import("node:fs/promises");
  return readFile(path, "utf8");
}

/**
 * What a reader sees of each item of a ticker: pair, value and change, without the words for assistive technology. A ticker
 * whose script has not run shows none.
 */
export function lines(page, selector = "silk-ticker") {
  return page.locator(selector).first().evaluate((ticker) =>
    [...(ticker.shadowRoot?.querySelectorAll("ul:not([aria-hidden]) li[data-pair]") ?? [])].map((item) => {
      const text = (part) => item.querySelector(part)?.innerText.trim() ?? "";
      return [text(".pair"), text(".value > [aria-hidden]") || text(".value"), text(".change > [aria-hidden]").replace(/^[▲▼=]\s*/, "")].join(" ").trim();
    }));
}

/** Waits until a page shows these lines. */
export async function shows(page, expected, selector) {
  const deadline = Date.now() + PATIENCE;
  let seen;
  do {
    seen = await lines(page, selector);
    if (JSON.stringify(seen) === JSON.stringify(expected)) {
      return;
    }
    await page.evaluate(() => new Promise(requestAnimationFrame));
  } while (Date.now() < deadline);
  throw new Error(`shown are ${JSON.stringify(seen)}, and not ${JSON.stringify(expected)}`);
}

/** Waits until a condition on our side holds. */
export async function until(condition, what) {
  const deadline = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`it did not come to pass that ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How far the marquee has moved, in pixels. */
export function place(page, selector = "silk-ticker") {
  return page.locator(selector).first().evaluate((ticker) =>
    new DOMMatrix(getComputedStyle(ticker.shadowRoot.querySelector(".track")).transform).m41);
}

/** Waits until what is read is what is expected, or has the pattern that is expected. */
export async function becomes(read, expected, what) {
  let seen;
  const isThere = async () => {
    seen = await read();
    return expected instanceof RegExp ? expected.test(seen) : isDeepStrictEqual(seen, expected);
  };
  await until(isThere, what).catch((error) => assert.fail(`${error.message}: read is ${JSON.stringify(seen)}, and not ${expected instanceof RegExp ? expected : JSON.stringify(expected)}`));
}

/**
 * Notes the entries of a page's tickers that flash, as they begin to: a flash is short, and a busy machine may look when it has
 * ended. Returns a function that reads them: the id of the ticker where it has one, the pair, and `rose` or `fell`.
 */
export async function flashes(page) {
  await page.evaluate(() => {
    window.flashed = new Set();
    for (const ticker of document.querySelectorAll("silk-ticker")) {
      const note = ({ target }) => ["rose", "fell"].filter((kind) => target.classList.contains(kind)).forEach((kind) =>
        window.flashed.add(`${ticker.id} ${target.parentElement.dataset.pair} ${kind}`.trim()));
      new MutationObserver((changes) => changes.forEach(note)).observe(ticker.shadowRoot.querySelector("ul"), { subtree: true, attributeFilter: ["class"] });
    }
  });
  return () => page.evaluate(() => [...window.flashed]);
}

/** Timers of this many milliseconds never end on a page: what must not wait for them is there, however slow the machine is. */
export function stopTimers(page, milliseconds) {
  return page.addInitScript((stopped) => {
    const { setTimeout } = window;
    window.setTimeout = (run, after, ...rest) => (after === stopped ? 0 : setTimeout(run, after, ...rest));
  }, milliseconds);
}

/** Whether the marquee moves within three frames. */
export function moves(page, selector = "silk-ticker") {
  return page.locator(selector).first().evaluate(async (ticker) => {
    const place = () => getComputedStyle(ticker.shadowRoot.querySelector(".track")).transform;
    const before = place();
    for (let frames = 0; frames < 3; frames += 1) {
      await new Promise(requestAnimationFrame);
    }
    return place() !== before;
  });
}

/** Waits until the marquee stands, which it does from the next frame on, and asserts that it stays. */
export async function stands(page, selector) {
  await until(async () => !(await moves(page, selector)), "the marquee stands");
  assert.equal(await moves(page, selector), false, "the marquee stays where it is");
}
