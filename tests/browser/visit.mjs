// What the tests of the service's pages share: a tab that watches them, and when they are ready.
import assert from "node:assert/strict";
import { lines, until } from "./support.mjs";

/** A desk and a phone. */
export const SIZES = [{ width: 1440, height: 900 }, { width: 360, height: 740 }];
export const LANGUAGES = ["en", "kk", "ky", "ru", "tg", "tk", "uz", "uz-Cyrl"];

/** A tab that fails the test when the page's policy refuses something, a script breaks, or a file is missing. */
export async function open(chromium, context, { size = SIZES[0], colorScheme = "light" } = {}) {
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
      window.shifts.push([entry.value, entry.startTime, entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName)]))).observe({ type: "layout-shift", buffered: true });
  });
  return page;
}

/** Waits until the script of the page runs and the ticker has its rates. */
export async function isReady(page) {
  await page.locator(":root[data-script]").waitFor({ state: "attached" });
  await until(async () => (await lines(page, "#lead")).filter((line) => /\d/.test(line)).length === 5, "the ticker has five rates");
  await until(() => page.evaluate(() => [...document.images].every((image) => image.complete)), "every picture is loaded");
}

/** The layout shift of the whole life of a page, and its parts. Its service must have rates that stay: those of a demo go on while a busy machine loads a page. */
export async function shiftOf(page) {
  // The shift of a frame is reported after it.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 100)))));
  const shifts = await page.evaluate(() => window.shifts);
  return [shifts.reduce((sum, [value]) => sum + value, 0), JSON.stringify(shifts)];
}
