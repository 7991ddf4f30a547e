//! silkrate serves the official rates of the five Central Asian central banks, to their last digit, with a change
//! that is true, as a snapshot and as a stream over gRPC.
//!
//! This page is the map for someone who is new here. `README.md` tells what the service is for and how to run it;
//! `proto/silkrate/v1/rates.proto` is the contract with its clients.
//!
//! # How data travels
//!
//! ```text
//! bank ─▶ sources (pure parse) ─▶ poller ─▶ commit ─▶ ledger (disk)
//!                                              └────▶ board (memory) ─▶ feed ─▶ queries ─▶ grpc, web ─▶ client
//! ```
//!
//! One way. Pollers push what the banks published to the one [`commit`] task, the only place that draws a revision. It
//! keeps the book of all that is known, judges every row, writes what changed to the [`ledger`], and then shows one
//! immutable snapshot a commit on the [`board`]. Readers pull: [`feed`] and [`grpc`] hold handles that cannot write. No
//! request ever reaches a bank. At start the ledger is read back, and the same is served at the same position.
//!
//! # The modules, in reading order
//!
//! * [`domain`]: what a rate is. Currencies, pairs, exact decimals, fixings, histories, quotes, changes, snapshots; when a
//!   bank publishes, what is believed, and the book of all that is known. Values and arithmetic, no runtime, no wire.
//! * [`sources`]: one file a bank. A constant value each: what it publishes, where, when, on which terms, and a pure
//!   parser with the bank's quirks in its comment.
//! * [`config`]: every setting, its default and its bounds. The only reader of the environment.
//! * [`clock`]: what time it is: the machine's, or a replay's.
//! * [`ledger`]: all that was published and every step of the state, in one SQLite file that only grows.
//! * [`board`]: the tables in memory and the published snapshot.
//! * [`commit`]: files what is handed in, and draws revisions; what the ledger cannot take waits there.
//! * [`poller`]: one task a source: when to ask, one HTTP client, what to make of the answer.
//! * [`feed`]: a subscriber's messages: the state, then what changes.
//! * [`queries`]: what a request may ask, checked, and answered in domain values or a refusal. The only reader of the
//!   board and the ledger for requests.
//! * [`pb`]: the generated messages; `wire` converts to them. [`grpc`]: the service; it renders what `queries` answers.
//!   [`admin`]: what operators decide.
//! * [`web`]: the browser side: pages, JSON, server-sent events, gRPC-Web.
//! * [`listener`]: sockets that accept connections: their limits, deadlines, and HTTP with coalesced writes.
//! * [`app`]: wiring: binds the ports, starts the tasks, stops them.
//! * [`client`]: our own subscriber, which reconnects and resumes. [`backfill`]: fetches the banks' past and uploads it to
//!   a server. [`load`]: a load generator. [`cli`]: the commands, built on them. [`backoff`]: delays between retries.
//! * [`demo`]: a bank on loopback that replays published figures. [`telemetry`]: what the service says of itself.
//!
//! # Rules that hold everywhere
//!
//! * No float touches a rate. Text becomes a number in `domain::decimal` alone, and is divided there alone.
//! * A table is filed under the date it prints. Nothing is inverted, re-dated or repaired on the way in.
//! * What is absent is absent: there is no zero that means "unknown".
//! * At the same position the same filter gives the same bytes. So nothing that moves without a commit (times of
//!   polls, error texts) is in a rate or a source's state.
//! * The publisher never waits for a subscriber, and the memory of a subscriber does not grow with time.
//! * Every queue, time-out and size is a constant with a sentence that says why that much.
//!
//! `tests/it/tidy.rs` holds the import directions, the file lengths, and a fixture folder for every source.
//!
//! # Decisions
//!
//! * *Chose* a bank as a constant value with a function pointer, *over* a trait: a bank is data and one pure function;
//!   a trait becomes right when a bank needs state between calls.
//! * *Chose* one short queue of snapshots for all subscribers, and past its end an update computed from the newest one and
//!   the position a subscriber holds, *over* a queue of events for each: the state is small, a slow reader gets fewer and
//!   newer messages, and nothing can overflow.
//! * *Chose* bodies of shared bytes in front of the generated server, *over* a codec: what many want is encoded and framed
//!   once, and the server hands out the same bytes.
//! * *Chose* to derive everything that is served, flags and freshness included, from the book and the clock at each commit,
//!   *over* updating it in place: a restart, a correction and a table of the past then need no rules of their own.
//! * *Chose* fingerprints of what is served in the ledger, *over* replaying every step at start: a start reads two months
//!   of tables and not years of them, and a change of settings is noticed.
//! * *Chose* big integers for quotients, *over* the division of the decimal type: products of several published values
//!   pass its 96 bits, and rounding twice is not rounding once.

pub mod domain;
pub mod sources;
pub mod config;
pub mod backoff;
pub mod clock;
pub mod ledger;
pub mod board;
pub mod commit;
pub mod poller;
pub mod feed;
pub mod queries;
pub mod pb;
mod wire;
pub mod json;
pub mod grpc;
pub mod admin;
pub mod listener;
pub mod web;
pub mod app;
pub mod client;
pub mod backfill;
pub mod load;
pub mod demo;
pub mod telemetry;
pub mod cli;
