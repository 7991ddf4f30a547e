// Reads the latest rates with the code that protoc-gen-es generates from the contract into this folder.
//
//     node read_rates.mjs grpc http://127.0.0.1:50051 KZT/USD USD/KZT
//     node read_rates.mjs grpc-web http://127.0.0.1:8080 KZT/USD USD/KZT
//
// Prints the revision, and then a line for each pair: the pair, its value, and the change in per cent.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { RateService } from "./silkrate/v1/rates_pb.js";

const TRANSPORTS = {
  grpc: (baseUrl) => createGrpcTransport({ baseUrl }),
  "grpc-web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};
// The server answers from memory: a call that takes longer has failed.
const CALL_MILLISECONDS_MAX = 10_000;

const [protocol, url, ...pairs] = process.argv.slice(2);
if (!Object.hasOwn(TRANSPORTS, protocol) || pairs.length === 0) {
  console.error("usage: read_rates.mjs grpc|grpc-web URL PAIR...");
  process.exit(64);
}
const client = createClient(RateService, TRANSPORTS[protocol](url));
const snapshot = await client.getSnapshot({ filter: { pairs } }, { timeoutMs: CALL_MILLISECONDS_MAX });
console.log(`revision\t${snapshot.position.revision}`);
for (const { pair, value, change } of snapshot.rates) {
  console.log(`${pair}\t${value}\t${change ? change.percent : "n/a"}`); // What is absent is absent, not zero.
}
process.exit(0); // An open connection would keep the program alive.
