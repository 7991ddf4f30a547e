//! One watcher: it keeps what it was shown, logs every message, and checks it.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::sync::Arc;

use crate::findings::{Count, Findings};
use crate::grpc::is_answer;
use crate::message::{Event, Message, Position, Row};

/// The pairs that watchers ask for.
const FILTERS: [&[&str]; 3] = [
    &["KZT/USD", "UZS/USD", "USD/KZT"],
    &["*/USD", "KZT/UZS"],
    &["UZS/KZT", "KZT/EUR", "USD/UZS", "EUR/KZT"],
];
/// One watcher in this many forgets its position, and asks for a snapshot each time.
const FORGETFUL: usize = 7;

/// What a watcher is connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    Grpc,
    Events,
    GrpcWeb,
}

/// A watcher, over all its streams.
#[derive(Debug)]
pub(crate) struct Watcher {
    name: String,
    filter: usize,
    wire: Wire,
    is_forgetful: bool,
    findings: Arc<Findings>,
    log: BufWriter<File>,
    rows: BTreeMap<String, Row>,
    held: Option<Position>,
    /// The newest revision that anybody had been shown when this stream was asked for.
    floor: u64,
    /// Whether nothing but the opening has come on this stream.
    is_new: bool,
}

impl Watcher {
    pub(crate) fn new(number: usize, wire: Wire, findings: Arc<Findings>) -> Self {
        let name = format!("watcher {number} over {wire:?}");
        let log = findings.folder.join(format!("watcher-{number}.log"));
        Self {
            name,
            filter: number % FILTERS.len(),
            wire,
            is_forgetful: number.is_multiple_of(FORGETFUL),
            log: BufWriter::new(File::create(log).unwrap()),
            findings,
            rows: BTreeMap::new(),
            held: None,
            floor: 0,
            is_new: true,
        }
    }

