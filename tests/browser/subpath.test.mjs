// The service under a sub-path of another site, behind a proxy that passes the sub-path on, and behind one that removes it.
import assert from "node:assert/strict";
import { createServer, request as ask } from "node:http";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { browser, lines, until } from "./support.mjs";

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

/** A site whose addresses below `/rates/` are those of the service; every other one is missing. */
async function proxy(service, removesPath) {
  const missing = [];
  const server = createServer((incoming, response) => {
    if (!incoming.url.startsWith("/rates/")) {
      missing.push(incoming.url);
      response.writeHead(404).end();
      return;
    }
    const url = new URL(removesPath ? incoming.url.slice("/rates".length) : incoming.url, service.url);
    const { method, headers } = incoming;
    const outgoing = ask(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/rates/`,
    missing,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

for (const [what, path, removesPath] of [
  ["a proxy that passes the sub-path on", "/rates/", false],
  ["a proxy that removes the sub-path", "/", true],
]) {
  test(`the page and its ticker work behind ${what}`, async (t) => {
    const service = await serve({ SILKRATE_WEB__PATH: path }, "--demo=december");
    const site = await proxy(service, removesPath);
    const page = await chromium.context.newPage();
    t.after(async () => {
      await page.close();
      site.close();
      await service.stop();
    });
    assert.equal(new URL(service.url).pathname, path, "the printed address holds the path");
    await page.goto(site.url);
    await until(async () => (await lines(page, "#lead")).filter((line) => / 0\.\d+ /.test(line)).length === 5, "five rates are shown");
    await page.locator('[name="pinned"]').check();
    const snippet = page.locator("#snippet");
    await until(async () => (await snippet.textContent()).includes("integrity"), "the script is pinned");
    const [, src] = /src="([^"]+)"/.exec(await snippet.textContent());
    assert.ok(src.startsWith(`${site.url}ticker-`), src);
    assert.equal((await page.request.get(src)).status(), 200);
    assert.deepEqual(site.missing, []);
  });
}
