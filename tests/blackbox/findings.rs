//! What all watchers together were shown, and what of it is wrong.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::civil::Date;

use crate::bank::Bank;
use crate::message::{Fixed, Position};
use crate::watcher::Wire;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Count {
    Starts,
    StartsInTheDark,
    Kills,
    StreamsOpened,
    StreamsResumed,
    StreamsBroken,
    SilentConnections,
    GrpcMessages,
    EventMessages,
    GrpcWebMessages,
    RowsCompared,
    TablesAcknowledged,
    TablesUnanswered,
    QuestionsAboutThePast,
    Stops,
    Reloads,
    Turns,
    Visits,
    HonestCalls,
}

/// What every run must have seen. A run that compares nothing proves nothing.
const NEVER_NONE: [Count; 8] = [
    Count::Kills,
    Count::StreamsResumed,
    Count::GrpcMessages,
    Count::EventMessages,
    Count::GrpcWebMessages,
    Count::RowsCompared,
    Count::TablesAcknowledged,
    Count::QuestionsAboutThePast,
];

/// What was seen. All of it is compared with what others saw.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) folder: PathBuf,
    bank: Arc<Bank>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    epoch: Option<String>,
    /// The newest revision that anybody was shown.
    newest: u64,
    has_rates: bool,
    /// The digest of all rows at a revision, by the wire and the filter.
    states: BTreeMap<(Wire, usize, u64), u64>,
    /// The digest of what the rates say at a revision, over any wire, by the filter.
    values: BTreeMap<(usize, u64), u64>,
    /// The longest time from a start to the first answer.
    slowest_start: Duration,
    /// The longest time from SIGTERM to the end.
    slowest_stop: Duration,
    is_stopping: bool,
    /// The tables that the service acknowledged: the value in hundredths, by date.
    acknowledged: BTreeMap<Date, u32>,
    counts: BTreeMap<Count, u64>,
    violations: Vec<String>,
    log: LineWriter<File>,
}

