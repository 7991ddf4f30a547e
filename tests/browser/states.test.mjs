// What the element says of a rate that is late, out of date, held back or announced, with the real service at such an hour.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { front } from "./front.mjs";
import { becomes, browser, shows, until } from "./support.mjs";

/** A table is in force since 2 April. By when the service says what of it: the hours are those of Almaty, five before these. */
const HOURS = { fresh: "2026-04-02T09:00:00Z", early: "2026-04-01T12:00:00Z", late: "2026-04-03T18:00:00Z", stale: "2026-04-14T12:00:00Z" };
const PAIRS = "KZT/USD,USD/KZT,XXX/USD";

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium?.close());

/** A page of a service at an hour. */
async function open(context, hour, attributes = `pairs="${PAIRS}"`, size = { width: 900, height: 600 }) {
  const site = await front({ SILKRATE_CLOCK__START: HOURS[hour] }, []);
  const page = await chromium.context.newPage();
  context.after(async () => {
    await page.close();
    await site.close();
  });
  await page.setViewportSize(size);
  await page.goto(site.put("/state", `<silk-ticker ${attributes}></silk-ticker>`));
  return { site, page };
}

const marks = (page) => page.locator("silk-ticker ul:not([aria-hidden]) .mark");
const says = (page, words) => becomes(async () => (await marks(page).allInnerTexts()).join("|"), words, `the marks are ${words}`);

test("a fresh rate has no mark, and an unknown pair is a dash", async (t) => {
  const { page } = await open(t, "fresh");
  await shows(page, ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%", "XXX/USD –"]);
  assert.equal(await marks(page).count(), 0);
});

test("a late rate says so, and one that is out of date too", async (t) => {
  for (const [hour, words] of [["late", "late"], ["stale", "out of date"]]) {
    const { page } = await open(t, hour);
    await shows(page, ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%", "XXX/USD –"]);
    await says(page, `${words}|${words}`);
  }
});

test("a value that is not plausible is held back: the last good one stands, and a mark says why", async (t) => {
  const { site, page } = await open(t, "fresh");
  await shows(page, ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%", "XXX/USD –"]);
  site.nbk.dollar = "4750.9";
  await says(page, "a new value is being checked|a new value is being checked");
  await shows(page, ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%", "XXX/USD –"]);
});

test("an announced value is a short tag, a row in words, or in the tooltip alone, and is never cut", async (t) => {
  const { page } = await open(t, "early", 'pairs="USD/KZT" direction="static" locale="en"', { width: 344, height: 500 });
  const mark = page.locator("silk-ticker .announced");
  const words = "from tomorrow, 2 April 2026: 475.09 (-0.77%)";
  const within = () => page.locator("silk-ticker").evaluate((ticker) => {
    const { right } = ticker.getBoundingClientRect();
    return ["pair", "value", "change", "mark"].every((part) => [...ticker.shadowRoot.querySelectorAll(`.${part}`)].every((seen) => seen.getBoundingClientRect().right <= right));
  });
  await mark.waitFor();
  await becomes(() => mark.locator("[aria-hidden]").innerText(), "→\u00a0475.09", "the tag is short");
  await becomes(() => mark.innerText(), new RegExp(words.replace(/[().]/g, "\\$&")), "the tag has the words");
  await until(within, "nothing is cut");
  const choose = (announced) => page.locator("silk-ticker").evaluate((ticker, value) => (ticker.announced = value), announced);
  await choose("row");
  await until(async () => (await mark.innerText()) === words, "the row is in words");
  await until(within, "nothing of the row is cut");
  await choose("off");
  await until(async () => (await mark.count()) === 0, "no mark stands");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await until(async () => (await page.locator("silk-ticker [part~=tooltip]").innerText()).includes(words), "the tooltip has the words");
});
