#!/usr/bin/env node
// A complete subscriber in Node: prints the ticker when it changes, reconnects, resumes.
//
//     npm ci --prefix tests/clients
//     node tests/clients/watch.js 127.0.0.1:50051 KZT/USD UZS/USD
//
// With `--updates N` it ends after N changes, and disconnects and resumes once halfway.
//
// Values stay strings: a number would lose digits.
"use strict";

const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const protobuf = require("protobufjs");

const HEARTBEATS_MISSED = 3;
const SILENCE_MAX = 60_000; // Milliseconds without a message, until the server announces its heartbeat interval.
const FINAL = [
  grpc.status.INVALID_ARGUMENT,
  grpc.status.PERMISSION_DENIED,
  grpc.status.UNAUTHENTICATED,
  grpc.status.UNIMPLEMENTED,
];

const definition = loader.loadSync("silkrate/v1/rates.proto", {
  includeDirs: [path.join(__dirname, "..", "..", "proto")],
  longs: String, // Revisions are 64 bits wide.
  enums: String,
  oneofs: true,
});
const { RateService } = grpc.loadPackageDefinition(definition).silkrate.v1;

// The parts of the error details that are needed here.
const details = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
`).root;

/** The rows of one position. A message is applied as a whole or not at all. */
class Ticker {
  rows = new Map();
  held = null;

  /** Returns whether rows changed, or null if another stream is needed: a message was missed, or a replica is behind the rows. */
  apply({ position, event, opening, snapshot, update }) {
    if (event === "opening") {
      const isBehind = position.epoch === this.held?.epoch && BigInt(position.revision) < BigInt(this.held.revision);
      return opening.replica && isBehind ? null : false;
    }
    if (event === "update") {
      const { after } = update;
      if (after?.epoch !== this.held?.epoch || after?.revision !== this.held?.revision) {
        this.held = null;
        return null;
      }
      for (const pair of update.removedPairs ?? []) this.rows.delete(pair);
      for (const rate of update.rates ?? []) this.rows.set(rate.pair, rate);
    } else if (event === "snapshot") {
      this.rows = new Map((snapshot.rates ?? []).map((rate) => [rate.pair, rate]));
    }
    this.held = position;
    return event === "snapshot" || (event === "update" && (update.rates ?? []).length > 0);
  }

  toString() {
    const entry = ({ pair, value, change }) => `${pair} = ${value} ${change ? `${change.percent}%` : "n/a"}`;
    return [...this.rows.values()].map(entry).join(" • ");
  }
}

const milliseconds = (duration) => Number(duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;

/** The minimum delay in milliseconds that the server asks for, at most five minutes. */
function retryAfter(error) {
  const [raw] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!raw) return 0;
  const status = details.lookupType("Status").decode(raw);
  const retry = status.details.find((detail) => detail.type_url?.endsWith("/google.rpc.RetryInfo"));
  if (!retry) return 0;
  const { retryDelay } = details.lookupType("RetryInfo").decode(retry.value);
  return Math.min(300_000, milliseconds(retryDelay));
}

/** Reads one stream while `onMessage` returns true. Resolves with the error that ended it, or null. */
function read(address, request, onMessage) {
  return new Promise((resolve) => {
    const client = new RateService(address, grpc.credentials.createInsecure());
    const stream = client.WatchRates(request);
    let silenceMax = SILENCE_MAX;
    let watchdog;
    const end = (error) => {
      clearTimeout(watchdog);
      stream.cancel();
      client.close();
      resolve(error);
    };
    const watch = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => end(new Error(`no message for ${silenceMax} ms`)), silenceMax);
    };
    watch();
    stream.on("data", (message) => {
      if (message.event === "opening") {
        console.error(`watch.js: ${message.opening.verdict}`);
        silenceMax = HEARTBEATS_MISSED * milliseconds(message.opening.heartbeatInterval) || SILENCE_MAX;
      }
      watch();
      if (!onMessage(message)) end(null);
    });
    stream.on("error", end);
    stream.on("end", () => end(null));
  });
}

async function main(address, pairs, updates) {
  const ticker = new Ticker();
  let [failures, changes, hasDisconnected, isDone] = [0, 0, false, false];
  const onMessage = (message) => {
    if (isDone) return false;
    const changed = ticker.apply(message);
    if (changed === null) return false;
    failures = 0;
    if (!changed) return true;
    console.log(String(ticker));
    changes += 1;
    isDone = changes === updates;
    const disconnects = updates > 0 && !hasDisconnected && changes * 2 >= updates;
    hasDisconnected ||= disconnects;
    return !isDone && !disconnects;
  };
  while (!isDone) {
    const error = await read(address, { filter: { pairs }, resumeAfter: ticker.held }, onMessage);
    if (isDone) return;
    if (FINAL.includes(error?.code)) {
      console.error(`watch.js: ${error.details}`);
      process.exit(1);
    }
    if (error) console.error(`watch.js: ${error.message}`);
    // Full jitter: clients that lost their connection together do not reconnect together.
    const jitter = Math.random() * Math.min(60_000, 1000 * 2 ** failures);
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, (error ? retryAfter(error) : 0) + jitter));
  }
}

const words = process.argv.slice(2);
const option = words.indexOf("--updates");
const updates = option < 0 ? 0 : Number(words.splice(option, 2)[1]);
if (words.length === 0 || !Number.isInteger(updates)) {
  console.error("usage: watch.js HOST:PORT [--updates N] [PAIR…]");
  process.exit(64);
}
main(words[0], words.slice(1), updates);
