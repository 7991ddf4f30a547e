// The element in a browser, against the double: what the real service cannot be brought to on demand.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { banks, change, five, rate, start } from "./double.mjs";
import { browser, lines, place, shows, until, violations } from "./support.mjs";

const LINE = [
  "KGS/USD 0.011435 0.00%", "KZT/USD 0.0019569 -1.04%", "TJS/USD 0.10899 -0.00%", "UZS/USD 0.000083397 +0.12%", "TMT/USD 0.28490 0.00%",
];

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

/** A page of a news site with this body, and a double of its own; both end with the test. */
async function open(context, body, { rates, prepare, ...options } = {}) {
  const double = await start(rates ? { rates } : {});
  context.after(() => double.close());
  prepare?.(double);
  double.pages.set("/page", `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<script src="/ticker.js" async></script></head><body><main><h1>News</h1>${body}</main></body></html>`);
  const page = await chromium.context.newPage();
  context.after(() => page.close());
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
  context.after(() => assert.deepEqual(faults, []));
  if (options.emulate) {
    await page.emulateMedia(options.emulate);
  }
  await page.setViewportSize(options.size ?? { width: 900, height: 600 });
  await page.goto(`${double.url}page`);
  return { double, page };
}

const streams = (double) => double.asked.filter((path) => path.startsWith("/v1/watch"));
const part = (page, name) => page.locator(`silk-ticker [part~=${name}]`);

test("a page of two lines shows the ticker pairs, every digit true", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
});

test("an update arrives without a reload, flashes its own row alone, and dispatches an event", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await page.evaluate(() => {
    window.told = [];
    document.addEventListener("ratechange", ({ detail }) => window.told.push([detail.pair, detail.previousValue, detail.value, detail.position.revision]));
  });
  assert.equal(await page.locator("silk-ticker ul:not([aria-hidden]) :is(.rose, .fell)").count(), 0);
  double.send([rate("KZT/USD", "0.0019712", { change: change("0.7313", "0.00001431", "UP") }), double.rates[0]]);
  await shows(page, LINE.with(1, "KZT/USD 0.0019712 +0.73%"));
  const flashed = page.locator("silk-ticker ul:not([aria-hidden]) :is(.rose, .fell) .pair");
  assert.deepEqual(await flashed.allInnerTexts(), ["KZT/USD"]);
  assert.deepEqual(await page.evaluate(() => window.told), [["KZT/USD", "0.00195689", "0.0019712", 2]]);
});

test("an update flashes as the value that is shown moved", async (t) => {
  for (const [form, flashed] of [["pair", "fell"], ["local", "rose"]]) {
    const { double, page } = await open(t, `<silk-ticker pairs="KZT/USD" form="${form}" labels="code" digits="2"></silk-ticker>`);
    await until(async () => (await lines(page))[0]?.includes("0.00196") || (await lines(page))[0]?.includes("511.01"), "the first value is shown");
    double.send([rate("KZT/USD", "0.00190000", { change: { ...change("-2.9072", "-0.00005689", "DOWN"), reference_value: "0.00195689" } })]);
    await page.locator(`silk-ticker ul:not([aria-hidden]) .${flashed}`).waitFor();
    assert.match((await lines(page))[0], form === "pair" ? /-2\.91%$/ : /\+2\.99%$/);
  }
});

test("a heartbeat flashes nothing and tells nothing", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await page.evaluate(() => {
    window.told = 0;
    document.addEventListener("ratechange", () => (window.told += 1));
  });
  double.open.forEach((response) => double.event(response, "heartbeat", { server_time: double.serverTime, sources: [] }));
  double.send([]);
  double.send([rate("TMT/USD", "0.285", { source: "cbt" })]);
  await shows(page, LINE.with(4, "TMT/USD 0.28500 –"));
  assert.equal(await page.evaluate(() => window.told), 1);
});

