//! Two replicas over a real etcd: one leads, and when it is gone, the other one does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::commit::{BufferedLedger, Commit, CommitHandle, NotTaken, Submission};
use silkrate::domain::{
    Currency, DatingRule, DocumentRecord, Exceptions, Fixing, History, Hours, Intent, MovingFeasts,
    Position, Preference, RateFilter, RevisionPolicy, Schedule, Snapshot, SourceId, SourceRecord,
    Table, parse_decimal,
};
use silkrate::ledger::{ClockKind, FixingsPage, LedgerReader};
use silkrate::shared::apply::{Origin, Replica};
use silkrate::shared::log::Log;
use silkrate::shared::members::State;
use silkrate::shared::node::{Node, NodeHandle, NodeSettings, REVERTIBLE_FOR, Status, members};
use silkrate::shared::record::{Chain, FORMAT, Record};
use silkrate::shared::restore::restore;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

pub(crate) const NBK: SourceId = SourceId::new("nbk");
pub(crate) const LOG: &str = "main";
/// A replica that is killed is missed for this long, and one on a busy machine keeps its lead.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// Nothing that these tests wait for takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const WORKING_DAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

pub(crate) fn bank() -> SourceRecord {
    let schedule = Schedule {
        hours: Hours {
            days: &WORKING_DAYS,
            opens: 14,
            closes: 18,
        },
        dating: DatingRule::NextDay,
        holidays: &[],
        feasts: MovingFeasts::NONE,
        exceptions: Exceptions::NONE,
        repeated_on: &[],
        valid_days: 1,
    };
    SourceRecord {
        id: NBK,
        name: "National Bank",
        attribution: "National Bank",
        page: "",
        terms: "",
        home: Some(Currency::KZT),
        zone: TimeZone::UTC,
        documents: vec![DocumentRecord {
            name: "daily",
            schedule,
            required: &[],
            typical_dollar: None,
            history: History::new(RevisionPolicy::Correction),
        }],
        attempted: false,
    }
}

pub(crate) fn table(day: Date, dollar: &str) -> Table {
    let rows = [("USD", dollar), ("EUR", "548.60")];
    let rows = rows.into_iter().map(|(code, value)| {
        let currency = Currency::parse(code).unwrap();
        let fixing = Fixing {
            source: NBK,
            currency,
            units: 1,
            value: parse_decimal(value).unwrap(),
            home_currency: Currency::KZT,
            effective_date: day,
            published_change: None,
            superseded_value: None,
        };
        (currency, Arc::new(fixing))
    });
    Table {
        document: "daily",
        pivot: Currency::KZT,
        effective_date: day,
        as_of: None,
        rows: rows.collect(),
        dropped: Vec::new(),
    }
}

/// The ledger of a replica.
pub(crate) fn ledger(folder: &Path, name: &str) -> BufferedLedger {
    let path: PathBuf = folder.join(format!("{name}.db"));
    BufferedLedger::open(Some(path), ClockKind::Replay).unwrap()
}

/// A version of silkrate.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) build: &'static str,
    /// The newest format of records that it knows.
    pub(crate) format: u32,
    /// For how long it writes none that an older one does not read.
    pub(crate) revertible_for: Duration,
}

/// This one.
pub(crate) const PRESENT: Version = Version {
    build: "test",
    format: FORMAT,
    revertible_for: REVERTIBLE_FOR,
};

/// A replica that runs.
pub(crate) struct Running {
    pub(crate) board: BoardReader,
    pub(crate) handle: NodeHandle,
    ledger: watch::Receiver<Option<LedgerReader>>,
    commit: CommitHandle,
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    committing: JoinSet<()>,
    node: JoinSet<()>,
}

impl Running {
    pub(crate) async fn start(log: Log, name: &str, path: &Path) -> Self {
        Self::start_with(log, name, ledger(path, name), LEASE).await
    }

    pub(crate) async fn start_with(
        log: Log,
        name: &str,
        ledger: BufferedLedger,
        lease: Duration,
    ) -> Self {
        Self::start_as(log, name, ledger, (lease, PRESENT)).await
    }

