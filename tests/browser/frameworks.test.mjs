// The npm package in the frameworks of the sites, with the real service: each mounts the element, changes it and removes it,
// ten times, and each example of the package's README works as it is printed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { front } from "./front.mjs";
import { becomes, browser, esbuild, lines, root, shows, typescript, until } from "./support.mjs";

const run = promisify(execFile);
const folder = join(root, "tests/browser/frameworks");
const required = createRequire(join(folder, "package.json"));
const TIMES = 10;
const readme = await readFile(join(root, "src/web/npm/README.md"), "utf8");

/** Each framework as a module that exports `mount(holder, endpoint, pairs)`, which returns `update(pairs)` and `unmount()`. */
const MODULES = {
  plain: `import "silkrate-ticker";
    export function mount(holder, endpoint, pairs) {
      const ticker = Object.assign(document.createElement("silk-ticker"), { endpoint, pairs });
      holder.append(ticker);
      return { update: (next) => (ticker.pairs = next), unmount: () => ticker.remove() };
    }`,
  react: `import "silkrate-ticker"; import { createElement } from "react"; import { createRoot } from "react-dom/client"; import { flushSync } from "react-dom";
    export function mount(holder, endpoint, pairs) {
      const place = createRoot(holder);
      const update = (next) => flushSync(() => place.render(createElement("silk-ticker", { endpoint, pairs: next, onratechange() {} })));
      update(pairs);
      return { update, unmount: () => place.unmount() };
    }`,
  preact: `import "silkrate-ticker"; import { h, render } from "preact";
    export function mount(holder, endpoint, pairs) {
      const update = (next) => render(h("silk-ticker", { endpoint, pairs: next }), holder);
      update(pairs);
      return { update, unmount: () => render(null, holder) };
    }`,
  vue: `import "silkrate-ticker"; import { createApp, h, ref } from "vue";
    export function mount(holder, endpoint, pairs) {
      const shown = ref(pairs);
      const app = createApp({ render: () => h("silk-ticker", { endpoint, pairs: shown.value }) });
      app.mount(holder);
      return { update: (next) => (shown.value = next), unmount: () => app.unmount() };
    }`,
  svelte: `import "silkrate-ticker"; import { flushSync, mount as place, unmount } from "svelte"; import App from "./App.svelte"; import { writable } from "svelte/store";
    export function mount(target, endpoint, pairs) {
      const shown = writable(pairs);
      const app = place(App, { target, props: { endpoint, shown } });
      flushSync();
      return { update: (next) => { shown.set(next); flushSync(); }, unmount: () => unmount(app) };
    }`,
  lit: `import "silkrate-ticker"; import { html, render } from "lit";
    export function mount(holder, endpoint, pairs) {
      const update = (next) => render(html\`<silk-ticker endpoint=\${endpoint} .pairs=\${next}></silk-ticker>\`, holder);
      update(pairs);
      return { update, unmount: () => render(null, holder) };
    }`,
};
const SVELTE = `<script>let { endpoint, shown } = $props();</script><silk-ticker {endpoint} pairs={$shown}></silk-ticker>`;
/** The types of every framework, used as a site would use them. */
const TYPED = {
  "react.tsx": `import "silkrate-ticker"; import type {} from "silkrate-ticker/react";
    export const rates = <silk-ticker endpoint="https://rates.example/" pairs={["KZT/USD"]} speed={0} onratechange={({ detail }) => detail.previousValue} />;
    // @ts-expect-error a theme that does not exist
    export const wrong = <silk-ticker theme="purple" />;
    export const chart = <silk-chart endpoint="https://rates.example/" pair="USD/KZT" window="year" height={320} style={{ display: "block" }} />;
    // @ts-expect-error a period that does not exist
    export const decade = <silk-chart pair="USD/KZT" window="decade" />;`,
  "preact.tsx": `/** @jsxImportSource preact */ import type {} from "silkrate-ticker/preact";
    export const rates = <silk-ticker endpoint="https://rates.example/" pairs="KZT/USD" />;
    export const chart = <silk-chart pair="USD/KZT" controls="off" />;`,
  "vue.ts": `import type {} from "silkrate-ticker/vue"; import type { GlobalComponents } from "vue";
    export type Elements = [GlobalComponents["silk-ticker"], GlobalComponents["silk-chart"]];`,
  "svelte.ts": `import type {} from "silkrate-ticker/svelte"; import type { SvelteHTMLElements } from "svelte/elements";
    export const attributes: SvelteHTMLElements["silk-ticker"] = { pairs: ["KZT/USD"], onratechange: ({ detail }) => void detail.rate.value };
    export const chart: SvelteHTMLElements["silk-chart"] = { pair: "USD/KZT", window: "week" };`,
  "plain.ts": `import { SilkTicker } from "silkrate-ticker";
    const ticker: SilkTicker = document.createElement("silk-ticker"); ticker.pairs = ["KZT/USD"]; export const text: string = ticker.pairs;
    ticker.addEventListener("ratechange", ({ detail }) => detail.pair);
    import { SilkChart } from "silkrate-ticker/chart";
    const chart: SilkChart = document.createElement("silk-chart"); chart.height = 320; export const height: string = chart.height;`,
};

