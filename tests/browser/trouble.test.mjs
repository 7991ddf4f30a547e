// Trouble on the way to the real service: proxies that buffer, refuse or ask for a password, an origin that is not listed, and
// a service that is away.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { LINE, front } from "./front.mjs";
import { asking, bank, serve, site as newsSite } from "./server.mjs";
import { becomes, browser, lines, shows, stopTimers, until } from "./support.mjs";

/** An element waits so long for the opening of a stream, in milliseconds. */
const OPENING_TIMEOUT = 10_000;
/** A refused page requests again after five minutes, in milliseconds; a page that is served would do so within seconds. */
const REFUSED_RETRY = 5 * 60_000;

let chromium;
let site;
before(async () => {
  [chromium, site] = await Promise.all([browser(), front()]);
});
afterEach(() => site.restore());
after(() => Promise.all([chromium?.close(), site?.close()]));

/** A tab whose page must not throw, and what the element says in its console. */
async function tab(context) {
  const page = await chromium.context.newPage();
  const [thrown, told] = [[], []];
  page.on("pageerror", (error) => thrown.push(String(error)));
  page.on("console", (message) => message.text().startsWith("silkrate:") && told.push(message.text()));
  context.after(async () => {
    await page.close();
    assert.deepEqual(thrown, []);
  });
  return { page, told };
}

test("behind a proxy that buffers streams the first paint is one snapshot, requested in parallel with the stream", async (t) => {
  site.streams = "buffered";
  const { page } = await tab(t);
  // The stream is silent and never given up, so the rates are those of a snapshot that does not wait for it.
  await stopTimers(page, OPENING_TIMEOUT);
  await page.goto(site.put("/buffered", '<silk-ticker></silk-ticker><silk-ticker pairs="KZT/USD" direction="static"></silk-ticker>'));
  await shows(page, LINE);
  const counts = () => [site.count("/v1/snapshot.json"), site.count("/v1/watch")];
  await becomes(counts, [2, 1], "one snapshot names the ticker pairs, and one is the first paint");
  site.asked.length = 0;
  await page.goto(site.put("/one", "<silk-ticker></silk-ticker>"));
  await shows(page, LINE);
  await becomes(counts, [1, 1], "one snapshot is the first paint");
});

for (const status of [403, 404, 406, 429, 502]) {
  test(`behind a proxy that refuses streams with ${status} the snapshots are polled, without a sign of trouble`, async (t) => {
    site.streams = status;
    const { page } = await tab(t);
    await page.goto(site.put("/refused", "<silk-ticker></silk-ticker>"));
    await shows(page, LINE);
    await until(() => site.count("/v1/watch") === 2 && site.count("/v1/snapshot.json") === 2, "it polls after the second refusal");
    await shows(page, LINE);
    await becomes(() => page.locator("silk-ticker .offline").count(), 0, "no sign of trouble is shown");
  });
}

test("the service is away when the page is loaded: a still strip of dashes says so, and the rates come when it is back", async (t) => {
  site.dark = true;
  const { page } = await tab(t);
  await page.goto(site.put("/away", '<silk-ticker></silk-ticker><silk-ticker id="named" pairs="KZT/USD,USD/KZT"></silk-ticker>'));
  await page.locator("silk-ticker").first().getByText("– no data").waitFor();
  await page.locator("#named").getByText("no data").waitFor();
  await shows(page, ["KZT/USD –", "USD/KZT –"], "#named");
  const still = () => page.evaluate(() => [...document.querySelectorAll("silk-ticker")].map(({ shadowRoot }) =>
    [shadowRoot.querySelectorAll("ul").length, shadowRoot.getAnimations({ subtree: true }).length]));
  await becomes(still, [[1, 0], [1, 0]], "nothing is copied, and nothing moves");
  site.dark = false;
  await shows(page, LINE);
  await shows(page, LINE.slice(0, 2), "#named");
});

test("a page that was opened before the first table has its figures and its chart when the table is there", async (t) => {
  const nbk = await bank();
  nbk.hasTables = false;
  const service = await serve(asking(nbk, ":memory:"));
  const { page } = await tab(t);
  t.after(async () => {
    await service.stop();
    nbk.close();
  });
  await page.goto(`${service.url}KZT?locale=en`);
  const chart = page.locator("silk-chart");
  await chart.getByText("no data").waitFor();
  nbk.hasTables = true;
  await chart.locator('[part~="line"][d*="H"]').waitFor({ state: "attached" });
  await page.locator(".headline").getByText("₸475.09").waitFor();
  await until(async () => (await page.locator("#month tbody tr").count()) === 2, "the table of the month has both days");
});

test("an origin that is not listed reads why in its console, once, and requests again after five minutes", async (t) => {
  const news = await newsSite();
  t.after(() => news.close());
  const { page, told } = await tab(t);
  await page.clock.install();
  const asked = [];
  page.on("request", (request) => request.url().includes("/v1/") && asked.push(new URL(request.url()).pathname));
  await page.goto(news.put("/foreign", `<script src="${site.url}ticker.js" async></script><silk-ticker></silk-ticker><silk-ticker></silk-ticker>`));
  await page.locator("silk-ticker").first().getByText("no data").waitFor();
  const pass = async (milliseconds) => {
    await page.clock.runFor(milliseconds);
    await page.evaluate(() => undefined);
  };
  // The stream and the first snapshot, twice, and a snapshot: after two refusals it is no accident.
  await until(async () => (await pass(1_000), asked.length >= 5), "both attempts were made");
  const before = asked.length;
  await pass(REFUSED_RETRY - 60_000);
  assert.equal(asked.length, before, `nothing is requested for four minutes, but ${asked.slice(before)}`);
  await until(async () => (await pass(10_000), asked.length > before), "it requests again in the end");
  assert.deepEqual(told, [`silkrate: ${new URL(site.url).origin} does not list ${news.origin} in web.allowed_origins, so it sends no rates`]);
});

test("on a site behind a password the requests have the credentials of the page", async (t) => {
  site.password = `Basic ${Buffer.from("reader:secret").toString("base64")}`;
  const { page } = await tab(t);
  const refused = [];
  page.on("response", (response) => response.status() === 401 && response.url().includes("/v1/") && refused.push(response.url()));
  const url = site.put("/members", "<silk-ticker></silk-ticker>");
  await page.goto(url.replace("//", "//reader:secret@"));
  await shows(page, LINE);
  site.raise();
  await until(async () => (await lines(page)).includes("USD/KZT 475.19 -0.75%"), "the stream has them too");
  assert.deepEqual(refused, []);
});