test("the elements of a page share one connection with their pairs united", async (t) => {
  const { double, page } = await open(t, `<silk-ticker pairs="KZT/USD"></silk-ticker><silk-ticker pairs="kgs/usd, KZT/USD"></silk-ticker>
    <silk-ticker id="third" pairs="UZS/USD" direction="static"></silk-ticker>`);
  await shows(page, ["UZS/USD 0.000083397 +0.12%"], "#third");
  await shows(page, [LINE[1]]);
  assert.deepEqual(streams(double).map((path) => decodeURIComponent(path)), ["/v1/watch?pairs=KGS/USD,KZT/USD,UZS/USD"]);
  assert.equal(double.open.size, 1);
});

test("ticker pairs and named pairs share the connection too", async (t) => {
  const rates = [...five(), rate("USD/KZT", "511.02", { derivation: "PUBLISHED" })];
  const { double, page } = await open(t, `<silk-ticker></silk-ticker><silk-ticker id="second" pairs="USD/KZT"></silk-ticker>`, { rates });
  await shows(page, LINE);
  await shows(page, ["USD/KZT 511.02 –"], "#second");
  assert.equal(streams(double).length, 1);
});

test("attributes may change at any time, without another connection where the pairs are there", async (t) => {
  const { double, page } = await open(t, `<silk-ticker></silk-ticker>`);
  await shows(page, LINE);
  const set = (name, value) => page.locator("silk-ticker").evaluate((ticker, [key, text]) => ticker.setAttribute(key, text), [name, value]);
  await set("locale", "ru");
  await shows(page, ["KGS/USD 0,011435 0,00\u00a0%", "KZT/USD 0,0019569 -1,04\u00a0%", "TJS/USD 0,10899 -0,00\u00a0%", "UZS/USD 0,000083397 +0,12\u00a0%", "TMT/USD 0,28490 0,00\u00a0%"]);
  await set("locale", "en");
  await set("change", "both");
  await set("direction", "static");
  await shows(page, ["KGS/USD 0.011435 0 · 0.00%", "KZT/USD 0.0019569 -0.0000206 · -1.04%", "TJS/USD 0.10899 -0.0000053 · -0.00%", "UZS/USD 0.000083397 +0.000000104 · +0.12%", "TMT/USD 0.28490 0 · 0.00%"]);
  await set("change", "none");
  await shows(page, LINE.map((line) => line.split(" ").slice(0, 2).join(" ")));
  assert.equal(streams(double).length, 1);
  await set("change", "percent");
  await set("pairs", "UZS/USD");
  await shows(page, [LINE[3]]);
});

test("the change of a window is the window's, and unknown where its history is too short", async (t) => {
  const windows = [
    { window: "WEEK", change: change("2.5", "0.0000477", "UP", "2025-12-01"), reason: null },
    { window: "MONTH", change: null, reason: "the history of nbk begins on 2025-12-01" },
  ];
  const rates = [rate("KZT/USD", "0.00195689", { change: change("-1.0412", "-0.00002059", "DOWN"), windows })];
  const { page } = await open(t, `<silk-ticker window="week"></silk-ticker><silk-ticker id="second" window="month"></silk-ticker>`, { rates });
  await shows(page, ["KZT/USD 0.0019569 +2.50%"]);
  await shows(page, ["KZT/USD 0.0019569 –"], "#second");
});

