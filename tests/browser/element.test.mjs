// The element on a page of a site, with the real service behind it: what it shows, how it moves, its keyboard, its stream.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LINE, POLICY, front, lineWith } from "./front.mjs";
import { becomes, browser, flashes, lines, moves, shows, stands, until, violations } from "./support.mjs";

let chromium;
let site;
before(async () => {
  [chromium, site] = await Promise.all([browser(), front()]);
});
after(() => Promise.all([chromium?.close(), site?.close()]));

/** A page of the site with this body. It fails the test when a script throws or the policy refuses something. */
async function open(context, body, { prepare, emulate, size, policy = POLICY } = {}) {
  const page = await chromium.context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
  context.after(async () => {
    await page.close();
    site.restore();
    assert.deepEqual(faults, []);
  });
  site.restore();
  site.policy = policy;
  await prepare?.(page);
  await page.emulateMedia(emulate ?? {});
  await page.setViewportSize(size ?? { width: 900, height: 600 });
  await page.goto(site.put("/page", body));
  return page;
}

/** Elements that a script of the page adds at once: those of a page that is being parsed connect as they come. */
async function openAtOnce(context, elements) {
  const page = await open(context, "");
  await page.evaluate((html) => document.querySelector("main").insertAdjacentHTML("beforeend", html), elements);
  return page;
}

const streams = () => site.asked.filter((path) => path.startsWith("/v1/watch")).map(decodeURIComponent);
const part = (page, name) => page.locator(`silk-ticker [part~=${name}]`);
/** What a reader sees now: the bank has corrected its dollar in some tests. */
const now = () => lineWith(site.nbk.dollar);
const tenge = () => now()[0];
/** The position that the element of a page holds. */
const position = (page) => page.evaluate(() => customElements.get("silk-ticker").hubOf(new URL("/", location.href).href).state.position);

test("a page of two lines shows the ticker pairs, every digit true", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, LINE);
});

test("an update arrives without a reload, flashes its own rows alone, and dispatches an event for each", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, now());
  const before = site.nbk.dollar;
  await page.evaluate(() => {
    window.told = [];
    document.addEventListener("ratechange", ({ detail }) => window.told.push(detail));
  });
  const flashed = await flashes(page);
  site.raise();
  await shows(page, now());
  assert.deepEqual(await flashed(), ["KZT/USD fell", "USD/KZT rose"]);
  const told = await page.evaluate(() => window.told);
  assert.deepEqual(told.map(({ pair, previousValue, value }) => [pair, previousValue, value]).at(-1), ["USD/KZT", before, site.nbk.dollar]);
  const { rate } = await (await fetch(`${site.service.url}v1/rates/KZT/USD`)).json();
  assert.deepEqual(told.map(({ pair, value }) => [pair, value])[0], ["KZT/USD", rate.value]);
  assert.equal(told.length, 2);
  assert.equal(told[0].position.revision, rate.changed_at_revision);
});

test("an update flashes as the value that is shown moved, which the local form turns", async (t) => {
  const page = await open(t, '<silk-ticker pairs="KZT/USD"></silk-ticker><silk-ticker id="local" pairs="KZT/USD" form="local"></silk-ticker>');
  await shows(page, [tenge()]);
  await until(async () => (await lines(page, "#local"))[0].includes(site.nbk.dollar), "the local form has its value");
  const flashed = await flashes(page);
  // The bank corrects its dollar upwards. The change against the day before goes the other way.
  site.raise();
  await becomes(async () => (await lines(page, "#local"))[0], new RegExp(`^\\$1 = ₸${site.nbk.dollar} -0\\.7\\d%$`), "the local form has its new value");
  await becomes(flashed, ["KZT/USD fell", "local KZT/USD rose"], "both forms flash");
});

test("the elements of a page share one connection with their pairs united", async (t) => {
  const page = await openAtOnce(t, `<silk-ticker pairs="KZT/USD"></silk-ticker><silk-ticker pairs="usd/kzt, KZT/USD"></silk-ticker>
    <silk-ticker id="third" pairs="JPY/KZT" direction="static"></silk-ticker>`);
  await shows(page, [LINE[4]], "#third");
  await until(() => site.open.size > 0, "a stream is open");
  site.raise();
  await shows(page, [tenge()]);
  assert.deepEqual(streams(), ["/v1/watch?pairs=JPY/KZT,KZT/USD,USD/KZT"]);
  assert.equal(site.open.size, 1);
});

