// A double of the service, for what the real one cannot be brought to: messages that do not follow each other, a connection
// that falls silent, histories of a year with gaps, and figures of a day that no bank has published any more. Everything else
// is shown with the real service, behind the proxy of `front.mjs`. It speaks the same paths and messages.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../src/web/dist/", import.meta.url));
const kinds = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
/** The policy of the real pages: nothing inline. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

export function change(percent, absolute, direction, since = "2025-12-05") {
  return { absolute, percent, direction, reference_value: "1", reference_date: since };
}

export function rate(pair, value, more = {}) {
  return {
    pair, value, derivation: "INVERTED", source: "nbk", effective_date: "2025-12-08", freshness: "FRESH",
    freshness_reason: null, change: null, fixings: [], announced: null, changed_at_revision: 1, held: [],
    windows: [], flags: [], decimal_places: null, ...more,
  };
}

export const five = () => [
  rate("KGS/USD", "0.0114351057747", { source: "nbkr", change: change("0", "0", "FLAT") }),
  rate("KZT/USD", "0.00195689", { change: change("-1.0412", "-0.00002059", "DOWN") }),
  rate("TJS/USD", "0.108992478974", { source: "nbt", change: change("-0.0049", "-0.0000053", "DOWN") }),
  rate("UZS/USD", "0.0000833973", { source: "cbu", change: change("0.125", "0.0000001041", "UP") }),
  rate("TMT/USD", "0.2849002849", { source: "cbt", change: change("0", "0", "FLAT") }),
];

export const banks = () => [
  ["cbt", "Central Bank of Turkmenistan"], ["cbu", "Central Bank of the Republic of Uzbekistan"],
  ["nbk", "National Bank of Kazakhstan"], ["nbkr", "National Bank of the Kyrgyz Republic"],
  ["nbt", "National Bank of Tajikistan", "reference to www.nbt.tj"],
].map(([id, name, attribution = null]) => ({
  id, name, attribution, freshness: "FRESH", freshness_reason: null, newest_effective_date: "2025-12-08",
  next_publication_time: "2025-12-09T06:00:00Z", next_publication_due_time: "2025-12-09T12:00:00Z",
  missed_publications: 0, held: [], flags: [],
}));

/** Starts the double on a port of its own. Its members are its state: set them, and `send` what changed. */
export async function start({ rates = five(), sources = banks(), port = 0 } = {}) {
  const double = {
    rates, sources, histories: new Map(), waits: new Map(), epoch: "e1", revision: 1, serverTime: "2025-12-08T08:00:00Z", heartbeat: "20s", beats: true, replica: null, streams: "open",
    asked: [], open: new Set(), pages: new Map(), files: new Map(), policy,
    position: () => ({ epoch: double.epoch, revision: double.revision }),
    event(response, name, message) {
      response.write(`event: ${name}\ndata: ${JSON.stringify({ event: name, position: double.position(), ...message })}\n\n`);
    },
    /** Commits rows, and tells every open stream. */
    send(changed) {
      const after = double.position();
      double.revision += 1;
      const byPair = new Map(double.rates.map((row) => [row.pair, row]));
      changed.forEach((row) => byPair.set(row.pair, row));
      double.rates = [...byPair.values()];
      double.open.forEach((response) =>
        double.event(response, "update", { after, rates: changed, removed_pairs: [], sources: [], commits: 1 }));
    },
    close() {
      double.open.forEach((response) => response.destroy());
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => void answer(double, request, response));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  double.url = `http://127.0.0.1:${server.address().port}/`;
  return double;
}

async function answer(double, request, response) {
  const url = new URL(request.url, double.url);
  double.asked.push(url.pathname + url.search);
  await double.waits.get(url.pathname)?.();
  const pairs = url.searchParams.get("pairs")?.split(",");
  const selected = () => (pairs ? double.rates.filter((row) => pairs.includes(row.pair)) : double.rates.slice(0, 5));
  const snapshot = () => ({ rates: selected(), sources: double.sources });
  const json = (value) => {
    response.writeHead(200, { "content-type": "application/json", "access-control-allow-origin": "*" });
    response.end(JSON.stringify(value));
  };
  if (url.pathname === "/v1/snapshot.json") {
    return json({ position: double.position(), server_time: double.serverTime, ...snapshot() });
  }
  const history = double.histories.get(url.pathname.replace("/v1/history/", ""));
  if (history) {
    const found = history.filter((row) => row.effective_date >= (url.searchParams.get("start") ?? ""));
    const [from, size] = [Number(url.searchParams.get("page_token") ?? 0), double.pageSize ?? found.length];
    return json({ rates: found.slice(from, from + size), next_page_token: from + size < found.length ? `${from + size}` : null });
  }
  if (url.pathname.startsWith("/v1/history/")) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { reason: "PAIR_NOT_QUOTED", message: "no source quotes it", field: null } }));
    return;
  }
  if (url.pathname === "/v1/watch") {
    return watch(double, url, response, snapshot);
  }
  const page = double.pages.get(url.pathname) ?? double.files.get(url.pathname);
  // A script is under a name with its digest too.
  const name = url.pathname.slice(1).replace(/-[0-9a-f]{16}\.js$/, ".js");
  const bytes = page ?? (await readFile(dist + name.replaceAll("/", "")).catch(() => undefined));
  response.writeHead(bytes ? 200 : 404, {
    "content-type": kinds[double.pages.has(url.pathname) ? "html" : name.split(".").at(-1)] ?? "text/plain", "content-security-policy": double.policy,
    "access-control-allow-origin": "*",
  });
  response.end(bytes);
}

function watch(double, url, response, snapshot) {
  response.writeHead(200, { "content-type": "text/event-stream", "access-control-allow-origin": "*" });
  if (double.streams === "cut") {
    response.end();
    return;
  }
  response.write("retry: 100\n");
  const after = url.searchParams.get("after");
  const resumed = after === `${double.epoch}:${double.revision}`;
  double.event(response, "opening", { verdict: resumed ? "RESUMED" : after ? "SNAPSHOT_AHEAD" : "SNAPSHOT_REQUESTED", min_interval: "0s", heartbeat_interval: double.heartbeat, replica: double.replica });
  if (resumed) {
    double.event(response, "update", { after: double.position(), rates: [], removed_pairs: [], sources: [], commits: 0 });
  } else {
    double.event(response, "snapshot", snapshot());
  }
  if (double.beats) {
    double.event(response, "heartbeat", { server_time: double.serverTime, sources: [], replica: double.replica });
  }
  double.open.add(response);
  response.on("close", () => double.open.delete(response));
}
