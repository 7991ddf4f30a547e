//! silkrate serves the official exchange rates of the five Central Asian central banks, exact to the last digit, with a
//! true change against the previous rate, as a snapshot and as a stream over gRPC and HTTP.
//!
//! This page is the map for a newcomer. `README.md` says what the service is for and how to run it.
//! `proto/silkrate/v1/rates.proto` is the contract with its clients. Without the feature `service`, which is on by default,
//! the crate is [`client`] alone, with the modules that it uses: [`pb`], [`domain`] and [`backoff`].
//!
//! # How data travels
//!
//! ```text
//! bank ─▶ poller (fetches; sources parse) ─▶ commit ─▶ ledger (disk) ──────────────┐
//! operator ─▶ admin ─────────────────────────┘  └────▶ board (memory) ─▶ feed ─▶ queries ─▶ grpc, web ─▶ client
//!                                                        └────▶ webhooks ─▶ receiver
//! ```
//!
//! Data travels in one direction. Pollers submit what the banks published to the one [`commit`] task, and [`admin`] submits
//! the decisions of operators and backfilled tables. The task keeps the book of all that is known, checks every row, writes
//! what changed to the [`ledger`], and then publishes one immutable snapshot per commit on the [`board`]; it alone assigns
//! revision numbers. Readers pull: [`feed`] and [`queries`] hold handles that cannot write, and [`grpc`], [`web`] and
//! [`admin`] read through [`queries`]. No request ever reaches a bank. At start the ledger is restored, and the same rates
//! are served at the same position.
//!
//! # The modules, in reading order
//!
//! * [`domain`]: values, arithmetic and refusals, without a runtime and without a wire format. Its rooms build on each other:
//!   `numbers` (decimals, ratios, changes, conversion), `published` (currencies, pairs, fixings, tables, schedules), `judged`
//!   (plausibility, held values, histories), `served` (quotes, rates, freshness, snapshots, filters).
//! * [`sources`]: one file per bank. A constant value each: what the bank publishes, where, when, on which terms, and a pure
//!   parser. The quirks of the bank are in the comment of its file.
//! * [`config`]: every setting, its default and its bounds, from a file and the variables that [`cli`] passes.
//! * [`clock`]: the current time, from the machine or from a replay. [`backoff`]: delays between retries. `authorities`: the
//!   certificate authorities of a file. `small_file`: what is in a file of certificates or keys; `one_read`: reading that may never end. `causes`: what is behind an error. `outage`: failures in a row, for the log.
//! * [`query_threads`]: the threads of a lower priority that queries run on, and that render long answers.
//! * [`ledger`]: everything that was published and every commit, in one SQLite file that only grows.
//! * [`board`]: the published snapshot and the records of the sources, in memory.
//! * [`commit`]: files tables, assigns revision numbers, and keeps in memory what the ledger cannot take.
//! * [`shared`]: replicas on several machines, which repeat the commits of the one that leads, over a log in etcd.
//! * [`budget`]: counts the requests to each source, so that no day has more than configured.
//! * [`fetch`]: the HTTP client of one source: a request within strict limits, its proxy, redirects and one retry, and the
//!   classes of response.
//! * [`poller`]: one task per source: when to poll, what to request, and what to submit.
//! * [`feed`]: the messages of a subscriber: the state, then its changes.
//! * [`queries`]: checks a request and answers it in domain values, or refuses it.
//! * [`pb`]: the generated messages, which `wire` converts to and from. [`grpc`]: the service. [`json`]: the same messages as
//!   JSON. [`tabular`]: their rows as CSV and as lines of JSON. [`admin`]: the decisions of operators, probes and metrics.
//! * [`words`]: the names and signs of currencies in eight languages.
//! * [`web`]: the side for browsers: pages, JSON, server-sent events, gRPC-Web, and the elements `<silk-ticker>` and
//!   `<silk-chart>`.
//! * [`webhooks`]: posts what changes to receivers outside, signed and at least once.
//! * [`telemetry`]: the page of metrics, which [`admin`] fills.
//! * [`callers`]: who makes a request: the true address of a client, behind proxies too, and the share that it may take. [`memory`]: the memory of
//!   the process against its limit.
//! * [`requests`]: what is observed of each request, for the access log and for traces.
//! * [`access`]: the keys of clients, and what a request may do with one.
//! * [`tls`]: the certificates of the ports, read again while the service runs.
//! * [`listener`]: sockets that accept connections: limits, deadlines, TLS, and HTTP with coalesced writes.
//! * [`app`]: binds the ports, starts the tasks, takes over settings that are loaded anew, and stops them.
//! * [`client`]: calls over plain HTTP/2 or TLS, and a subscriber that reconnects and resumes. [`backfill`]: fetches the past
//!   of the banks and uploads it to a server. [`load`]: a load generator. [`cli`]: the commands, built on them.
//! * [`demo`]: a bank on loopback that replays published figures in a loop; `cli/replay.rs` runs it for `serve --demo`.
//!   [`logging`]: the log; it reads `RUST_LOG`. [`traces`]: spans on their way to a collector.
//!
//! # Where to look
//!
//! | question | answer |
//! | --- | --- |
//! | Where is a value inverted or crossed? | `price` in `domain/published/pricing.rs`: every value follows from it; `domain/served/rate.rs` names the derivation and rounds, and a conversion does not round |
//! | Which source answers a past date? | `answer_on` in `domain/served/quote.rs`, for snapshots and rates of a date, conversions, histories and the changes over a window |
//! | Where do the rows of a history and the figures of a period come from? | `Past` in `domain/served/historical.rs`; `queries/over_time.rs` answers in pages of domain values, and `queries/history_reader.rs` reads the ledger in slices |
//! | What makes a value stale? | `domain/served/freshness.rs`, by the schedule of the source (`domain/published/schedule.rs`), what its tables teach (`domain/judged/calendar.rs`) and whether the bank was asked since; `domain/served/quote.rs` then chooses another source |
//! | Which values are held, and what releases them? | `domain/judged/row_checks/suspicion.rs` and `domain/judged/row_checks/release.rs` |
//! | Where does an `ETag` come from? | `web/caching.rs` for snapshots, single rates, pages and `ticker.html`, `web/prepared.rs` for static files; other answers have none; `web/entity_tag.rs` compares it with a request |
//! | What does a reload change? | `AT_RESTART` in `config/difference.rs` names what it does not; `app/reload.rs` changes the rest |
//! | When is the service ready? | `admin/readiness.rs` |
//! | Where does a metric come from? | a file of `admin/metrics`; `telemetry/README.md` lists all of them |
//! | What is an event of a webhook? | `is_event` in `webhooks/known.rs`; `webhooks/event.rs` makes its document |
//! | What does a heartbeat carry? | the message `Heartbeat` in `proto/silkrate/v1/rates.proto`; `board.rs` collects the sources (`details`), `wire/messages.rs` adds the time of the server |
//! | How is a bank added? | one file in `src/sources`, named after its id, and the steps in the chapter of [`sources`] |
//! | Where do the names of currencies come from? | `words.rs` reads them from `web/locales.json`; those outside the region were written there from Unicode CLDR |
//! | How is a column added to the command line? | to a table: in the command's file, such as `cli/rates.rs` (`watch` draws the same table); to CSV, which the web side serves too: a field of the JSON form, in `tabular/columns.rs` |
//! | How is a field added to the contract and its JSON? | to `rates.proto`, with a comment; the compiler then names the places in `wire` and `json`. `INSTA_UPDATE=always cargo test --test it contract` records the addition and writes `web/openapi.json`, and `node src/web/compress.mjs` compresses it. If the ticker reads the field: to `web/client/contract.ts`, then rebuild `web/dist`. A field of a fixing or a source is a column of `tabular/columns.rs` too |
//!
//! # Glossary
//!
//! | word | meaning |
//! | --- | --- |
//! | the five | the currencies KZT, KGS, TJS, UZS and TMT |
//! | source | one publisher. A *home bank* publishes the rates of its own currency; the *fallback* is the Bank of Russia, which quotes all five; a *market* source is a vendor's table |
//! | kind | the vendor of a market source, which decides the format of its documents |
//! | document | one resource of a source. The Kyrgyz bank has two, a daily and a weekly one |
//! | fixing | one row as published: source, currency, nominal, value and effective date, with the digits of the bank |
//! | nominal | the number of units of the currency that a value is the price of, such as 100; field `units` |
//! | table | all fixings of one document with one effective date |
//! | pivot | the currency that every row of a table has on one side: the currency of the bank, or the base of a market table |
//! | effective date | the date that a table prints: from this day on its fixings are in force, in the time zone of the bank |
//! | in force | the newest fixing whose effective date is not after today. On a past date: that of a table at most 14 days old |
//! | filed | a table that passed the checks of whole tables is filed: it is in the book and in the ledger |
//! | announced | a fixing whose effective date is after today: banks publish tomorrow's table in the afternoon |
//! | carry | a table equal to the one before it, on a weekend or a holiday. It moves the date on; change and reference stay |
//! | quote | one of the five in another currency, with the source chosen for it and the fixings in force: the input of rates |
//! | rate | what is served for a pair: published, inverted, crossed through the dollar, or the identity |
//! | leg | one of the two quotes from which a pair of two of the five is crossed: the price of one of its currencies in dollars |
//! | reference | the value of the last real fixing with an earlier effective date from the same source; of a crossed pair, its value before the newer leg took force. The change is the difference from it |
//! | window | a week, a month or a year, over which a change is computed too. |
//! | period | a week, month, quarter or year of the calendar, of which the first, last, highest, lowest and average rate are listed |
//! | anchor | the tables that were in force at the beginning of a window, read from the ledger because the tables in memory do not reach back so far |
//! | gap | a date of the last two weeks whose table the bank must have published and that is not filed; the poller fetches it |
//! | fresh, carried over, late, stale | how current a value is, by the publication schedule of its source; the chapter of [`sources`] defines them |
//! | held | a value that failed a plausibility check and waits for a rule or an operator; the last good value is served meanwhile |
//! | flag | a note that a served value failed a check which does not hold it, such as a missing row |
//! | commit | one atomic step of the state: the tables of a poll, the passing of time, a decision of an operator, or other settings |
//! | reload | the settings are read anew while the service runs, on SIGHUP, and taken over as far as that is possible |
//! | revision | the number of a commit, without gaps. An epoch that begins in a running process continues the numbers: within one process the larger revision is the newer one, in any epoch |
//! | webhook, receiver | a setting by which events are posted, and the program outside that gets them |
//! | event, delivery | a difference from what a receiver knows, as a document; and its way to the receiver |
//! | epoch | an unbroken run of revisions. A new one begins when the ledger cannot restore all of them, or a source is disabled |
//! | position | epoch and revision: it identifies a state, and a client resumes from it |
//! | catalogue | the currencies and pairs that there are, who quotes them, and since when |
//! | ledger | the history on disk. The setting `[store]`, the method `GetStore` and the reason `STORE_UNAVAILABLE` are about it |
//! | book | the records of all sources in memory, held values included, which the commit task owns and changes |
//! | snapshot | everything that is served at one revision, derived from the book and the clock; immutable |
//! | board | where the commit task publishes the newest snapshot, and readers read it |
//!
//! # Rules that hold everywhere
//!
//! * No float touches a rate. Text becomes a number in `domain/numbers/decimal.rs` alone.
//! * A table is filed under the date that it prints. Nothing is inverted, re-dated or repaired on the way in.
//! * What is absent is absent: no zero means "unknown".
//! * At the same position the same filter gives the same bytes. So nothing that changes without a commit (times of polls,
//!   error texts) is part of a rate or of the state of a source.
//! * The publisher never waits for a subscriber, and the memory of a subscriber does not grow with time.
//! * Every queue, time-out and size is a constant with a sentence that gives the reason for its value.
//!
//! `tests/it/tidy.rs` checks the directions of imports, circles of files and the length of files; `tests/it/sources.rs`
//! checks that every source has a folder of fixtures.
//!
//! # Decisions
//!
//! * *Chose* a bank as a constant value with a function pointer, *over* a trait: a bank is data and one pure function. A
//!   trait becomes right when a bank needs state between calls.
//! * *Chose* one short queue of snapshots for all subscribers, and beyond its end an update computed from the newest snapshot
//!   and the position of the subscriber, *over* a queue of events for each: the state is small, a slow reader gets fewer
//!   and newer messages, and nothing can overflow.
//! * *Chose* bodies of shared bytes in front of the generated server, *over* a codec: a message that many subscribers need is
//!   encoded and framed once.
//! * *Chose* to derive everything that is served, flags and freshness included, from the book and the clock at each commit,
//!   *over* updating it in place: a restart, a correction and a table of the past need no rules of their own.
//! * *Chose* fingerprints of what is served in the ledger, *over* replaying every step at start: a start reads two months of
//!   tables instead of years, and a change of settings is noticed.
//! * *Chose* big integers for quotients, *over* the division of the decimal type: products of several published values exceed
//!   its 96 bits, and rounding twice differs from rounding once.
//!
//! # Speed
#![doc = include_str!("../tests/bench/README.md")]
//!
//! # Report card
#![doc = include_str!("../tests/report/README.md")]

