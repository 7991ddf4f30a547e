// The element before two replicas of the demo that share a log in etcd: its stream is moved from one to the other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { relay, serve, site } from "./server.mjs";
import { browser, lines, until } from "./support.mjs";

/** The addresses of two ports that nothing listens on. */
async function free() {
  const servers = [createServer(), createServer()];
  const addresses = servers.map(async (server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${server.address().port}`;
  });
  const found = await Promise.all(addresses);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return found;
}

/** A server of etcd, of Debian's package `etcd-server`. */
async function etcd() {
  const folder = await mkdtemp(join(tmpdir(), "silkrate-etcd-"));
  const [url, peer] = await free();
  const child = spawn("etcd", ["--name", "one", "--data-dir", join(folder, "data"), "--initial-cluster", `one=${peer}`,
    "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    url,
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test("a ticker that is moved from one replica to another resumes there, and shows no value twice and no wrong one", async (t) => {
  const [store, news, entrance, chromium] = await Promise.all([etcd(), site(), relay(), browser()]);
  const settings = { SILKRATE_SHARED__SERVERS: store.url, SILKRATE_SHARED__LEASE: "2s", SILKRATE_WEB__ALLOWED_ORIGINS: news.origin };
  const first = await serve({ ...settings, SILKRATE_SHARED__NODE: "first" }, "--demo");
  const second = await serve({ ...settings, SILKRATE_SHARED__NODE: "second" }, "--demo");
  t.after(async () => {
    entrance.close();
    news.close();
    await Promise.all([chromium.close(), first.stop("SIGKILL"), second.stop("SIGKILL")]);
    await store.stop();
  });
  entrance.target = first.url;
  const page = await chromium.context.newPage();
  const asked = [];
  page.on("request", (request) => request.url().includes("/v1/watch") && asked.push(new URL(request.url()).searchParams.get("after")));
  await page.goto(news.put("/moved", `<script src="${entrance.url}ticker.js" async></script><silk-ticker></silk-ticker>`));
  await until(async () => (await lines(page)).length === 5, "five rates are shown");
  await page.evaluate(() => {
    window.changes = [];
    document.addEventListener("ratechange", ({ detail }) => window.changes.push(detail));
  });
  await until(() => asked.length > 0, "the stream is requested");

  await first.stop("SIGKILL");
  entrance.target = second.url;
  await until(() => asked.length > 1 && asked.at(-1), "the stream is requested after a position");
  const held = asked.at(-1);
  const there = async () => (await (await fetch(`${second.url}v1/snapshot.json`)).json()).position;
  await until(async () => {
    const { epoch, revision } = await there();
    return epoch === held.split(":")[0] && revision > Number(held.split(":")[1]);
  }, "the second replica leads, and commits");
  const direct = await chromium.context.newPage();
  await direct.goto(news.put("/direct", `<script src="${second.url}ticker.js" async></script><silk-ticker></silk-ticker>`));
  await until(async () => {
    const [moved, own] = await Promise.all([lines(page), lines(direct)]);
    return own.length === 5 && JSON.stringify(moved) === JSON.stringify(own);
  }, "both show the same");
  const changes = await page.evaluate(() => window.changes.map(({ pair, value, previousValue, position }) => ({ pair, value, previousValue, position })));
  const last = new Map();
  for (const { pair, value, previousValue, position } of changes) {
    assert.equal(previousValue, last.get(pair) ?? previousValue, "each change begins where the one before ended");
    assert.notEqual(value, previousValue);
    assert.equal(position.epoch, held.split(":")[0], "no new epoch");
    last.set(pair, value);
  }
});