    pub(crate) fn pairs(&self) -> &'static [&'static str] {
        FILTERS[self.filter]
    }

    /// A stream is about to be asked for. Returns the position to resume after.
    pub(crate) fn begin(&mut self) -> Option<Position> {
        self.floor = self.findings.newest();
        self.is_new = true;
        if self.is_forgetful {
            self.held = None;
            self.rows.clear();
        }
        self.held.clone()
    }

    /// The stream has ended, as it does when the service is killed.
    pub(crate) fn end(&self) {
        self.findings.add(Count::StreamsBroken, 1);
    }

    /// A request was not answered; if `is_silent` is set, its connection did not even end.
    pub(crate) fn unanswered(&self, is_silent: bool) {
        self.findings
            .add(Count::SilentConnections, u64::from(is_silent));
    }

    /// A stream was refused or ended with a status. Of a service that was killed, it is the client's own.
    pub(crate) fn refused(&self, status: &tonic::Status) {
        self.unanswered(false);
        if is_answer(status) && !self.findings.is_stopping() {
            self.complain(&format!("the stream ended with {status}"));
        }
    }

    /// A request was answered over HTTP. A service that stops refuses it.
    pub(crate) fn answered(&self, status: reqwest::StatusCode) {
        if !status.is_success() && !self.findings.is_stopping() {
            self.complain(&format!("the answer is {status}"));
        }
    }

    /// Takes a message: applies it, checks it and logs it.
    pub(crate) fn take(&mut self, message: Message) {
        let Message { position, event } = message;
        self.findings.add(self.count(), 1);
        self.findings.shown(&self.name, &position);
        // The opening of a stream that resumes bears the position of the request.
        let is_resuming = matches!(event, Event::Opening) && self.held.as_ref() == Some(&position);
        if !is_resuming {
            self.check_position(&position);
        }
        match event {
            Event::Opening => {
                self.findings.add(Count::StreamsOpened, 1);
                self.log("opening", &position);
            }
            Event::Heartbeat => {
                if self.held.as_ref().is_some_and(|held| *held != position) {
                    self.complain(&format!(
                        "a heartbeat at {position:?}, and {:?} is held",
                        self.held
                    ));
                }
                self.log("heartbeat", &position);
            }
            Event::Snapshot { rows } => {
                self.rows.clear();
                self.apply(rows, &position, None);
                self.holds("snapshot", position);
            }
            Event::Update {
                after,
                rows,
                removed,
                commits,
            } => {
                self.check_update(&after, &position, commits);
                for pair in removed {
                    self.rows.remove(&pair);
                }
                self.apply(rows, &position, Some(&after));
                self.holds("update", position);
            }
        }
    }

    /// Nothing may be older than what anybody was shown before the stream was asked for, or than what is held.
    fn check_position(&self, position: &Position) {
        if position.revision < self.floor {
            self.complain(&format!(
                "{position:?}, and {} had been shown before the request",
                self.floor
            ));
        }
        let held = self.held.as_ref().map_or(0, |held| held.revision);
        if position.revision < held {
            self.complain(&format!("{position:?} after {:?}", self.held));
        }
    }

    /// An update continues what is held, without a gap.
    fn check_update(&mut self, after: &Position, position: &Position, commits: u64) {
        if self.held.as_ref() != Some(after) {
            self.complain(&format!(
                "an update after {after:?}, and {:?} is held",
                self.held
            ));
        }
        let revisions = position.revision.saturating_sub(after.revision);
        if commits != revisions || (commits == 0 && !self.is_new) {
            self.complain(&format!("{commits} commits from {after:?} to {position:?}"));
        }
        if self.is_new {
            self.findings.add(Count::StreamsResumed, 1);
        }
    }

    fn apply(&mut self, rows: Vec<Row>, position: &Position, after: Option<&Position>) {
        for row in rows {
            let before = self.rows.get(&row.key).and_then(|row| row.rate.as_ref());
            if let Some(rate) = &row.rate {
                for fixing in &rate.fixings {
                    self.findings.check_published(&self.name, fixing);
                }
                let changed = rate.changed_at_revision;
                if changed > position.revision
                    || after.is_some_and(|after| changed <= after.revision)
                {
                    self.complain(&format!(
                        "{} changed at {changed}, sent {after:?}..{position:?}",
                        row.key
                    ));
                }
                let is_older = before.is_some_and(|before| {
                    before.source == rate.source && before.effective_date > rate.effective_date
                });
                if is_older {
                    self.complain(&format!("{} has an older date at {position:?}", row.key));
                }
            }
            self.rows.insert(row.key.clone(), row);
        }
    }

    /// The watcher holds all rows of a position now: those that every watcher has at it.
    fn holds(&mut self, kind: &str, position: Position) {
        let (mut state, mut values) = (DefaultHasher::new(), DefaultHasher::new());
        for row in self.rows.values() {
            (&row.key, &row.bytes).hash(&mut state);
            (&row.key, &row.rate).hash(&mut values);
        }
        let key = (self.wire, self.filter, position.revision);
        let (state, values) = (state.finish(), values.finish());
        if self.findings.compare(&self.name, key, state, values) {
            let rows = u64::try_from(self.rows.len()).unwrap();
            self.findings.add(Count::RowsCompared, rows);
        }
        self.log(&format!("{kind} {state:016x}"), &position);
        self.held = Some(position);
        self.is_new = false;
    }

    fn log(&mut self, what: &str, position: &Position) {
        let Position { epoch, revision } = position;
        write!(self.log, "{epoch}:{revision} {what}").unwrap();
        for row in self.rows.values() {
            let rate = row.rate.as_ref();
            let said =
                rate.map(|rate| (&rate.value, &rate.effective_date, rate.changed_at_revision));
            if let Some((value, date, changed)) = said {
                write!(
                    self.log,
                    " {}={value}/{}@{changed}",
                    row.key,
                    date.as_deref().unwrap_or("-")
                )
                .unwrap();
            }
        }
        writeln!(self.log).unwrap();
    }

    pub(crate) fn complain(&self, what: &str) {
        self.findings.violation(&format!("{}: {what}", self.name));
    }

    fn count(&self) -> Count {
        match self.wire {
            Wire::Grpc => Count::GrpcMessages,
            Wire::Events => Count::EventMessages,
            Wire::GrpcWeb => Count::GrpcWebMessages,
        }
    }
}