test("late, stale, held and announced rates say so, and an unknown pair is a dash", async (t) => {
  const rates = [
    rate("KZT/USD", "0.00195689", { freshness: "LATE" }), rate("KGS/USD", "0.0114", { freshness: "STALE" }),
    rate("UZS/USD", "0.0000833973", { held: [{ id: "cbu/daily/2025-12-08/USD", detail: "" }] }),
    rate("TJS/USD", "0.109", { announced: { value: "0.1095", effective_date: "2025-12-09", change: change("0.4587", "0.0005", "UP") } }),
    rate("TMT/USD", "0.285", { announced: { value: "0.286", effective_date: "2025-12-11", change: null } }),
  ];
  const { page } = await open(t, `<silk-ticker pairs="KZT/USD,KGS/USD,UZS/USD,TJS/USD,TMT/USD,XXX/USD"></silk-ticker>`, { rates });
  const marks = page.locator("silk-ticker ul:not([aria-hidden]) .mark");
  await until(async () => (await marks.allInnerTexts()).join("|") ===
    "late|out of date|a new value is being checked|→\u00a00.10950\nfrom tomorrow, 9 December 2025: 0.10950 (+0.46%)|→\u00a00.28600\nfrom 11 December 2025: 0.28600", "the marks stand");
  assert.match((await lines(page)).at(-1), /^XXX\/USD –/);
});

/** Rates with the rows that they follow from. */
const withRows = () => {
  const row = (source, currency, units, value, home_currency) => ({ source, currency, units, value, home_currency, effective_date: "2026-04-02" });
  return [
    rate("KZT/USD", "0.00210486434149", {
      fixings: [row("nbk", "USD", "1", "475.09", "KZT")], change: { ...change("0.7703", "0.0000160914955", "UP"), reference_value: "0.00208877284595" },
      announced: { value: "0.0021", effective_date: "2025-12-09", change: change("-0.2311", "-0.00000486434149", "DOWN") },
    }),
    rate("KZT/RUB", "0.156012", { derivation: "PUBLISHED", source: "cbr", fixings: [row("cbr", "KZT", "100", "15.6012", "RUB")], change: change("0.2004", "0.000312", "UP") }),
    rate("USD/UZS", "12100.1", { derivation: "PUBLISHED", source: "cbu", fixings: [row("cbu", "USD", "1", "12100.1", "UZS")] }),
  ];
};
const PAIRS = "KZT/USD,KZT/RUB,USD/UZS";

test("the digits, the form and the labels are those that a reader knows", async (t) => {
  const { page } = await open(t, `<silk-ticker pairs="${PAIRS}"></silk-ticker>`, { rates: withRows() });
  const set = (attributes) => page.locator("silk-ticker").evaluate((ticker, values) => Object.assign(ticker, values), attributes);
  await shows(page, ["KZT/USD 0.0021049 +0.77%", "KZT/RUB 0.156012 +0.20%", "USD/UZS 12,100.10 –"]);
  await set({ digits: 5 });
  await shows(page, ["KZT/USD 0.00210 +0.77%", "KZT/RUB 0.15601 +0.20%", "USD/UZS 12,100.10000 –"]);
  await set({ digits: "auto", form: "local", locale: "ru" });
  await shows(page, ["1\u00a0$ = 475,09\u00a0₸ -0,76\u00a0%", "100\u00a0₸ = 15,6012\u00a0₽ +0,20\u00a0%", "1\u00a0$ = 12\u00a0100,10\u00a0сум –"]);
  assert.match(await page.locator("silk-ticker .change").first().getAttribute("class"), /down/);
  await set({ labels: "code", change: "both" });
  await shows(page, ["1\u00a0USD = 475,09\u00a0KZT -3,66 · -0,76\u00a0%", "100\u00a0KZT = 15,6012\u00a0RUB +0,0312 · +0,20\u00a0%", "1\u00a0USD = 12\u00a0100,10\u00a0UZS –"]);
  await set({ labels: "name", change: "none" });
  await shows(page, ["доллар США 475,09\u00a0₸", "казахстанский тенге (100) 15,6012\u00a0₽", "доллар США 12\u00a0100,10\u00a0сум"]);
  await set({ labels: "symbol", form: "" });
  await shows(page, ["₸/$ 0,0021049", "₸/₽ 0,156012", "$/сум 12\u00a0100,10"]);
  await set({ pairs: "XXX/USD", labels: "" });
  await shows(page, ["XXX/USD –"]);
});