let chromium;
/** The site that embeds the element, and its service. */
let news;
/** The folder in which the site is built. */
let site;
before(async () => {
  [chromium, news] = await Promise.all([browser(), front()]);
  site = await mkdtemp(join(tmpdir(), "silkrate-site-"));
  // As a site installs it: packed, and unpacked into its modules.
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", site], { cwd: join(root, "src/web/npm") });
  await mkdir(join(site, "node_modules/silkrate-ticker"), { recursive: true });
  await run("tar", ["-xzf", join(site, stdout.trim().split("\n").at(-1)), "-C", join(site, "node_modules/silkrate-ticker"), "--strip-components=1"]);
});
after(async () => {
  await Promise.all([chromium?.close(), news?.close()]);
  await rm(site, { recursive: true, force: true });
});

/** A page script of these modules, as a site's bundler makes it. */
async function bundle(contents, files = { "App.svelte": SVELTE }, options = {}) {
  const { compile } = required("svelte/compiler");
  const compilers = {
    svelte: (text) => ({ contents: compile(text, { filename: "App.svelte" }).js.code }),
    vue: (text) => ({ contents: vueComponent(text), loader: "ts" }),
  };
  const components = {
    name: "components",
    setup(builder) {
      builder.onResolve({ filter: /^\.\/App\./ }, ({ path }) => ({ path: path.slice(2), namespace: "app" }));
      builder.onLoad({ filter: /.*/, namespace: "app" }, ({ path }) => {
        const extension = path.split(".").at(-1);
        return { ...(compilers[extension]?.(files[path]) ?? { contents: files[path], loader: extension }), resolveDir: folder };
      });
    },
  };
  const { outputFiles } = await esbuild().build({
    stdin: { contents, resolveDir: folder }, bundle: true, write: false, format: "iife", globalName: "site", plugins: [components],
    nodePaths: [join(site, "node_modules")], conditions: ["browser"], logLevel: "error",
    define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true" },
    ...options,
  });
  return outputFiles[0].text;
}

/** A component of Vue as its compiler makes it, with the option that the README names. */
function vueComponent(text) {
  const { compileScript, parse } = required("vue/compiler-sfc");
  const [, isCustomElement] = /`vue\(\{ template: \{ compilerOptions: \{ isCustomElement: (.+?) \} \} \}\)`/.exec(readme);
  const compilerOptions = { isCustomElement: (0, eval)(isCustomElement) };
  const { descriptor, errors } = parse(text, { filename: "App.vue", templateParseOptions: compilerOptions });
  assert.deepEqual(errors, []);
  return compileScript(descriptor, { id: "app", inlineTemplate: true, templateOptions: { compilerOptions } }).content;
}