    /// The same of another version.
    pub(crate) async fn start_as(
        log: Log,
        name: &str,
        ledger: BufferedLedger,
        (lease, version): (Duration, Version),
    ) -> Self {
        let now: Timestamp = "2026-04-03T09:00:00Z".parse().unwrap();
        let ledger = ledger.sharing_log();
        let reader = ledger.readers().borrow().clone().unwrap();
        let restored = restore(&reader, &LOG.into()).await.unwrap();
        let served = restored
            .as_ref()
            .map(|replica| Snapshot::clone(&replica.snapshot));
        let ticker = (vec![Preference::Home], RateFilter::default());
        let clock = Clock::replay_until(now, 1, now);
        let opened = Commit::open_replica(vec![bank()], ticker, ledger, clock.clone(), served);
        let (commit, handle) = opened.await;
        let present = commit.board().snapshot();
        let replica = restored.unwrap_or_else(|| Replica::before_the_log(present));
        let settings = NodeSettings {
            log: LOG.into(),
            origin: Origin {
                node: name.to_owned(),
                build: version.build.to_owned(),
                format: version.format,
            },
            admin_address: format!("http://{name}"),
            may_lead: true,
            revertible_for: version.revertible_for,
            clock: clock.clone(),
            lease,
        };
        let node = Node::new(log, handle.clone(), settings, replica);
        let (status, stop) = (node.status(), CancellationToken::new());
        let node_handle = node.handle();
        let (mut committing, mut following) = (JoinSet::new(), JoinSet::new());
        let (board, ledger) = (commit.board(), commit.ledger());
        committing.spawn(commit.run(stop.clone()));
        following.spawn(node.run(CancellationToken::new()));
        Self {
            board,
            handle: node_handle,
            ledger,
            commit: handle,
            status,
            committing,
            node: following,
            stop,
        }
    }

    /// Waits until it is in a state, with at least this many records.
    pub(crate) async fn until(&mut self, state: State, seq: u64) {
        let is_there = |status: &Status| status.state == state && status.seq >= seq;
        let waited = tokio::time::timeout(PATIENCE, self.status.wait_for(is_there));
        let reached = waited.await.map(|status| status.is_ok());
        assert_eq!(reached, Ok(true), "{:?}", self.status.borrow());
    }