test("an announced value is a short tag, a row, or in the tooltip alone", async (t) => {
  const { page } = await open(t, `<silk-ticker locale="kk" direction="static"></silk-ticker>`, { rates: withRows(), size: { width: 328, height: 500 } });
  const mark = page.locator("silk-ticker .announced");
  await mark.waitFor();
  const within = () => page.locator("silk-ticker").evaluate((ticker) => {
    const { right } = ticker.getBoundingClientRect();
    return ["pair", "value", "change", "mark"].every((part) => [...ticker.shadowRoot.querySelectorAll(`.${part}`)].every((seen) => seen.getBoundingClientRect().right <= right));
  });
  assert.equal(await mark.locator("[aria-hidden]").innerText(), "→\u00a00,0021000");
  assert.equal(await within(), true);
  for (const announced of ["row", "off"]) {
    await page.locator("silk-ticker").evaluate((ticker, value) => (ticker.announced = value), announced);
    await until(async () => (await mark.count()) === (announced === "row" ? 1 : 0) && (await page.locator("silk-ticker .tag").count()) === 0, announced);
    assert.equal(await within(), true, announced);
  }
});

test("an entry links to the page that the template names, and never to a script", async (t) => {
  const { page } = await open(t, `<silk-ticker pairs="KZT/USD" link="/rates/{base}?to={quote}#{pair}"></silk-ticker>`);
  const entry = page.locator("silk-ticker ul:not([aria-hidden]) .item");
  await until(async () => (await entry.getAttribute("href")) === "/rates/KZT?to=USD#KZT-USD", "it links");
  await shows(page, [LINE[1]]);
  for (const link of ["javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,x", ""]) {
    await page.locator("silk-ticker").evaluate((ticker, value) => (ticker.link = value), link);
    await until(async () => (await page.locator("silk-ticker a.item").count()) === 0, `${link} is no link`);
  }
  await shows(page, [LINE[1]]);
});

test("the words a bank demands are shown, with a link", async (t) => {
  const { page } = await open(t, "<silk-ticker direction=static></silk-ticker>");
  await shows(page, LINE);
  assert.equal(await part(page, "attribution").innerText(), "Source: National Bank of Tajikistan · www.nbt.tj");
  assert.equal(await part(page, "link").getAttribute("href"), "https://www.nbt.tj");
  await page.locator("silk-ticker").evaluate((ticker) => ticker.setAttribute("pairs", "KZT/USD"));
  await shows(page, [LINE[1]]);
  assert.equal(await part(page, "attribution").count(), 0);
});

test("the marquee moves, and stands for the button, the pointer and the focus", async (t) => {
  const { page } = await open(t, "<button>before</button><silk-ticker></silk-ticker><button>after</button>");
  await shows(page, LINE);
  const moves = async () => {
    const first = await place(page);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve)))));
    return first !== (await place(page));
  };
  await until(moves, "the marquee moves");
  await page.hover("silk-ticker");
  assert.equal(await moves(), false);
  await page.mouse.move(1, 500);
  assert.equal(await moves(), true);
  // By keyboard alone: to the button, press, through the one stop of the entries, and leave.
  await page.locator("button", { hasText: "before" }).focus();
  await page.keyboard.press("Tab");
  assert.equal(await moves(), false);
  const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("aria-label"));
  assert.equal(await focused(), "Pause");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "Play");
  // The entries, the link of the terms, and the page.
  for (let presses = 0; presses < 3; presses += 1) {
    await page.keyboard.press("Tab");
  }
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "after");
  assert.equal(await moves(), false);
  for (let presses = 0; presses < 3; presses += 1) {
    await page.keyboard.press("Shift+Tab");
  }
  await page.keyboard.press("Space");
  assert.equal(await moves(), true);
});

test("a paused ticker keeps what it shows, and shows the newest when it goes on", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await part(page, "pause").click();
  double.send([rate("KZT/USD", "0.5")]);
  double.send([rate("KZT/USD", "0.6")]);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.deepEqual(await lines(page), LINE);
  await part(page, "pause").click();
  await shows(page, LINE.with(1, "KZT/USD 0.60000 –"));
});

