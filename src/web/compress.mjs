// Compresses the static files: dist/ and openapi.json get a .gz and a .br copy in dist/, which are committed, so that the
// service sends ready bytes and the Rust build needs no compressor. It needs nothing but Node: `npm run compress`, or
// `node src/web/compress.mjs`, after a change of openapi.json; `npm run build` does it too.
import { readFile, readdir, unlink, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";

/** A smaller file fits into one packet with its headers, half a KiB or so; compressing it would save nothing. */
const COMPRESSED_BYTES_MIN = 512;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

/** Every encoding: its file name extension, and both directions. */
const ENCODINGS = [
  { extension: ".gz", compress: (bytes) => gzipSync(bytes, { level: 9 }), decompress: gunzipSync },
  { extension: ".br", compress: brotli, decompress: brotliDecompressSync },
];
const isCompressed = (name) => ENCODINGS.some(({ extension }) => name.endsWith(extension));

/** The files that get compressed copies: name in dist/ → bytes. */
async function plainFiles() {
  const names = (await readdir(here("dist"))).filter((name) => !isCompressed(name));
  const files = await Promise.all(names.map(async (name) => [name, await readFile(here(`dist/${name}`))]));
  files.push(["openapi.json", await readFile(here("openapi.json"))]);
  return files.filter(([, bytes]) => bytes.length >= COMPRESSED_BYTES_MIN);
}

/**
 * Writes the copies whose content has changed, and removes those of files that are gone. A copy with the right content
 * stays as it is: another version of zlib or brotli may write other bytes for it.
 */
export async function compressFiles() {
  const wanted = new Set();
  for (const [name, bytes] of await plainFiles()) {
    for (const { extension, compress, decompress } of ENCODINGS) {
      wanted.add(name + extension);
      const path = here(`dist/${name}${extension}`);
      if (!(await holds(path, decompress, bytes))) {
        await writeFile(path, compress(bytes));
      }
    }
  }
  const names = await readdir(here("dist"));
  await Promise.all(names.filter((name) => isCompressed(name) && !wanted.has(name)).map((name) => unlink(here(`dist/${name}`))));
}

/** Fails when a copy is missing, is one too many, or does not decompress to its file. The compressed bytes may differ. */
export async function checkCompressedFiles() {
  const wanted = [];
  for (const [name, bytes] of await plainFiles()) {
    for (const { extension, decompress } of ENCODINGS) {
      wanted.push(name + extension);
      if (!(await holds(here(`dist/${name}${extension}`), decompress, bytes))) {
        throw new Error(`dist/${name}${extension} does not hold the content of ${name}; run npm run compress`);
      }
    }
  }
  const found = (await readdir(here("dist"))).filter(isCompressed).sort();
  if (found.join() !== wanted.sort().join()) {
    throw new Error(`dist/ holds the copies ${found}, and should hold ${wanted}; run npm run compress`);
  }
}

/** Whether a compressed file exists and decompresses to these bytes. */
async function holds(path, decompress, bytes) {
  try {
    return decompress(await readFile(path)).equals(bytes);
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await compressFiles();
}
