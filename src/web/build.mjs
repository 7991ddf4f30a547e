// Builds dist/ from client/, with compressed copies. With --check it builds in memory and fails when dist/ is anything else,
// or too heavy.
import { createHash } from "node:crypto";
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { checkCompressedFiles, compressFiles } from "./compress.mjs";

/**
 * What a news site pays for a script at most, gzipped. A third of the ticker is the words and the currencies of eight
 * languages. The chart is loaded beside it, by the pages that have one.
 */
const BYTES_MAX = { "ticker.js": 20_000, "chart.js": 10_000 };
/** The engines that must run it: those of 2023 and later, which have adopted style sheets and private streams. */
const TARGET = ["chrome111", "firefox111", "safari16.4"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BANNER = "/* silkrate. MIT or Apache-2.0. Built from src/web/client; do not edit. */";

/** The sections of locales.json that are for charts, and for what the service writes. A bundle gets those that it names. */
const SECTIONS = ["chart", "credit", "pages", "other_currencies"];
/** The file with the words of the chart element, which are no part of the ticker's, and those words. */
const CHART_FILE = /client\/chart\/words\.ts$/;
const CHART_WORDS = ["name", "summary", "extremes", "period", "week", "month", "year", "date", "rate", "change", "day", "months"];

/** What every script and style is built with. */
const common = (define, plugins) => ({
  bundle: true,
  write: false,
  define,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: TARGET,
  plugins,
});

async function bundle(entry, name, { define = {}, sections = [], plugins = [], format = "iife", head = BANNER } = {}) {
  const result = await build({
    ...common({ FROM_PACKAGE: "false", ...define }, [localesWith(sections), shortStyles, ...plugins]),
    entryPoints: [here(entry)],
    format: name.endsWith(".css") ? undefined : format,
    banner: { [name.endsWith(".css") ? "css" : "js"]: head },
  });
  return [name, Buffer.from(result.outputFiles[0].contents)];
}

/** The npm package: a module for each element, and what both share. It is built when it is packed and is not committed. */
async function buildPackage() {
  const result = await build({
    ...common({ FROM_PACKAGE: "true", BUILD: '""' }, [localesWith([]), shortStyles]),
    entryPoints: { ticker: here("client/package.ts"), chart: here("client/chart/package.ts") },
    outdir: here("npm"),
    format: "esm",
    splitting: true,
    chunkNames: "shared",
    banner: { js: BANNER },
  });
  await Promise.all(result.outputFiles.map(({ path, contents }) => writeFile(path, contents)));
  await Promise.all(["LICENSE-MIT", "LICENSE-APACHE"].map((name) => copyFile(here(`../../${name}`), here(`npm/${name}`))));
}

async function copy(name) {
  return [name, await readFile(here(`client/pages/${name}`))];
}

/**
 * Of locales.json a script gets what it needs alone: no rules, which are documentation, and no section that another script
 * needs.
 */
const localesWith = (sections) => ({
  name: "locales",
  setup(builder) {
    const chosen = (object, isChosen) => Object.fromEntries(Object.entries(object).filter(([key]) => isChosen(key)));
    const ofChart = ({ chart, credit: { sources } }) => ({ chart: chosen(chart, (key) => CHART_WORDS.includes(key)), credit: { sources } });
    const ofScript = (locale) => chosen(locale, (key) => sections.includes(key) || !SECTIONS.includes(key));
    builder.onResolve({ filter: /locales\.json$/ }, ({ importer }) => {
      const [suffix, pluginData] = CHART_FILE.test(importer) ? ["?chart", ofChart] : ["", ofScript];
      return { path: here("locales.json"), suffix, pluginData };
    });
    builder.onLoad({ filter: /locales\.json$/ }, async ({ path, pluginData: needed }) => {
      const every = Object.entries(JSON.parse(await readFile(path, "utf8")).locales);
      const locales = Object.fromEntries(every.map(([tag, locale]) => [tag, needed(locale)]));
      return { contents: JSON.stringify({ locales }), loader: "json" };
    });
  },
});

/** The blanks of a style sheet within a script are not sent, where they separate nothing. */
const shortStyles = {
  name: "styles",
  setup(builder) {
    const short = (css) => css.replace(/\s+/g, " ").replace(/ ?([{};,]) ?|(:) /g, "$1$2").replaceAll(";}", "}");
    builder.onLoad({ filter: /client\/(chart\/style|style|theme)\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replace(/(?<=CSS = `)[^`]+/, short), loader: "ts" };
    });
  },
};