/** A page that fails the test when a script throws or a framework complains. */
async function open(context, body, script) {
  const page = await chromium.context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => /^(error|warning)$/.test(message.type()) && faults.push(message.text()));
  context.after(async () => {
    await page.close();
    news.restore();
    assert.deepEqual(faults, []);
  });
  // The page's policy allows its own files alone, as a site's would; the script is put in by the test.
  news.policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";
  await page.goto(news.put("/page", `<div id="holder">${body}</div>`, { head: "" }));
  await page.evaluate(script);
  return page;
}

for (const [name, module] of Object.entries(MODULES)) {
  test(`${name} mounts, changes and removes the element ten times, and leaves no connection`, async (t) => {
    const page = await open(t, "", `${await bundle(module)};window.site = site`);
    for (let time = 0; time < TIMES; time += 1) {
      const first = time % 2 ? "kzt/usd, tjs/usd" : ["KZT/USD", "TJS/USD"];
      await page.evaluate(([endpoint, pairs]) => {
        window.mounted = window.site.mount(document.querySelector("#holder"), endpoint, pairs);
      }, [news.url, first]);
      await shows(page, ["KZT/USD 0.0021049 +0.77%", "TJS/USD 0.10710 –"]);
      await page.evaluate(() => window.mounted.update("JPY/KZT"));
      await shows(page, ["JPY/KZT 3.00 0.00%"]);
      await until(() => news.open.size === 1, "one stream carries them");
      await page.evaluate(() => window.mounted.unmount());
      await page.locator("silk-ticker").waitFor({ state: "detached" });
    }
    await until(() => news.open.size === 0, "the stream is closed");
  });
}

test("the chart is a module of its own, and shares the stream of the ticker", async (t) => {
  const script = await bundle(`import "silkrate-ticker/chart"; import "silkrate-ticker";
    export const mount = (holder, endpoint) => ["silk-ticker", "silk-chart"].forEach((name) =>
      holder.append(Object.assign(document.createElement(name), { endpoint, pairs: "KZT/USD", pair: "KZT/USD" })));`);
  const page = await open(t, "", `${script};window.site = site`);
  await page.evaluate((endpoint) => window.site.mount(document.querySelector("#holder"), endpoint), news.url);
  await shows(page, ["KZT/USD 0.0021049 +0.77%"]);
  await page.locator('silk-chart [part~="line"][d*="H"]').waitFor({ state: "attached" });
  await until(() => news.open.size === 1, "one stream carries both");
});

test("Vue hydrates what its server rendered, without a mismatch", async (t) => {
  // The package is imported on the server, as a component would import it.
  await import(pathToFileURL(join(site, "node_modules/silkrate-ticker/ticker.js")).href);
  await import(pathToFileURL(join(site, "node_modules/silkrate-ticker/chart.js")).href);
  const { createSSRApp, h } = required("vue");
  const { renderToString } = required("vue/server-renderer");
  const component = { render: () => h("silk-ticker", { endpoint: news.url, pairs: "KZT/USD", locale: "en" }) };
  const html = await renderToString(createSSRApp(component));
  assert.equal(html, `<silk-ticker endpoint="${news.url}" pairs="KZT/USD" locale="en"></silk-ticker>`);
  const script = await bundle(`import "silkrate-ticker"; import { createSSRApp, h } from "vue";
    export const hydrate = (endpoint) => createSSRApp({ render: () => h("silk-ticker", { endpoint, pairs: "KZT/USD", locale: "en" }) }).mount("#holder") && undefined;`);
  const page = await open(t, html, `${script};window.site = site`);
  await page.locator("silk-ticker").evaluate((ticker) => { window.rendered = ticker; });
  await page.evaluate((url) => window.site.hydrate(url), news.url);
  await shows(page, ["KZT/USD 0.0021049 +0.77%"]);
  assert.equal(await page.evaluate(() => window.rendered === document.querySelector("silk-ticker")), true, "the element of the server was kept");
});