test("the copies of the loop are hidden from assistive technology and cannot be focused", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 1800, height: 400 } });
  await shows(page, LINE);
  const copies = await page.locator("silk-ticker").evaluate((ticker) =>
    [...ticker.shadowRoot.querySelectorAll("ul")].slice(1).map((list) => [list.getAttribute("aria-hidden"), list.inert]));
  assert.ok(copies.length >= 1);
  copies.forEach((copy) => assert.deepEqual(copy, ["true", true]));
  const full = await page.locator("silk-ticker").evaluate((ticker) => {
    const width = (selector) => ticker.shadowRoot.querySelector(selector).getBoundingClientRect().width;
    return width(".track") - width("ul") >= width(".viewport");
  });
  assert.equal(full, true, "the loop has no gap");
});

test("each pair tells its date and bank by keyboard, in sight, and Escape closes it", async (t) => {
  const { page } = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 420, height: 500 } });
  await shows(page, LINE);
  for (const key of ["Tab", "Tab", "End", "ArrowLeft", "ArrowLeft", "ArrowRight"]) {
    await page.keyboard.press(key);
  }
  const seen = await page.locator("silk-ticker").evaluate((ticker) => {
    const item = ticker.shadowRoot.activeElement;
    const [box, room] = [item.getBoundingClientRect(), ticker.shadowRoot.querySelector(".viewport").getBoundingClientRect()];
    return [item.querySelector(".pair").textContent, box.left >= room.left - 1 && box.left < room.right];
  });
  assert.deepEqual(seen, ["UZS/USD", true]);
  const tip = part(page, "tooltip");
  const text = await tip.innerText();
  for (const line of ["UZS\u00a01 = $0.0000833973", "as of 8 December 2025", "Source: Central Bank of the Republic of Uzbekistan", "up 0.12%, +0.000000104 (since 5 December 2025)"]) {
    assert.ok(text.includes(line), `${line} is not in ${text}`);
  }
  const described = await page.locator("silk-ticker").evaluate((ticker) => {
    const { activeElement } = ticker.shadowRoot;
    return ticker.shadowRoot.getElementById(activeElement.getAttribute("aria-describedby")).textContent;
  });
  assert.equal(described, text);
  await page.keyboard.press("Escape");
  assert.equal(await tip.isVisible(), false);
});

test("with reduced motion the list stands still and does not flash", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { emulate: { reducedMotion: "reduce" }, size: { width: 500, height: 400 } });
  await shows(page, LINE);
  const shape = await page.locator("silk-ticker").evaluate((ticker) => {
    const root = ticker.shadowRoot;
    const tops = [...root.querySelectorAll("li")].map((item) => item.getBoundingClientRect().top);
    return { lists: root.querySelectorAll("ul").length, running: root.getAnimations().length, wraps: new Set(tops).size > 1 };
  });
  assert.deepEqual(shape, { lists: 1, running: 0, wraps: true });
  double.send([rate("KZT/USD", "0.5")]);
  await shows(page, LINE.with(1, "KZT/USD 0.50000 –"));
  assert.equal(await page.locator("silk-ticker :is(.rose, .fell)").count(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await until(async () => (await page.locator("silk-ticker ul").count()) > 1, "the marquee moves again");
});

test("a broken connection resumes at the position held", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  double.send([rate("KZT/USD", "0.5")]);
  await shows(page, LINE.with(1, "KZT/USD 0.50000 –"));
  double.drop();
  await until(() => double.open.size === 1, "it connects again");
  assert.equal(double.verdict, "RESUMED");
  assert.equal(new URL(streams(double).at(-1), double.url).searchParams.get("after"), "e1:2");
  double.send([rate("KZT/USD", "0.7")]);
  await shows(page, LINE.with(1, "KZT/USD 0.70000 –"));
});