test("ticker pairs and named pairs share the connection too", async (t) => {
  const page = await openAtOnce(t, `<silk-ticker></silk-ticker><silk-ticker id="second" pairs="TJS/RUB,USD/KZT"></silk-ticker>`);
  await shows(page, now());
  await until(() => site.open.size > 0, "a stream is open");
  site.raise();
  await until(async () => (await lines(page, "#second"))[1] === now()[1], "the second one shows its pairs");
  assert.deepEqual([streams().length, site.open.size], [1, 1]);
});

test("attributes may change at any time, without another connection where the pairs are there", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, now());
  await until(() => site.open.size === 1, "the stream is open");
  const set = (name, value) => page.locator("silk-ticker").evaluate((ticker, [key, text]) => ticker.setAttribute(key, text), [name, value]);
  await set("locale", "ru");
  await shows(page, now().map((line) => line.replaceAll(".", ",").replace("%", "\u00a0%")));
  await set("locale", "en");
  await set("change", "both");
  await set("direction", "static");
  await until(async () => /^USD\/KZT \d+\.\d\d -\d\.\d\d · -0\.\d\d%$/.test((await lines(page))[1]), "both changes are shown");
  assert.equal((await lines(page))[4], "JPY/KZT 3.00 0 · 0.00%");
  await set("change", "none");
  await shows(page, now().map((line) => line.split(" ").slice(0, 2).join(" ")));
  assert.equal(streams().length, 1);
  await set("change", "percent");
  await set("pairs", "JPY/KZT");
  await shows(page, [LINE[4]]);
});

test("the digits, the form and the labels may change at any time", async (t) => {
  const page = await open(t, '<silk-ticker pairs="KZT/RUB,AMD/KZT,UZS/RUB"></silk-ticker>');
  const set = (attributes) => page.locator("silk-ticker").evaluate((ticker, values) => Object.assign(ticker, values), attributes);
  const values = async () => (await lines(page)).map((line) => line.replace(/ (–|[+-]?\d+[.,]\d+\s?%)$/, ""));
  const are = (expected) => until(async () => JSON.stringify(await values()) === JSON.stringify(expected), expected.join()).catch(async (error) => assert.fail(`${error.message}, but ${await values()}`));
  await are(["KZT/RUB 0.17036", "AMD/KZT 1.269", "UZS/RUB 0.00670335"]);
  await set({ digits: 2 });
  await are(["KZT/RUB 0.17", "AMD/KZT 1.27", "UZS/RUB 0.0067"]);
  await set({ digits: "auto", form: "local", locale: "ru" });
  await are(["1\u00a0₽ = 5,87\u00a0₸", "10\u00a0AMD = 12,69\u00a0₸", "10\u00a0000\u00a0сум = 67,0335\u00a0₽"]);
  await set({ labels: "code" });
  await are(["1\u00a0RUB = 5,87\u00a0KZT", "10\u00a0AMD = 12,69\u00a0KZT", "10\u00a0000\u00a0UZS = 67,0335\u00a0RUB"]);
  await set({ labels: "name", change: "none" });
  await are(["российский рубль 5,87\u00a0₸", "AMD (10) 12,69\u00a0₸", "узбекский сум (10\u00a0000) 67,0335\u00a0₽"]);
  await set({ labels: "symbol", form: "", pairs: "KZT/USD,XXX/USD" });
  await until(async () => (await lines(page)).map((line) => line.slice(0, 3)).join() === "₸/$,XXX", "signs stand for codes");
});

test("an entry links to the page that the template names, and never to a script", async (t) => {
  const page = await open(t, `<silk-ticker pairs="KZT/USD" link="/rates/{base}?to={quote}#{pair}"></silk-ticker>`);
  const entry = page.locator("silk-ticker ul:not([aria-hidden]) .item");
  await until(async () => (await entry.getAttribute("href")) === "/rates/KZT?to=USD#KZT-USD", "it links");
  await shows(page, [tenge()]);
  for (const link of ["javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,x", ""]) {
    await page.locator("silk-ticker").evaluate((ticker, value) => (ticker.link = value), link);
    await until(async () => (await page.locator("silk-ticker a.item").count()) === 0, `${link} is no link`);
  }
  await shows(page, [tenge()]);
});

test("the words a bank demands are shown, with a link", async (t) => {
  const page = await open(t, "<silk-ticker direction=static></silk-ticker>");
  await shows(page, now());
  assert.equal(await part(page, "attribution").innerText(), "Source: National Bank of Tajikistan · www.nbt.tj");
  assert.equal(await part(page, "link").getAttribute("href"), "https://www.nbt.tj");
  await page.locator("silk-ticker").evaluate((ticker) => ticker.setAttribute("pairs", "KZT/USD"));
  await shows(page, [tenge()]);
  assert.equal(await part(page, "attribution").count(), 0);
});