/** The code of the chart becomes a function, which is called when the script of the ticker is there. */
const afterTicker = (key) => ({
  name: "after",
  setup(builder) {
    builder.onResolve({ filter: /^\.\/chart\/define$/ }, () => ({ path: "define", namespace: "after" }));
    builder.onLoad({ filter: /.*/, namespace: "after" }, async () => {
      const [, code] = await bundle("client/chart/define.ts", "define.js", { format: "esm", plugins: [sharedWithTicker(key)], head: "" });
      return { contents: `export function define(base) { ${`${code}`.replace(/export\{([\w$]+) as define\};\s*$/, "$1(base)")} }` };
    });
  },
});

/** The chart takes the modules that shared.ts names from the script of the ticker, instead of a second copy. */
const sharedWithTicker = (key) => ({
  name: "shared",
  async setup(builder) {
    const source = await readFile(here("client/shared.ts"), "utf8");
    const lines = [...source.matchAll(/^export \{ (.+) \} from "\.\/(\w+)";$/gm)];
    const modules = lines.map(([, , name]) => name);
    const names = lines.map(([, exported]) => exported).join(", ");
    builder.onResolve({ filter: new RegExp(`^\\.\\./(${modules.join("|")})$`) }, () => ({ path: "shared", namespace: "shared" }));
    builder.onLoad({ filter: /.*/, namespace: "shared" }, () => ({
      contents: `export const { ${names} } = globalThis[Symbol.for("silkrate ${key}")];`,
    }));
  },
});

const digest = (bytes) => createHash("sha384").update(bytes).digest();

/** Both elements. The ticker's script says of which build it is: of the digest of its code. */
async function elements() {
  const ticker = (key) => bundle("client/ticker.ts", "ticker.js", { define: { BUILD: JSON.stringify(key) } });
  const key = digest((await ticker(""))[1]).toString("hex").slice(0, 8);
  const [name, bytes] = await ticker(key);
  // The name with 64 bits of the digest is that of assets.rs.
  const [hex, base64] = ["hex", "base64"].map((form) => digest(bytes).toString(form));
  const values = { BUILD: key, TICKER: `ticker-${hex.slice(0, 16)}.js`, TICKER_INTEGRITY: `sha384-${base64}` };
  const define = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
  return [[name, bytes], await bundle("client/chart.ts", "chart.js", { define, plugins: [afterTicker(key)] })];
}

if (process.argv.includes("--package")) {
  await buildPackage();
  process.exit(0);
}
const built = new Map([
  ...(await elements()),
  ...(await Promise.all([
    bundle("client/pages/pages.ts", "pages.js"),
    bundle("client/pages/pages.css", "pages.css"),
    copy("icon.svg"),
    copy("robots.txt"),
  ])),
]);

for (const [name, most] of Object.entries(BYTES_MAX)) {
  const size = gzipSync(built.get(name), { level: 9 }).length;
  console.log(`${name}: ${size} bytes gzipped, of ${most}`);
  if (size > most) {
    throw new Error(`${name} is too heavy`);
  }
}
if (process.argv.includes("--check")) {
  const there = (await readdir(here("dist"))).filter((name) => !/\.(gz|br)$/.test(name)).sort();
  const wanted = [...built.keys()].sort();
  if (there.join() !== wanted.join()) {
    throw new Error(`dist/ holds ${there}, and should hold ${wanted}`);
  }
  for (const [name, bytes] of built) {
    if (!bytes.equals(await readFile(here(`dist/${name}`)))) {
      throw new Error(`dist/${name} is not what the sources build to; run npm run build`);
    }
  }
  await checkCompressedFiles();
  console.log("dist/ is what the sources build to");
} else {
  await Promise.all([...built].map(([name, bytes]) => writeFile(here(`dist/${name}`), bytes)));
  await compressFiles();
}