    /// Waits until what it reports is so.
    pub(crate) async fn until_status(&mut self, is_so: impl FnMut(&Status) -> bool) -> Status {
        let waited = tokio::time::timeout(PATIENCE, self.status.wait_for(is_so));
        let reached = waited.await.map(|status| status.unwrap().clone());
        reached.unwrap_or_else(|_elapsed| panic!("{:?}", self.status.borrow()))
    }

    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.status.borrow().seq
    }

    pub(crate) fn position(&self) -> Position {
        self.board.snapshot().position.clone()
    }

    /// Publishes a table. On a busy machine a lead may end; it is taken again then.
    pub(crate) async fn publish(&self, day: Date, dollar: &str) {
        let published = async {
            loop {
                if let Some(revision) = self.try_to_publish(day, dollar).await {
                    return revision;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let revision = tokio::time::timeout(PATIENCE, published).await;
        assert_eq!(revision, Ok(self.position().revision));
    }

    /// Publishes a table. Returns its revision; `None` if this replica does not lead.
    pub(crate) async fn try_to_publish(&self, day: Date, dollar: &str) -> Option<u64> {
        let submission = Submission {
            source: NBK,
            tables: vec![table(day, dollar)],
            intent: Intent::Newest,
            attempt_ended: true,
            is_live: true,
            answered: Vec::new(),
        };
        let outcome = self.commit.submit(submission).await.unwrap();
        assert_eq!(outcome.refused, []);
        outcome.revision
    }

    /// Everything that is served, with every digit.
    pub(crate) fn rows(&self) -> String {
        let snapshot = self.board.snapshot();
        let all = RateFilter::parse(&["*/*"]).unwrap();
        let sources: Vec<_> = snapshot.sources().collect();
        format!(
            "{:?} {:?} {sources:?}",
            snapshot.position,
            snapshot.rates(&all)
        )
    }

    /// The rows that the bank published, corrections included.
    pub(crate) async fn fixings(&self) -> String {
        let reader = self.ledger.borrow().clone().unwrap();
        let page = FixingsPage {
            source: NBK,
            revision_policy: RevisionPolicy::Correction,
            currency: Currency::USD,
            from: None,
            to: None,
            after: None,
            limit: 1000,
        };
        format!("{:?}", reader.fixings(page).await.unwrap())
    }

    /// Ends it without giving up its lead.
    pub(crate) async fn kill(mut self) {
        self.node.shutdown().await;
        self.stop.cancel();
        self.committing.join_next().await.unwrap().unwrap();
    }
}

/// Checks that the log has each revision once, in its order.
pub(crate) async fn check_log(log: &Log) {
    let page = log.read(0, 1000).await.unwrap();
    let (mut chain, mut last) = (Chain::START, None);
    for (stored, seq) in page.records.iter().zip(1..) {
        assert_eq!(stored.seq, seq, "a hole");
        let record = Record::decode(&stored.bytes).unwrap();
        assert_eq!(record.previous, chain);
        let position = record.entry.position;
        let is_next = |(epoch, revision): &(Arc<str>, u64)| {
            // An entry that changes nothing that is served has the revision before it.
            *epoch == position.epoch
                && (position.revision == revision + 1 || position.revision == *revision)
        };
        assert!(
            last.as_ref().is_none_or(is_next),
            "{position:?} after {last:?}"
        );
        last = Some((position.epoch, position.revision));
        chain = chain.followed_by(&stored.bytes);
    }
}

#[tokio::test]
async fn a_replica_serves_what_the_other_one_committed_and_leads_when_it_is_gone() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let log = server.log(LOG);
    let mut first = Running::start(log.clone(), "first", folder.path()).await;
    first.until(State::Leading, 1).await;
    first.publish(date(2026, 4, 1), "475.00").await;
    first.publish(date(2026, 4, 2), "476.10").await;

    // It joins with an empty ledger.
    let mut second = Running::start(log.clone(), "second", folder.path()).await;
    second.until(State::Following, first.seq()).await;
    assert_eq!(second.rows(), first.rows());
    first.publish(date(2026, 4, 2), "476.20").await;
    second.until(State::Following, first.seq()).await;
    assert_eq!(second.rows(), first.rows());
    assert_eq!(second.fixings().await, first.fixings().await);
    assert!(
        second.fixings().await.contains("476.10"),
        "the corrected value"
    );

    // A replica that follows makes no commits.
    let before = first.position();
    let decided = second.commit.decide(
        "nbk/daily/2026-04-02/USD".to_owned(),
        None,
        silkrate::domain::HeldOutcome::Released,
        String::new(),
    );
    let refused = decided.await.unwrap_err();
    let NotTaken::NotLeader(leader) = refused else {
        panic!("{refused}");
    };
    assert_eq!(leader.node, "first");
    assert_eq!(leader.admin_address, "http://first");
    let expected = [("first", State::Leading), ("second", State::Following)];
    let expected = expected.map(|(node, state)| (node.to_owned(), Some(state)));
    let told = async {
        loop {
            // Each tells what it does within a second.
            let members = members(&log).await.unwrap().into_iter();
            let roles = members.map(|member| (member.node, member.state));
            if roles.eq(expected.clone()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();

    first.kill().await;
    second.until(State::Leading, 1).await;
    second.publish(date(2026, 4, 3), "477.00").await;
    let after = second.position();
    assert_eq!(after.epoch, before.epoch);
    assert_eq!(after.revision, before.revision + 1);

    // The first one comes back with its ledger, and follows.
    let mut first = Running::start(log.clone(), "first", folder.path()).await;
    first.until(State::Following, second.seq()).await;
    assert_eq!(first.rows(), second.rows());
    assert_eq!(first.fixings().await, second.fixings().await);
    check_log(&log).await;
    first.kill().await;
    second.kill().await;
}
