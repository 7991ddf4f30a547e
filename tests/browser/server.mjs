// The real service as a child process, a bank for it to ask, and a news site that embeds its ticker.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, until } from "./support.mjs";

const binary = process.env.SILKRATE ?? join(root, "target/debug/silkrate");
const fixtures = join(root, "tests/fixtures/nbk/");

/** Starts the service with settings as variables, and tells the address of its web side. A demo has its first rates then. */
export async function serve(settings, ...words) {
  const ports = { SILKRATE_SERVER__LISTEN: "127.0.0.1:0", SILKRATE_SERVER__ADMIN_LISTEN: "127.0.0.1:0", SILKRATE_WEB__LISTEN: "127.0.0.1:0", SILKRATE_LOG__FORMAT: "text" };
  const child = spawn(binary, ["serve", ...words], { env: { ...process.env, ...ports, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    const read = (bytes) => {
      said += bytes;
      // The demo tells its reader, the service its log.
      const found = /serving browsers on (http:\S+)|serving browsers address=(\S+) path="(\S+)"/.exec(said);
      if (found) {
        resolve(found[1] ?? `http://${found[2]}${found[3]}`);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", () => reject(new Error(`the service ended: ${said}`)));
  });
  if (words.length > 0) {
    // A replica refuses readers until it has a state.
    await until(async () => (await (await fetch(`${url}v1/snapshot.json`)).json()).rates?.length > 0, "the demo has rates");
  }
  return {
    url,
    /** The port for operators, of a service that is no demo. */
    get admin() {
      return `http://${/serving operators address=(\S+)/.exec(said)[1]}`;
    },
    /** Ends it, politely or not, and waits until it is gone. */
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill(signal);
        await gone;
      }
    },
  };
}

/** An address that stays while the service behind it goes and comes back. It passes connections on to `target`, and none without one. */
export async function relay() {
  const server = createTcpServer((incoming) => {
    if (!relayed.target) {
      incoming.destroy();
      return;
    }
    const { hostname, port } = new URL(relayed.target);
    const outgoing = connect(Number(port), hostname);
    incoming.pipe(outgoing).pipe(incoming);
    for (const [one, other] of [[incoming, outgoing], [outgoing, incoming]]) {
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relayed = { target: undefined, url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
  return relayed;
}

/** Uploads the tables of a bank since a date, with the settings of its service. */
export async function backfill(service, settings, start, id) {
  const { SILKRATE_STORE__PATH: _path, SILKRATE_CLOCK__START: _clock, ...env } = settings;
  await promisify(execFile)(binary, ["backfill", "--start", start, "--admin", service.admin, id], { env: { ...process.env, ...env } });
}

/**
 * The National Bank of Kazakhstan in April 2026. `dollar` and `yen` are what the table of 2 April says; they may be corrected.
 * Without `hasTables` it has published nothing yet. `earlier` are dates of late March with their dollar, such as `{ "31.03.2026": "477.00" }`.
 */
export async function bank(earlier = {}) {
  const tables = new Map();
  for (const day of ["01", "02"]) {
    tables.set(`${day}.04.2026`, await readFile(`${fixtures}2026-04-${day}.xml`, "utf8"));
  }
  for (const [date, dollar] of Object.entries(earlier)) {
    tables.set(date, tables.get("01.04.2026").replace("01.04.2026", date).replace("478.77", dollar));
  }
  const none = await readFile(`${fixtures}no-rows.xml`, "utf8");
  const double = { dollar: "475.09", yen: "3", hasTables: true };
  const server = createServer((request, response) => {
    const date = new URL(request.url, "http://bank/").searchParams.get("fdate") ?? "";
    const table = (double.hasTables && tables.get(date)) || none.replace("02.04.2026", date);
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(table.replace("475.09", double.dollar).replace(/(?<=02\.04\.2026.*<title>JPY<\/title>\s*<description>)3(?=<)/s, double.yen));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.url = `http://127.0.0.1:${server.address().port}`;
  double.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return double;
}

/** Settings of a service that asks that bank alone, on 2 April 2026. */
export function asking(bank, store) {
  const others = ["NBKR", "CBU", "NBT", "CBT", "CBR"].map((id) => [`SILKRATE_SOURCES__${id}__ENABLED`, "false"]);
  return {
    ...Object.fromEntries(others),
    SILKRATE_SOURCES__NBK__BASE_URL: bank.url,
    SILKRATE_SOURCES__NBK__INTERVAL: "1s",
    // A poll a second is more than the budget of a real day.
    SILKRATE_SOURCES__NBK__REQUESTS_PER_DAY: "10000",
    SILKRATE_CLOCK__START: "2026-04-02T09:00:00Z",
    SILKRATE_TICKER__PAIRS: "KZT/USD,USD/KZT",
    SILKRATE_STORE__PATH: store,
  };
}

/** A news site on an origin of its own: plain pages, by path. */
export async function site() {
  const pages = new Map();
  const server = createServer((request, response) => {
    const page = pages.get(request.url);
    response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Another name of this machine is another origin and another site.
  const origin = `http://localhost:${server.address().port}`;
  return {
    origin,
    put(path, body) {
      pages.set(path, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>News</title></head><body><main><h1>News</h1>${body}</main></body></html>`);
      return origin + path;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
