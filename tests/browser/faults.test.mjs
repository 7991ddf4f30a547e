// The element against the double: messages that the real service never sends, or not on demand.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { change, rate, start } from "./double.mjs";
import { browser, flashes, shows, until } from "./support.mjs";

const LINE = [
  "KGS/USD 0.011435 0.00%", "KZT/USD 0.0019569 -1.04%", "TJS/USD 0.10899 -0.00%", "UZS/USD 0.000083397 +0.12%", "TMT/USD 0.28490 0.00%",
];

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

/** A page of a news site with this body, and a double of its own; both end with the test. */
async function open(context, body, { rates, prepare } = {}) {
  const double = await start(rates ? { rates } : {});
  prepare?.(double);
  double.pages.set("/page", `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<script src="/ticker.js" async></script></head><body><main><h1>News</h1>${body}</main></body></html>`);
  const page = await chromium.context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  context.after(async () => {
    await page.close();
    await double.close();
    assert.deepEqual(faults, []);
  });
  await page.goto(`${double.url}page`);
  return { double, page };
}

/** Waits until the stream of a page is open: what is sent before would reach it as a snapshot. */
const streaming = (double) => until(() => double.open.size === 1, "the stream is open");
const streams = (double) => double.asked.filter((path) => path.startsWith("/v1/watch"));

test("a heartbeat, and an update of what is unchanged, flash nothing and tell nothing", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await streaming(double);
  const flashed = await flashes(page);
  await page.evaluate(() => {
    window.told = 0;
    document.addEventListener("ratechange", () => (window.told += 1));
  });
  double.open.forEach((response) => double.event(response, "heartbeat", { server_time: double.serverTime, sources: [] }));
  double.send([]);
  double.send([double.rates[0]]);
  double.send([rate("TMT/USD", "0.285", { source: "cbt" })]);
  await shows(page, LINE.with(4, "TMT/USD 0.28500 –"));
  assert.equal(await page.evaluate(() => window.told), 1);
  assert.deepEqual(await flashed(), ["TMT/USD rose"]);
});

test("a server that is cut off from its replicas shows that its values are the last known ones, until it is not", async (t) => {
  const cut = { detached: true, since_time: "2025-12-08T07:59:00Z", reason: "no answer" };
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { prepare: (double) => (double.replica = cut) });
  await shows(page, LINE);
  await streaming(double);
  const sign = page.locator("silk-ticker .offline");
  await sign.waitFor();
  assert.equal(await sign.getAttribute("aria-label"), "Not connected; the last known values");
  double.replica = { detached: false, since_time: null, reason: null };
  double.open.forEach((response) => double.event(response, "heartbeat", { server_time: double.serverTime, sources: [], replica: double.replica }));
  await sign.waitFor({ state: "detached" });
  await shows(page, LINE);
});

test("a stream that is moved to a replica which is behind shows no older value, and goes on once the replica is not", async (t) => {
  const whole = { detached: false, since_time: null, reason: null };
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { prepare: (double) => Object.assign(double, { replica: whole, revision: 7 }) });
  await shows(page, LINE);
  await streaming(double);
  await page.evaluate(() => {
    window.values = [];
    document.addEventListener("ratechange", ({ detail }) => window.values.push(detail.value));
  });
  const newest = double.rates;
  Object.assign(double, { revision: 6, rates: newest.with(1, rate("KZT/USD", "0.6")) });
  double.open.forEach((response) => response.destroy());
  await until(() => streams(double).length === 4, "it asks again and again");
  assert.deepEqual(streams(double).slice(1), Array(3).fill("/v1/watch?after=e1%3A7"));
  await shows(page, LINE);
  Object.assign(double, { revision: 8, rates: newest.with(1, rate("KZT/USD", "0.8")) });
  await shows(page, LINE.with(1, "KZT/USD 0.80000 –"));
  assert.deepEqual(await page.evaluate(() => window.values), ["0.8"]);
});

test("a fall that rounds to zero keeps its sign", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { rates: [rate("TJS/USD", "0.108992478974", { change: change("-0.0049", "-0.0000053", "DOWN") })] });
  await shows(page, ["TJS/USD 0.10899 -0.00%"]);
});

test("an update that does not follow what is held is not shown: the whole state is asked for anew", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await streaming(double);
  double.revision += 3;
  double.send([rate("KZT/USD", "0.9")]);
  await until(() => streams(double).length === 2, "it asks again");
  assert.equal(streams(double)[1].includes("after"), false);
  await shows(page, LINE.with(1, "KZT/USD 0.90000 –"));
});

test("a silent connection is taken for dead after three heartbeats", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { prepare: (double) => (double.heartbeat = "0.1s") });
  await shows(page, LINE);
  await until(() => streams(double).length >= 2, "it connects again by itself");
});

test("a stream that ends at once is a broken one, and the snapshots are polled", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { prepare: (double) => (double.streams = "cut") });
  await shows(page, LINE);
  const polls = () => double.asked.filter((path) => path.startsWith("/v1/snapshot.json")).length;
  await until(() => polls() >= 2, "it polls");
  await shows(page, LINE);
});
