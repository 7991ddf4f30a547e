// Builds dist/ from client/, with compressed copies. With --check it builds in memory and fails when dist/ is anything else,
// or too heavy.
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { checkCompressedFiles, compressFiles } from "./compress.mjs";

/**
 * What a news site pays for the ticker at most, gzipped. A third of it is the words and the currencies of eight languages.
 */
const TICKER_BYTES_MAX = 20_000;
/** The engines that must run it: those of 2023 and later, which have adopted style sheets and private streams. */
const TARGET = ["chrome111", "firefox111", "safari16.4"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** The npm package, which is built when it is packed and is not committed. */
const PACKAGE = "npm/ticker.js";
const banner = "/* silkrate's ticker. MIT or Apache-2.0. Built from src/web/client; do not edit. */";

/** The sections of locales.json that are for the pages which show charts. A bundle gets those that it names. */
const SECTIONS = ["chart"];

async function bundle(entry, name, { format = name.endsWith(".css") ? undefined : "iife", sections = [] } = {}) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    format,
    define: { FROM_PACKAGE: String(format === "esm") },
    minify: true,
    charset: "utf8",
    legalComments: "none",
    target: TARGET,
    banner: name.endsWith(".css") ? { css: banner } : { js: banner },
    plugins: [localesWith(sections)],
  });
  return [name, Buffer.from(result.outputFiles[0].contents)];
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
    const isNeeded = ([key]) => sections.includes(key) || !SECTIONS.includes(key);
    const needed = (locale) => Object.fromEntries(Object.entries(locale).filter(isNeeded));
    builder.onLoad({ filter: /locales\.json$/ }, async ({ path }) => {
      const every = Object.entries(JSON.parse(await readFile(path, "utf8")).locales);
      const locales = Object.fromEntries(every.map(([tag, locale]) => [tag, needed(locale)]));
      return { contents: JSON.stringify({ locales }), loader: "json" };
    });
    // The indentation of the style sheet is not sent.
    builder.onLoad({ filter: /client\/style\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replace(/\n\s*/g, (gap, at) => (at > source.indexOf("CSS = `") ? " " : gap)), loader: "ts" };
    });
  },
});

if (process.argv.includes("--package")) {
  const [, bytes] = await bundle("client/package.ts", PACKAGE, { format: "esm" });
  await writeFile(here(PACKAGE), bytes);
  await Promise.all(["LICENSE-MIT", "LICENSE-APACHE"].map((name) => copyFile(here(`../../${name}`), here(`npm/${name}`))));
  process.exit(0);
}
const built = new Map(
  await Promise.all([
    bundle("client/ticker.ts", "ticker.js"),
    bundle("client/pages/pages.ts", "pages.js"),
    bundle("client/pages/pages.css", "pages.css"),
    copy("index.html"),
    copy("icon.svg"),
  ]),
);

const size = gzipSync(built.get("ticker.js"), { level: 9 }).length;
console.log(`ticker.js: ${size} bytes gzipped, of ${TICKER_BYTES_MAX}`);
if (size > TICKER_BYTES_MAX) {
  throw new Error("the ticker is too heavy");
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