test("the marquee moves, and stands for the button, the pointer and the focus", async (t) => {
  const page = await open(t, "<button>before</button><silk-ticker></silk-ticker><button>after</button>");
  await shows(page, now());
  await until(() => moves(page), "the marquee moves");
  await page.hover("silk-ticker");
  await stands(page);
  await page.mouse.move(1, 500);
  await until(() => moves(page), "it moves again");
  // By keyboard alone: to the button, press, through the one stop of the entries, and leave.
  await page.locator("button", { hasText: "before" }).focus();
  await page.keyboard.press("Tab");
  await stands(page);
  const focused = (name) => until(async () => name === (await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent)), `${name} has the focus`);
  await focused("Pause");
  await page.keyboard.press("Enter");
  await focused("Play");
  // The entries, the link of the terms, and the page.
  for (let presses = 0; presses < 3; presses += 1) {
    await page.keyboard.press("Tab");
  }
  await focused("after");
  await stands(page);
  for (let presses = 0; presses < 3; presses += 1) {
    await page.keyboard.press("Shift+Tab");
  }
  await focused("Play");
  await page.keyboard.press("Space");
  await until(() => moves(page), "it moves again");
});

test("a paused ticker keeps what it shows, and shows the newest when it goes on", async (t) => {
  const page = await open(t, '<silk-ticker></silk-ticker><silk-ticker id="witness" pairs="USD/KZT"></silk-ticker>');
  await shows(page, now());
  const before = now();
  await part(page, "pause").first().click();
  for (const _update of ["first", "second"]) {
    site.raise();
    await shows(page, [now()[1]], "#witness");
  }
  assert.deepEqual(await lines(page), before);
  await part(page, "pause").first().click();
  await shows(page, now());
});

test("the copies of the loop are hidden from assistive technology and cannot be focused", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 1800, height: 400 } });
  await shows(page, now());
  const copies = await page.locator("silk-ticker").evaluate((ticker) =>
    [...ticker.shadowRoot.querySelectorAll("ul")].slice(1).map((list) => [list.getAttribute("aria-hidden"), list.inert]));
  assert.ok(copies.length >= 1);
  copies.forEach((copy) => assert.deepEqual(copy, ["true", true]));
  const isFull = () => page.locator("silk-ticker").evaluate((ticker) => {
    const width = (selector) => ticker.shadowRoot.querySelector(selector).getBoundingClientRect().width;
    return width(".track") - width("ul") >= width(".viewport");
  });
  await until(isFull, "the loop has no gap");
});

test("each pair tells its date and bank by keyboard, in sight, and Escape closes it", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { size: { width: 420, height: 500 } });
  await shows(page, now());
  await page.keyboard.press("Tab");
  await stands(page);
  for (const key of ["Tab", "End", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"]) {
    await page.keyboard.press(key);
  }
  const seen = () => page.locator("silk-ticker").evaluate((ticker) => {
    const item = ticker.shadowRoot.activeElement;
    const [box, room] = [item.getBoundingClientRect(), ticker.shadowRoot.querySelector(".viewport").getBoundingClientRect()];
    return [item.querySelector(".pair").textContent, box.left >= room.left - 1 && box.left < room.right];
  });
  await becomes(seen, ["USD/KZT", true], "the second entry has the focus, and is in sight");
  const tip = part(page, "tooltip");
  await becomes(() => tip.innerText(), new RegExp(`^\\$1 = ₸${site.nbk.dollar}$`, "m"), "the tooltip is that of the entry");
  const text = await tip.innerText();
  const percent = now()[1].split(" ")[2].slice(1);
  for (const line of [`$1 = ₸${site.nbk.dollar}`, "as of 2 April 2026", "Source: National Bank of Kazakhstan", `down ${percent}, -`, "(since 1 April 2026)"]) {
    assert.ok(text.includes(line), `${line} is not in ${text}`);
  }
  const described = await page.locator("silk-ticker").evaluate((ticker) => {
    const { activeElement } = ticker.shadowRoot;
    return ticker.shadowRoot.getElementById(activeElement.getAttribute("aria-describedby")).textContent;
  });
  assert.equal(described, text);
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "hidden" });
});

