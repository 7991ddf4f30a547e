//! Series that the banks published, replayed through the service: it polls a bank on loopback that publishes each table
//! when the real one did. Every row is true and every table came in time, so none may be lost, held for long, or called
//! late. `cargo test --test it replays -- --nocapture` prints a table.
//!
//! The clock is the paused one of the runtime. It stands still while requests are under way, because a blocked thread keeps
//! the runtime from advancing it, and is advanced to the next instant at which anything happens.

mod series;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use silkrate::board::BoardReader;
use silkrate::domain::{Currency, Fixing, Freshness, Separator, parse_published};
use silkrate::sources::find;

use crate::replays::series::{ALL, Series};
use crate::support::bank::Bank;
use crate::support::mirror::Mirror;
use crate::support::silkrate::{Silkrate, settings, source};

/// The interval of polls in the publication hours: that of the default settings.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// The budget of a day: that of the default settings.
const REQUESTS_PER_DAY: u32 = 100;
/// The longest step of the clock: what is served is read at each step.
const STEP_MAX: SignedDuration = SignedDuration::from_mins(30);
/// How long a poll may take in real time before the clock is advanced: it may be in a pause between two requests.
const PATIENCE: Duration = Duration::from_millis(20);
/// The first of the steps by which the clock is advanced then: such a pause. Each one is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of them.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How often the other tasks have had a turn by then, at least: a busy machine may have given this process no time.
const TURNS: u32 = 500;
/// The longest real time for which a poll is awaited.
const POLL_MAX: Duration = Duration::from_secs(300);
/// How many dates after its last table a bank answers with that table.
const DATES_AROUND: i64 = 3;
/// The rows that are held for longer are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A row that waits for the bank's next two tables is held for two working days: over a weekend, for four days. The bank
/// publishes at the same minute each day, and is polled some minutes later.
const HELD_MAX: SignedDuration = SignedDuration::from_hours(2 * 24 + 1);

/// What a replay showed.
#[derive(Debug, Default)]
struct Findings {
    tables: usize,
    rows: usize,
    requests: usize,
    /// How many records a replica applied.
    records: usize,
    never_filed: Vec<String>,
    /// Every row that was held, and for how long.
    held: BTreeMap<String, SignedDuration>,
    /// For how long the source was late or stale, and the first reason.
    late: SignedDuration,
    late_reason: String,
    failures: Vec<String>,
}

/// A thread that keeps the runtime from advancing its clock by itself, until it is dropped.
struct Standstill {
    _end: mpsc::Sender<()>,
}

impl Standstill {
    fn new() -> Self {
        let (end, ended) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || ended.recv());
        Self { _end: end }
    }
}

/// A series under way.
struct Replay {
    series: &'static Series,
    bank: Bank,
    silkrate: Silkrate,
    /// A replica: it must serve the same at every position.
    mirror: Mirror,
    zone: TimeZone,
    now: Timestamp,
    findings: Findings,
}

impl Replay {
    async fn start(series: &'static Series) -> Self {
        let bank = Bank::start().await;
        let zone = TimeZone::get(find(series.source, "").unwrap().zone).unwrap();
        let now = zone.to_timestamp(series.start()).unwrap();
        publish(series, &bank, series.start());
        let mut config = settings(&now.to_string());
        let day = Duration::from_secs(24 * 3600);
        config.http.connect_timeout = day;
        config.http.read_timeout = day;
        config.http.total_timeout = day;
        let mut polled = source(series.source, "", &bank.url());
        polled.interval = INTERVAL;
        polled.requests_per_day = REQUESTS_PER_DAY;
        // The series are of the daily documents.
        polled.documents = &polled.documents[..1];
        config.sources.push(polled);
        let silkrate = Silkrate::start(config).await;
        let mirror = Mirror::start(&silkrate.board);
        Self {
            series,
            bank,
            silkrate,
            mirror,
            zone,
            now,
            findings: Findings::default(),
        }
    }

    fn board(&self) -> &BoardReader {
        &self.silkrate.board
    }

    fn local(&self) -> DateTime {
        self.zone.to_datetime(self.now)
    }

    /// When the last poll began, and when the next one is due.
    fn polls(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let detail = self.board().details(&self.board().snapshot()).remove(0);
        (detail.polls.last_attempt, detail.polls.next_attempt)
    }

    async fn advance(&mut self, by: Duration) {
        tokio::time::advance(by).await;
        self.now = self.now.checked_add(by).unwrap();
    }

    /// Waits for a poll that began at an instant or later.
    async fn await_poll(&mut self, due: Timestamp) {
        let started = Instant::now();
        let (mut moved, mut turns, mut pause) = (started, 0, PAUSE);
        while self.polls().0.is_none_or(|attempt| attempt < due) {
            tokio::task::yield_now().await;
            turns += 1;
            if moved.elapsed() > PATIENCE && turns > TURNS {
                self.advance(pause).await;
                (moved, turns, pause) = (Instant::now(), 0, PAUSE_MAX.min(pause * 2));
            }
            let (polls, local) = (self.polls(), self.local());
            let waited = started.elapsed();
            assert!(
                waited < POLL_MAX,
                "{}: no poll at {local}: {polls:?}",
                self.series.title
            );
        }
    }

    /// The instant of the next event: a poll, a publication, or the end.
    fn next_event(&self, end: Timestamp) -> Timestamp {
        let tables = self.series.tables().into_iter();
        let published = tables.map(|table| self.zone.to_timestamp(table.at).unwrap());
        let next = published.chain(self.polls().1).chain([end]);
        let next = next.filter(|instant| *instant > self.now).min();
        next.unwrap().min(self.now + STEP_MAX)
    }

