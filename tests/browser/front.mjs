// The real service as a newsroom runs it: three banks for it to ask, and the site of the newsroom in front of it. The site
// has pages of its own and passes every other request on. What it does to answers, as proxies do, is its state.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asking, backfill, bank, serve } from "./server.mjs";
import { root, until } from "./support.mjs";

/** Bytes that a buffering proxy collects before it passes any on: those of nginx, `proxy_buffers` of eight times 4 KiB. */
const BUFFER_BYTES = 32 * 1024;
/** The ticker of the site: a rate, its inverse, a price of ten thousand units, a bank that wants a credit, and omitted zeros. */
export const PAIRS = ["KZT/USD", "USD/KZT", "UZS/RUB", "TJS/USD", "JPY/KZT"];
/** What a reader sees of it. */
export const LINE = ["KZT/USD 0.0021049 +0.77%", "USD/KZT 475.09 -0.77%", "UZS/RUB 0.00670335 –", "TJS/USD 0.10710 –", "JPY/KZT 3.00 0.00%"];
/** The policy of a page that has nothing inline. */
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/** What a reader sees once the bank has corrected its dollar, below the 478.77 of the day before. */
export function lineWith(dollar) {
  const [now, before] = [BigInt(dollar.replace(".", "")), 47_877n];
  const quotient = (numerator, denominator) => `${(2n * numerator + denominator) / (2n * denominator)}`;
  const percent = (of) => `0.${quotient((before - now) * 10_000n, of).padStart(2, "0")}%`;
  return [`KZT/USD 0.00${quotient(10n ** 9n, now)} +${percent(now)}`, `USD/KZT ${dollar} -${percent(before)}`, ...LINE.slice(2)];
}