test("with reduced motion the list stands still and does not flash", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>", { emulate: { reducedMotion: "reduce" }, size: { width: 500, height: 400 } });
  await shows(page, now());
  const shape = () => page.locator("silk-ticker").evaluate((ticker) => {
    const root = ticker.shadowRoot;
    const tops = [...root.querySelectorAll("li")].map((item) => item.getBoundingClientRect().top);
    return { lists: root.querySelectorAll("ul").length, running: root.getAnimations().length, wraps: new Set(tops).size > 1 };
  });
  await becomes(shape, { lists: 1, running: 0, wraps: true }, "the list stands, and wraps");
  const flashed = await flashes(page);
  site.raise();
  await shows(page, now());
  assert.deepEqual(await flashed(), []);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await until(async () => (await page.locator("silk-ticker ul").count()) > 1, "the marquee moves again");
});

test("a broken connection resumes at the position held", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, now());
  site.raise();
  await shows(page, now());
  const { epoch, revision } = await position(page);
  const snapshots = site.count("/v1/snapshot.json");
  site.drop();
  await until(() => site.open.size === 1, "it connects again");
  const after = new URL(streams().at(-1), site.url).searchParams.get("after").split(":");
  assert.equal(after[0], epoch);
  assert.ok(Number(after[1]) >= revision, "it goes on from what it holds");
  site.raise();
  await shows(page, now());
  assert.equal(site.count("/v1/snapshot.json"), snapshots, "no whole state was requested");
});

test("a hidden tab has no connection, and goes on at its position when it is seen again", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, now());
  await until(() => site.open.size === 1, "the stream is open");
  const hide = (hidden) => page.evaluate((state) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await until(() => site.open.size === 0, "the connection is closed");
  assert.equal(streams().length, 1);
  const { epoch, revision } = await position(page);
  await hide(false);
  await until(() => site.open.size === 1, "it is there again");
  assert.equal(new URL(streams().at(-1), site.url).searchParams.get("after"), `${epoch}:${revision}`);
  await shows(page, now());
});

test("a service that is gone leaves the last values, and says quietly that they may be old", async (t) => {
  const page = await open(t, "<silk-ticker></silk-ticker>");
  await shows(page, now());
  site.dark = true;
  site.drop();
  await page.locator("silk-ticker .offline").waitFor();
  assert.equal(await page.locator("silk-ticker .offline").getAttribute("aria-label"), "Not connected; the last known values");
  assert.deepEqual(await lines(page), now());
});

test("the markup of the server is readable until the element knows more, and then it takes the place", async (t) => {
  const fragment = await (await fetch(`${site.service.url}ticker.html?pairs=KZT/USD&locale=en`)).text();
  const page = await open(t, fragment.replace(/ data-state="[^"]*"/, ""), { policy: "", prepare: () => site.hold() });
  await page.evaluate(() => customElements.whenDefined("silk-ticker").then(() => undefined));
  assert.equal(await page.locator("main li[data-pair]").isVisible(), true);
  assert.match(await page.locator("main li[data-pair]").innerText(), /^KZT\/USD 0\.0021/);
  site.release();
  await shows(page, [tenge()]);
  await page.locator("main > silk-ticker > ul li[data-pair]").waitFor({ state: "hidden" });
});

test("nothing on the page moves when the rates arrive, nor when they change", async (t) => {
  for (const attributes of ["", "density=compact", "direction=vertical", "direction=static pairs=KZT/USD"]) {
    const page = await open(t, `<silk-ticker ${attributes}></silk-ticker><p id="below">below</p>`, { prepare: () => site.hold() });
    const height = () => page.locator("silk-ticker").evaluate((ticker) => ticker.getBoundingClientRect().height);
    await page.evaluate(() => customElements.whenDefined("silk-ticker").then(() => undefined));
    const before = await height();
    assert.ok(before > 25, attributes);
    site.release();
    const shown = () => (attributes.includes("pairs") ? [tenge()] : now());
    await shows(page, shown());
    assert.equal(await height(), before, attributes);
    site.raise();
    await shows(page, shown());
    assert.equal(await height(), before, attributes);
  }
});

test("the checker of accessibility finds nothing, in both themes, moving and standing", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(t, `<silk-ticker></silk-ticker><silk-ticker direction="static" change="both" locale="ru"></silk-ticker>
      <silk-ticker direction="vertical" density="compact"></silk-ticker><silk-ticker theme="dark" pairs="XXX/USD,KZT/USD"></silk-ticker>`, { emulate: { colorScheme } });
    await page.evaluate((scheme) => (document.documentElement.style.colorScheme = scheme), colorScheme);
    await shows(page, now());
    assert.deepEqual(await violations(page), []);
  }
});