test("a hidden tab has no connection, and goes on at its position when it is seen again", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  const hide = (hidden) => page.evaluate((state) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await until(() => double.open.size === 0, "the connection is closed");
  assert.equal(streams(double).length, 1);
  await hide(false);
  await until(() => double.open.size === 1, "it is there again");
  assert.equal(double.verdict, "RESUMED");
  assert.deepEqual(await lines(page), LINE);
});

test("an update that does not follow what is held is not shown: the whole state is asked for anew", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
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

test("where a proxy breaks streams the snapshots are polled", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>", { prepare: (double) => (double.streams = "refused") });
  await shows(page, LINE);
  const polls = () => double.asked.filter((path) => path.startsWith("/v1/snapshot.json")).length;
  await until(() => streams(double).length === 2 && polls() === 2, "it polls after the second refusal");
});

test("a server that is gone leaves the last values, and says quietly that they may be old", async (t) => {
  const { double, page } = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
  await double.close();
  await page.locator("silk-ticker .offline").waitFor();
  assert.equal(await page.locator("silk-ticker .offline").getAttribute("aria-label"), "Not connected; the last known values");
  assert.deepEqual(await lines(page), LINE);
});

test("the markup of the server stands until the element knows more, and the stream goes on from its position", async (t) => {
  const escape = (value) => JSON.stringify(value).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const rows = five().map((row) => `<li data-pair="${row.pair}">${row.pair} as text</li>`).join("");
  const state = escape({ position: { epoch: "e1", revision: 1 }, server_time: "2025-12-08T08:00:00Z", rates: five(), sources: banks() });
  const { double, page } = await open(t, `<silk-ticker data-position="e1:1" data-state="${state}"><ul>${rows}</ul></silk-ticker>`);
  await shows(page, LINE);
  await until(() => double.verdict, "it connects");
  assert.equal(double.verdict, "RESUMED");
  double.send([rate("KZT/USD", "0.5")]);
  await shows(page, LINE.with(1, "KZT/USD 0.50000 –"));
});

test("markup without the rows is readable, and the element then asks for a whole snapshot", async (t) => {
  const body = `<silk-ticker data-position="e1:1"><ul><li data-pair="KZT/USD">KZT/USD as text</li></ul></silk-ticker>`;
  const { double, page } = await open(t, body, { prepare: (double) => (double.dark = true) });
  assert.equal(await page.getByText("KZT/USD as text").isVisible(), true);
  double.dark = false;
  await shows(page, LINE);
  assert.equal(await page.getByText("KZT/USD as text").isVisible(), false);
});

test("nothing on the page moves when the rates arrive, nor when they change", async (t) => {
  for (const attributes of ["", "density=compact", "direction=vertical"]) {
    const { double, page } = await open(t, `<silk-ticker ${attributes}></silk-ticker><p id="below">below</p>`, { prepare: (double) => (double.streams = "refused") });
    const height = () => page.locator("silk-ticker").evaluate((ticker) => ticker.getBoundingClientRect().height);
    await page.evaluate(() => customElements.whenDefined("silk-ticker").then(() => undefined));
    const before = await height();
    assert.ok(before > 25, attributes);
    double.streams = "open";
    await shows(page, LINE);
    assert.equal(await height(), before, attributes);
  }
});

test("the checker of accessibility finds nothing, in both themes, moving and standing", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open(t, `<silk-ticker></silk-ticker><silk-ticker direction="static" change="both" locale="ru"></silk-ticker>
      <silk-ticker direction="vertical" density="compact"></silk-ticker><silk-ticker theme="dark" pairs="XXX/USD,KZT/USD"></silk-ticker>`, { emulate: { colorScheme } });
    await page.evaluate((scheme) => (document.documentElement.style.colorScheme = scheme), colorScheme);
    await shows(page, LINE);
    assert.deepEqual(await violations(page), []);
  }
});