pub mod domain;
#[cfg(feature = "service")]
pub mod sources;
#[cfg(feature = "service")]
mod small_file;
#[cfg(feature = "service")]
mod one_read;
#[cfg(feature = "service")]
pub mod config;
mod causes;
mod authorities;
pub mod backoff;
#[cfg(feature = "service")]
mod outage;
#[cfg(feature = "service")]
pub mod telemetry;
#[cfg(feature = "service")]
pub mod requests;
#[cfg(feature = "service")]
pub mod callers;
#[cfg(feature = "service")]
pub mod memory;
#[cfg(feature = "service")]
pub mod access;
#[cfg(feature = "service")]
pub mod clock;
#[cfg(feature = "service")]
pub mod query_threads;
#[cfg(feature = "service")]
pub mod ledger;
#[cfg(feature = "service")]
pub mod board;
#[cfg(feature = "service")]
pub mod commit;
#[cfg(feature = "service")]
pub mod shared;
#[cfg(feature = "service")]
pub mod budget;
#[cfg(feature = "service")]
pub mod fetch;
#[cfg(feature = "service")]
pub mod poller;
#[cfg(feature = "service")]
pub mod feed;
#[cfg(feature = "service")]
pub mod queries;
pub mod pb;
#[cfg(feature = "service")]
pub mod words;
#[cfg(feature = "service")]
mod wire;
#[cfg(feature = "service")]
pub mod json;
#[cfg(feature = "service")]
pub mod tabular;
#[cfg(feature = "service")]
pub mod grpc;
#[cfg(feature = "service")]
pub mod admin;
#[cfg(feature = "service")]
pub mod tls;
#[cfg(feature = "service")]
pub mod listener;
#[cfg(feature = "service")]
pub mod web;
#[cfg(feature = "service")]
pub mod webhooks;
#[cfg(feature = "service")]
pub mod app;
pub mod client;
#[cfg(feature = "service")]
pub mod backfill;
#[cfg(feature = "service")]
pub mod load;
#[cfg(feature = "service")]
pub mod demo;
#[cfg(feature = "service")]
pub mod traces;
#[cfg(feature = "service")]
pub mod logging;
#[cfg(feature = "service")]
pub mod cli;