impl Findings {
    pub(crate) fn new(folder: &Path, bank: Arc<Bank>) -> Self {
        let log = File::create(folder.join("violations.log")).unwrap();
        Self {
            folder: folder.to_owned(),
            bank,
            seen: Mutex::new(Seen {
                epoch: None,
                newest: 0,
                has_rates: false,
                states: BTreeMap::new(),
                values: BTreeMap::new(),
                slowest_start: Duration::ZERO,
                slowest_stop: Duration::ZERO,
                is_stopping: false,
                acknowledged: BTreeMap::new(),
                counts: BTreeMap::new(),
                violations: Vec::new(),
                log: LineWriter::new(log),
            }),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn add(&self, count: Count, number: u64) {
        *self.seen().counts.entry(count).or_default() += number;
    }

    pub(crate) fn violation(&self, text: &str) {
        let now = self.bank.now();
        let mut seen = self.seen();
        let line = format!("{now} {text}");
        writeln!(seen.log, "{line}").unwrap();
        seen.violations.push(line);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.seen().violations.clone()
    }

    /// What the run has not seen yet, and must have seen in the end.
    pub(crate) fn missing(&self) -> Vec<Count> {
        self.lacking(&NEVER_NONE)
    }

    /// Those of some counts that are zero.
    pub(crate) fn lacking(&self, counts: &[Count]) -> Vec<Count> {
        let is_zero = |count: &Count| self.count(*count) == 0;
        counts.iter().copied().filter(is_zero).collect()
    }

    pub(crate) fn count(&self, count: Count) -> u64 {
        self.seen().counts.get(&count).copied().unwrap_or_default()
    }

    /// From now on the service may refuse what is asked of it, or no longer.
    pub(crate) fn set_stopping(&self, is_stopping: bool) {
        self.seen().is_stopping = is_stopping;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.seen().is_stopping
    }

    /// Checks that the run has seen something of every kind.
    pub(crate) fn check_counts(&self) {
        for count in self.missing() {
            self.violation(&format!("the run has no {}", count.name()));
        }
    }

    /// Whether anybody was shown a rate of the Kazakh bank.
    pub(crate) fn has_rates(&self) -> bool {
        self.seen().has_rates
    }

    /// The newest revision that anybody was shown.
    pub(crate) fn newest(&self) -> u64 {
        self.seen().newest
    }

    pub(crate) fn started_after(&self, elapsed: Duration) {
        let mut seen = self.seen();
        seen.slowest_start = seen.slowest_start.max(elapsed);
    }

    pub(crate) fn stopped_after(&self, elapsed: Duration) {
        let mut seen = self.seen();
        seen.slowest_stop = seen.slowest_stop.max(elapsed);
    }

    /// Somebody was shown a position. It must be of the one epoch.
    pub(crate) fn shown(&self, who: &str, position: &Position) {
        let mut seen = self.seen();
        seen.newest = seen.newest.max(position.revision);
        let epoch = seen.epoch.get_or_insert_with(|| position.epoch.clone());
        let is_other = *epoch != position.epoch;
        if is_other {
            *epoch = position.epoch.clone();
            seen.states.clear();
            seen.values.clear();
            seen.newest = position.revision;
            drop(seen);
            self.violation(&format!("{who}: a second epoch begins at {position:?}"));
        }
    }

    /// Compares the digests of a state with those of others at the same revision. Returns whether anybody held it before.
    pub(crate) fn compare(
        &self,
        who: &str,
        key: (Wire, usize, u64),
        state: u64,
        values: u64,
    ) -> bool {
        let mut seen = self.seen();
        let (_, filter, revision) = key;
        let is_known = seen.values.contains_key(&(filter, revision));
        let known_state = *seen.states.entry(key).or_insert(state);
        let known_values = *seen.values.entry((filter, revision)).or_insert(values);
        drop(seen);
        if known_state != state {
            self.violation(&format!(
                "{who}: other bytes at revision {revision} than before"
            ));
        }
        if known_values != values {
            self.violation(&format!(
                "{who}: other values at revision {revision} than over another wire"
            ));
        }
        is_known
    }

    /// A row that is served must have been published.
    pub(crate) fn check_published(&self, who: &str, fixing: &Fixed) {
        let Fixed {
            source,
            currency,
            value,
            effective_date,
        } = fixing;
        if source == "nbk" {
            self.seen().has_rates = true;
        }
        let date: Date = effective_date.parse().unwrap();
        if !Bank::has_published((source, currency), date, value) {
            self.violation(&format!(
                "{who}: {source} never published {value} for {currency} on {date}"
            ));
        }
    }

    /// The service has acknowledged a table.
    pub(crate) fn acknowledge(&self, date: Date, hundredths: u32) {
        self.seen().acknowledged.insert(date, hundredths);
        self.add(Count::TablesAcknowledged, 1);
    }

    pub(crate) fn acknowledged(&self) -> BTreeMap<Date, u32> {
        self.seen().acknowledged.clone()
    }

    pub(crate) fn progress(&self, elapsed: Duration) -> String {
        let seen = self.seen();
        let count = |count| seen.counts.get(&count).copied().unwrap_or(0);
        format!(
            "{:>5} s: {} kills, {} stops, revision {}, {} messages, {} tables acknowledged, {} violations",
            elapsed.as_secs(),
            count(Count::Kills),
            count(Count::Stops),
            seen.newest,
            count(Count::GrpcMessages)
                + count(Count::EventMessages)
                + count(Count::GrpcWebMessages),
            count(Count::TablesAcknowledged),
            seen.violations.len()
        )
    }

    pub(crate) fn table(&self, elapsed: Duration) -> String {
        let seen = self.seen();
        let line = |name: &str, number: u64| format!("{name:<36}{number:>10}\n");
        let mut table = line("seconds", elapsed.as_secs());
        for (count, number) in &seen.counts {
            table.push_str(&line(count.name(), *number));
        }
        table.push_str(&line("newest revision of the one epoch", seen.newest));
        let revisions = seen.values.keys().map(|(_, revision)| revision);
        let revisions = revisions.collect::<std::collections::BTreeSet<_>>();
        table.push_str(&line(
            "revisions that were seen",
            u64::try_from(revisions.len()).unwrap(),
        ));
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        let slowest = milliseconds(seen.slowest_start);
        table.push_str(&line("slowest start in milliseconds", slowest));
        if !seen.slowest_stop.is_zero() {
            let slowest = milliseconds(seen.slowest_stop);
            table.push_str(&line("slowest stop in milliseconds", slowest));
        }
        table + &line("violations", u64::try_from(seen.violations.len()).unwrap())
    }
}

impl Count {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starts => "starts",
            Self::StartsInTheDark => "starts with the banks dark",
            Self::Kills => "kills",
            Self::StreamsOpened => "streams opened",
            Self::StreamsResumed => "streams resumed by an update",
            Self::StreamsBroken => "streams cut off",
            Self::SilentConnections => "connections whose end went unseen",
            Self::GrpcMessages => "messages over gRPC",
            Self::EventMessages => "messages as server-sent events",
            Self::GrpcWebMessages => "messages over gRPC-Web",
            Self::RowsCompared => "rows compared",
            Self::TablesAcknowledged => "tables acknowledged",
            Self::TablesUnanswered => "tables without an answer",
            Self::QuestionsAboutThePast => "questions about the past",
            Self::Stops => "stops by SIGTERM",
            Self::Reloads => "reloads by SIGHUP",
            Self::Turns => "turns of attacks, visits or reloads",
            Self::Visits => "visits of clients that left at once",
            Self::HonestCalls => "calls of an honest client",
        }
    }
}