    async fn run(mut self) -> Findings {
        self.await_poll(self.now).await;
        let end = self.zone.to_timestamp(self.series.end()).unwrap();
        while self.now < end {
            let next = self.next_event(end);
            let step = Duration::try_from(next.duration_since(self.now)).unwrap();
            let due = self.polls().1.filter(|due| *due <= next);
            self.advance(step).await;
            publish(self.series, &self.bank, self.local());
            if let Some(due) = due {
                self.await_poll(due).await;
            }
            self.observe(
                next.duration_since(self.now)
                    .max(SignedDuration::try_from(step).unwrap()),
            );
        }
        self.finish().await
    }

    /// Reads what is served, which has been so for a step.
    fn observe(&mut self, step: SignedDuration) {
        let snapshot = self.board().snapshot();
        let detail = self.board().details(&snapshot).remove(0);
        let status = detail.state.freshness_status.as_ref();
        let late =
            status.filter(|status| matches!(status.freshness, Freshness::Late | Freshness::Stale));
        if let Some(late) = late {
            self.findings.late += step;
            if self.findings.late_reason.is_empty() {
                self.findings.late_reason = format!("{}: {}", self.local(), late.reason);
            }
        }
        for held in &detail.state.held {
            *self.findings.held.entry(held.id().to_string()).or_default() += step;
        }
        if detail.polls.consecutive_failures > 0 {
            let failure = format!("{}: {}", self.local(), detail.polls.last_error);
            self.findings.failures.push(failure);
        }
    }

    async fn finish(mut self) -> Findings {
        let record = self.board().record(self.series.source).unwrap();
        let history = &record.documents[0].history;
        for table in self.series.tables() {
            self.findings.tables += 1;
            for row in table.rows {
                self.findings.rows += 1;
                let separator = match self.series.source {
                    "cbu" => Separator::Point,
                    _ => Separator::Comma,
                };
                let value = parse_published(row.value, separator).unwrap();
                let filed = history.table(table.date);
                let code = Currency::parse(row.code).unwrap();
                let filed = filed.and_then(|filed| filed.rows.get(&code));
                let is_filed = |filed: &Arc<Fixing>| {
                    filed.units.to_string() == row.units && filed.value == value
                };
                if !filed.is_some_and(is_filed) {
                    let row = format!("{code} {value} of {}", table.date);
                    self.findings.never_filed.push(row);
                }
            }
        }
        self.findings.requests = self.bank.seen().len();
        self.findings.records = self.mirror.end(&self.silkrate.board).await;
        self.silkrate.finish().await;
        self.findings
    }
}

/// Publishes what the bank has at a local time: by date, the newest table up to it.
fn publish(series: &Series, bank: &Bank, now: DateTime) {
    let mut tables = series.tables();
    tables.retain(|table| table.at <= now);
    let document = &find(series.source, "").unwrap().documents[0];
    if let Some(latest) = document.latest {
        let newest = tables.last().unwrap();
        bank.publish(&[(latest.to_owned(), series.document(newest))]);
    }
    let Some(path) = document.dated else {
        return;
    };
    let first: Date = tables[0].date;
    let last = series.end().date().checked_add(DATES_AROUND.days());
    let last = last.unwrap();
    for date in first.series(1.day()).take_while(|date| *date <= last) {
        let mut known = tables.iter().rev();
        if let Some(table) = known.find(|table| table.date <= date) {
            bank.publish(&[(path(date), series.document(table))]);
        }
    }
}

fn hours(duration: SignedDuration) -> i64 {
    duration.as_hours()
}

#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "the report is printed")]
async fn true_series_are_filed_whole_and_their_banks_are_never_late() {
    let _standstill = Standstill::new();
    let mut report = format!(
        "{:<34}{:>7}{:>6}{:>9}{:>13}{:>6}{:>11}{:>12}{:>9}\n",
        "series",
        "tables",
        "rows",
        "requests",
        "never filed",
        "held",
        "over a day",
        "longest, h",
        "late, h"
    );
    let mut wrong = Vec::new();
    for series in ALL {
        let found = Replay::start(series).await.run().await;
        let longest = found.held.values().max().copied().unwrap_or_default();
        writeln!(
            report,
            "{:<34}{:>7}{:>6}{:>9}{:>13}{:>6}{:>11}{:>12}{:>9}",
            series.title,
            found.tables,
            found.rows,
            found.requests,
            found.never_filed.len(),
            found.held.len(),
            found.held.values().filter(|time| **time > DAY).count(),
            hours(longest),
            hours(found.late),
        )
        .unwrap();
        let title = series.title;
        if found.records < found.tables {
            wrong.push(format!(
                "{title}: a replica applied {} records",
                found.records
            ));
        }
        wrong.extend(
            found
                .never_filed
                .iter()
                .map(|row| format!("{title}: {row} is not filed")),
        );
        let too_long = found.held.iter().filter(|(_, time)| **time > HELD_MAX);
        wrong.extend(
            too_long.map(|(row, time)| format!("{title}: {row} was held for {} h", hours(*time))),
        );
        if !found.late.is_zero() {
            wrong.push(format!("{title}: {}", found.late_reason));
        }
        wrong.extend(
            found
                .failures
                .iter()
                .map(|failure| format!("{title}: {failure}")),
        );
    }
    println!("{report}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