/** How an example of each kind comes onto a page, as `App` or as what its script exports: by the heading and the language of the example. */
const EXAMPLES = {
  "silkrate-ticker html": null,
  "React 19 tsx": `import { createElement } from "react"; import { createRoot } from "react-dom/client"; import { Rates } from "./App.tsx";
    createRoot(document.querySelector("#holder")).render(createElement(Rates));`,
  "Vue 3 vue": 'import { createApp } from "vue"; import App from "./App.vue"; createApp(App).mount("#holder");',
  "Preact tsx": 'import { h, render } from "preact"; import { Rates } from "./App.tsx"; render(h(Rates), document.querySelector("#holder"));',
  "Svelte 5 svelte": 'import { mount } from "svelte"; import App from "./App.svelte"; mount(App, { target: document.querySelector("#holder") });',
  "Lit ts": 'import { render } from "lit"; import { rates } from "./App.ts"; render(rates, document.querySelector("#holder"));',
  "The chart html": null,
};

test("each example of the package's README works as it is printed, and reports a change where it says so", async (t) => {
  const printed = readme.split(/^#{1,2} /m).slice(1).flatMap((section) =>
    [...section.matchAll(/^```(\w+)\n(.+?)^```$/gms)].map(([, language, text]) => [`${section.split("\n")[0]} ${language}`, language, text]));
  assert.deepEqual(printed.map(([name]) => name), Object.keys(EXAMPLES));
  for (const [name, language, text] of printed) {
    const example = text.replaceAll("https://rates.example/", news.url);
    const [, code, markup] = language === "html" ? /^<script type="module">\n(.+?)<\/script>\n(.+)$/s.exec(example) : [null, EXAMPLES[name], ""];
    const preact = name.startsWith("Preact") ? { jsxImportSource: "preact" } : {};
    const script = await bundle(code, { [`App.${language}`]: example }, { jsx: "automatic", ...preact });
    const page = await open(t, markup, script);
    if (name === "The chart html") {
      await page.locator('silk-chart [part~="line"][d*="H"]').waitFor({ state: "attached" });
      await page.close();
      continue;
    }
    await becomes(async () => (await lines(page))[0], /^KZT\/USD 0\.0021\d{3} \+0\.\d\d%$/, `${name} shows the rate`);
    await becomes(async () => (await lines(page)).length, 2, `${name} shows two pairs`);
    if (text.includes("ratechange")) {
      const told = page.waitForEvent("console", (message) => /^0\.0021\d+$/.test(message.text()));
      news.raise();
      const text = (await told).text();
      const { rate } = await (await fetch(`${news.url}v1/rates/KZT/USD`)).json();
      assert.equal(text, rate.value, name);
    }
    await page.close();
  }
});

test("the types compile in every framework, and a wrong value does not", async () => {
  const types = join(site, "types");
  await mkdir(types, { recursive: true });
  await Promise.all(Object.entries(TYPED).map(([name, text]) => writeFile(join(types, name), text)));
  await writeFile(join(types, "tsconfig.json"), JSON.stringify({
    compilerOptions: { target: "ES2022", module: "ESNext", moduleResolution: "bundler", jsx: "react-jsx", strict: true, noEmit: true, skipLibCheck: true, types: [] },
    files: Object.keys(TYPED),
  }));
  // Both folders of modules are one for the compiler, as in a site.
  await run("cp", ["-as", `${join(folder, "node_modules")}/.`, join(site, "node_modules/")]);
  await run(process.execPath, [typescript, "-p", join(types, "tsconfig.json")]).catch(({ stdout }) => assert.fail(stdout));
  const { files } = JSON.parse(await readFile(join(site, "node_modules/silkrate-ticker/package.json"), "utf8"));
  assert.ok(files.includes("LICENSE-MIT"));
});