/** Tables of the banks of Russia and Tajikistan, with the date of 2 April 2026. */
async function otherBanks() {
  const [cbr, nbt] = await Promise.all(["cbr/2026-03-17.xml", "nbt/2026-05-19.xml"].map((name) => readFile(join(root, "tests/fixtures", name), "latin1")));
  const tables = new Map([["/scripts/XML_daily.asp", cbr.replace("17.03.2026", "02.04.2026")], ["/en/kurs/export_xml.php", nbt.replace("2026-05-19", "2026-04-02")]]);
  const server = createServer((incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url, "http://bank/");
    // Neither bank has a table of another date.
    const isThere = !/\d/.test(searchParams.get("date") ?? "") || searchParams.get("date") === "2026-04-02";
    const table = isThere && tables.get(pathname);
    response.writeHead(table ? 200 : 404, { "content-type": "application/xml" });
    response.end(Buffer.from(table || "", "latin1"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, server };
}

/**
 * Starts the banks, the service with these variables, and the site. `ids` are those of the banks beside the Kazakh one, and
 * `earlier` its dollars of late March.
 */
export async function front(settings = {}, ids = ["CBR", "NBT"], earlier = {}) {
  const [nbk, others, folder] = await Promise.all([bank(earlier), otherBanks(), mkdtemp(join(tmpdir(), "silkrate-front-"))]);
  const site = {
    nbk, pages: new Map(), asked: [], open: new Set(), dark: false, password: undefined, policy: undefined,
    /** What happens to streams: they pass, are buffered, or are refused with a status. */
    streams: "pass",
    /** Requests for rates that wait until `release`; undefined while none has to. */
    held: undefined,
  };
  const sources = ids.flatMap((id) => [[`SILKRATE_SOURCES__${id}__ENABLED`, "true"], [`SILKRATE_SOURCES__${id}__BASE_URL`, others.url]]);
  const variables = { ...asking(nbk, join(folder, "store.db")), ...Object.fromEntries(sources), SILKRATE_TICKER__PAIRS: PAIRS.join(), ...settings };
  const service = await serve(variables);
  const server = createServer((incoming, response) => answer(site, service, incoming, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  Object.assign(site, {
    service,
    url: `http://127.0.0.1:${server.address().port}/`,
    /** A page of the site. Its head has the script of the ticker unless another one is given. */
    put(path, body, { attributes = 'lang="en"', head = '<script src="/ticker.js" async></script>' } = {}) {
      site.pages.set(path, `<!doctype html><html ${attributes}><head><meta charset="utf-8"><title>News</title><link rel="icon" href="/icon.svg">${head}</head><body><main><h1>News</h1>${body}</main></body></html>`);
      return new URL(path, site.url).href;
    },
    /** How often paths that begin like this were requested since the last `restore`. */
    count: (path) => site.asked.filter((asked) => asked.startsWith(path)).length,
    /** The bank corrects its dollar by ten hundredths, and this is the new value. */
    raise() {
      const hundredths = `${BigInt(nbk.dollar.replace(".", "")) + 10n}`;
      nbk.dollar = `${hundredths.slice(0, -2)}.${hundredths.slice(-2)}`;
      return nbk.dollar;
    },
    /** Cuts the streams that are open. */
    drop() {
      site.open.forEach((response) => response.destroy());
      site.open.clear();
    },
    /** From now on requests for rates wait. */
    hold() {
      site.held = [];
    },
    release() {
      const held = site.held ?? [];
      site.held = undefined;
      held.forEach((go) => go());
    },
    /** Forgets what was requested, and does nothing to answers any more. */
    restore() {
      site.asked.length = 0;
      Object.assign(site, { streams: "pass", dark: false, password: undefined, policy: undefined, held: undefined });
    },
    async close() {
      [server, others.server].forEach((each) => {
        each.closeAllConnections();
        each.close();
      });
      await service.stop();
      nbk.close();
      await rm(folder, { recursive: true, force: true });
    },
  });
  const isAsked = async () => (await (await fetch(`${service.url}v1/sources`)).json()).sources.every(({ polling }) => polling === "OK");
  try {
    await until(isAsked, "every bank has been asked");
    if (Object.keys(earlier).length > 0) {
      await backfill(service, variables, "2026-03-25", "nbk");
    }
  } catch (error) {
    await site.close();
    throw error;
  }
  return site;
}

function answer(site, service, incoming, response) {
  site.asked.push(incoming.url);
  const page = site.pages.get(incoming.url);
  if (site.password && incoming.headers.authorization !== site.password) {
    response.writeHead(401, { "www-authenticate": "Basic" }).end();
  } else if (page) {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...(site.policy && { "content-security-policy": site.policy }) });
    response.end(page);
  } else if (site.held && incoming.url.startsWith("/v1/")) {
    site.held.push(() => pass(site, service, incoming, response));
  } else if (site.dark && incoming.url.startsWith("/v1/")) {
    response.writeHead(502).end();
  } else if (incoming.url.startsWith("/v1/watch") && Number.isInteger(site.streams)) {
    response.writeHead(site.streams).end();
  } else {
    pass(site, service, incoming, response);
  }
}

/** Passes a request on, without the credentials of the site, and the answer back. */
function pass(site, service, incoming, response) {
  const isStream = incoming.url.startsWith("/v1/watch");
  if (isStream) {
    site.open.add(response);
    response.on("close", () => site.open.delete(response));
  }
  const { authorization: _own, host: _site, ...headers } = incoming.headers;
  const outgoing = ask(new URL(incoming.url, service.url), { method: incoming.method, headers }, (found) => {
    response.writeHead(found.statusCode, found.headers);
    if (!isStream || site.streams !== "buffered") {
      response.flushHeaders();
      found.pipe(response);
      return;
    }
    let buffer = Buffer.alloc(0);
    found.on("data", (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      if (buffer.length >= BUFFER_BYTES) {
        response.write(buffer);
        buffer = Buffer.alloc(0);
      }
    });
    found.on("end", () => response.end(buffer));
  });
  outgoing.on("error", () => response.destroy());
  response.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}
