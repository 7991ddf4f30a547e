// The stream's text, the state it leads to, and when to come back.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { five, rate } from "../double.mjs";
import { load, sources } from "../support.mjs";

const { eventParser } = await load("events");
const { State } = await load("state");
const { pollDelay, retryDelay } = await load("backoff");
const { isTomorrow } = await load("view");

const at = (revision, epoch = "e1") => ({ epoch, revision });
const snapshot = (revision, rates, epoch) => ({ position: at(revision, epoch), rates, sources: [] });
const update = (after, revision, rates, removed_pairs = []) => ({ after: at(after), position: at(revision), rates, removed_pairs, sources: [] });

test("events are found wherever the chunks are cut", () => {
  const text = "retry: 1500\nevent: opening\ndata: {\"a\":1}\n\n: a remark\nid: e1:7\nevent: update\ndata: one\ndata: two\n\n\n";
  for (let size = 1; size <= text.length; size += 1) {
    const retries = [];
    const read = eventParser((digits) => retries.push(digits));
    const found = [];
    for (let start = 0; start < text.length; start += size) {
      found.push(...read(text.slice(start, start + size)));
    }
    assert.deepEqual(found, [{ name: "opening", data: "{\"a\":1}" }, { name: "update", data: "one\ntwo" }]);
    assert.deepEqual(retries, ["1500"]);
  }
});

test("an event without its empty line is no event", () => {
  assert.deepEqual(eventParser(() => {})("event: update\ndata: {}\n"), []);
});

test("an update that does not follow what is held changes nothing", () => {
  const state = new State();
  state.replace(snapshot(7, five()));
  assert.equal(state.apply(update(6, 8, [rate("KZT/USD", "9")])), false);
  assert.equal(state.rates.get("KZT/USD").value, "0.00195689");
  assert.equal(state.apply(update(7, 9, [rate("KZT/USD", "9")], ["TMT/USD"])), true);
  assert.equal(state.rates.get("KZT/USD").value, "9");
  assert.equal(state.rates.has("TMT/USD"), false);
  assert.deepEqual(state.position, at(9));
});

test("a snapshot older than what is held is left, and one of another epoch is taken", () => {
  const state = new State();
  state.replace(snapshot(7, [rate("KZT/USD", "7")]));
  assert.equal(state.replace(snapshot(6, [rate("KZT/USD", "6")])), false);
  assert.equal(state.rates.get("KZT/USD").value, "7");
  assert.equal(state.replace(snapshot(1, [rate("KGS/USD", "1")], "e2")), true);
  assert.deepEqual([...state.rates.keys()], ["KGS/USD"]);
});

test("the rows are newer than an earlier revision of their epoch, even after their position was forgotten", () => {
  const state = new State();
  assert.equal(state.isNewerThan(at(0)), false);
  state.replace(snapshot(7, [rate("KZT/USD", "7")]));
  state.apply(update(7, 9, [rate("KZT/USD", "9")]));
  state.position = undefined;
  assert.equal(state.isNewerThan(at(8)), true);
  assert.equal(state.isNewerThan(at(9), true), false);
  assert.equal(state.isNewerThan(at(1, "e2")), false);
  assert.equal(state.isNewerThan(at(1, "e2"), true), true);
});

test("a star stands for the pairs that exist, sorted, without identity", () => {
  const state = new State();
  state.replace(snapshot(1, [rate("UZS/USD", "1"), rate("KZT/KZT", "1"), rate("KZT/USD", "1"), rate("KZT/EUR", "1")]));
  const names = (...pairs) => state.select(pairs).map(([pair]) => pair);
  assert.deepEqual(names("*/USD"), ["KZT/USD", "UZS/USD"]);
  assert.deepEqual(names("KZT/*"), ["KZT/EUR", "KZT/USD"]);
  assert.deepEqual(names("XXX/USD", "KZT/USD", "*/USD"), ["XXX/USD", "KZT/USD", "UZS/USD"]);
});

test("pauses double up to a minute, are anywhere within, and never below what the server asks", () => {
  assert.deepEqual([0, 1, 2, 3, 6, 60].map((failures) => retryDelay(failures, 0, () => 1)), [1000, 2000, 4000, 8000, 60000, 60000]);
  assert.equal(retryDelay(5, 0, () => 0), 0);
  assert.equal(retryDelay(0, 3000, () => 0), 3000);
});

test("the next snapshot is asked for when the next bank is expected to publish, by the server's clock", () => {
  const now = Date.parse("2025-12-08T08:00:00Z");
  const source = (begins, ends) => ({ next_publication_time: begins, next_publication_due_time: ends });
  const wait = (...list) => pollDelay(list, now, () => 0);
  assert.equal(wait(source("2025-12-08T08:05:00Z", "2025-12-08T12:00:00Z"), source("2025-12-09T08:00:00Z", null)), 300_000);
  assert.equal(wait(source("2025-12-08T07:00:00Z", "2025-12-08T12:00:00Z")), 60_000);
  assert.equal(wait(source("2025-12-08T08:00:01Z", null)), 30_000);
  assert.equal(wait(source("2025-12-09T08:00:00Z", null)), 900_000);
  assert.equal(wait(source(null, null)), 900_000);
  assert.equal(pollDelay([], undefined, () => 0), 900_000);
});

test("tomorrow is said only where it is tomorrow at every bank", () => {
  const said = (time) => isTomorrow("2025-12-09", Date.parse(time));
  assert.equal(said("2025-12-08T10:00:00Z"), true);
  assert.equal(said("2025-12-07T19:30:00Z"), false);
  assert.equal(said("2025-12-08T19:30:00Z"), false);
  assert.equal(said("2025-12-08T21:30:00Z"), false);
  assert.equal(isTomorrow("2025-12-09", undefined), false);
});

test("no file but the one for measures turns text into a number", async () => {
  const names = (await readdir(sources, { recursive: true })).filter((name) => name.endsWith(".ts") && !name.endsWith("measure.ts"));
  assert.ok(names.length > 10);
  const banned = /parseFloat|parseInt|\bNumber\b|toFixed|toPrecision|valueAsNumber|[=(,?:]\s*\+\s*[a-z(]/;
  for (const name of names) {
    const lines = (await readFile(join(sources, name), "utf8")).split("\n");
    const found = lines.filter((line) => !line.trim().startsWith("//") && banned.test(line));
    assert.deepEqual(found, [], name);
  }
});
