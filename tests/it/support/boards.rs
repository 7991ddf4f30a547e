//! A board of one bank, which a test commits to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use silkrate::board::Replica;
use silkrate::domain::{
    Book, Currency, DatingRule, DocumentRecord, Exceptions, Fixing, History, Hours, MovingFeasts,
    Preference, RateFilter, RevisionPolicy, Schedule, SourceId, SourceRecord, Table, parse_decimal,
};
use silkrate::feed::{Feed, StreamLimits, StreamMessage, SubscribeRequest, Subscription};
use silkrate::sources;
use tokio_util::sync::CancellationToken;

use crate::support::test_commit::TestCommit;

/// The heartbeat interval of the streams of these tests.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);

const NBK: SourceId = SourceId::new("nbk");
pub(crate) const FIRST_DAY: Date = date(2026, 4, 1);

/// A schedule with the table of the next day every afternoon.
pub(crate) const EVERY_DAY: Schedule = Schedule {
    hours: Hours {
        days: sources::EVERY_DAY,
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

/// A Kazakh bank on a board, with a feed behind it.
#[derive(Debug)]
pub(crate) struct OneBank {
    pub(crate) commit: RefCell<TestCommit>,
    pub(crate) feed: Feed,
    pub(crate) draining: CancellationToken,
}

impl OneBank {
    pub(crate) fn new() -> Self {
        let commit = TestCommit::new(vec![record()], vec![Preference::Home], noon(FIRST_DAY));
        let draining = CancellationToken::new();
        let feed = Feed::new(commit.reader(), limits(), draining.clone());
        Self {
            commit: RefCell::new(commit),
            feed,
            draining,
        }
    }

    /// Makes it one of several replicas.
    pub(crate) fn mark_as_replica(&self) {
        let mark = self.commit.borrow().board.replica_mark();
        mark.set(Replica::default());
    }

    /// Commits one table of the day: each row a code and the tenge for one unit of it.
    pub(crate) fn commit(&self, day: Date, rows: &[(&'static str, &str)]) -> u64 {
        let mut commit = self.commit.borrow_mut();
        commit.insert(NBK, table(day, rows));
        commit
            .publish(noon(day))
            .expect("the table changes the state")
            .revision
    }

    /// Commits the dollar of the n-th day.
    pub(crate) fn commit_dollar(&self, day: i8, value: &str) -> u64 {
        self.commit(
            FIRST_DAY.with().day(day).build().unwrap(),
            &[("USD", value)],
        )
    }

    /// Publishes this table, and removes all tables before it.
    pub(crate) fn publish_anew(&self, day: Date, rows: &[(&'static str, &str)]) {
        let mut commit = self.commit.borrow_mut();
        commit.book = Book::new(vec![record()], vec![Preference::Home]);
        commit.insert(NBK, table(day, rows));
        commit
            .publish(noon(day))
            .expect("the table changes the state");
    }

    #[expect(
        clippy::unused_self,
        reason = "a test reads `bank.wanted`, as `bank.subscribe`"
    )]
    pub(crate) fn wanted(&self, change: impl FnOnce(&mut SubscribeRequest)) -> SubscribeRequest {
        let mut wanted = SubscribeRequest {
            filter: RateFilter::parse(&["KZT/USD", "USD/KZT", "KZT/EUR"]).unwrap(),
            resume_after: None,
            min_interval: Duration::ZERO,
            updates_only: false,
        };
        change(&mut wanted);
        wanted
    }

    pub(crate) fn subscribe(&self, change: impl FnOnce(&mut SubscribeRequest)) -> Subscription {
        let wanted = self.wanted(change);
        self.feed.subscribe(wanted, None).expect("there is room")
    }
}

fn record() -> SourceRecord {
    SourceRecord {
        id: NBK,
        name: "National Bank of Kazakhstan",
        attribution: "",
        page: "",
        terms: "",
        home: Some(Currency::KZT),
        zone: TimeZone::UTC,
        documents: vec![DocumentRecord {
            name: "daily",
            schedule: EVERY_DAY,
            required: &[],
            typical_dollar: None,
            history: History::new(RevisionPolicy::Correction),
        }],
        attempted: true,
    }
}

/// Streams with a maximum age of an hour, and at most three of them.
pub(crate) fn limits() -> StreamLimits {
    StreamLimits::new(HEARTBEAT, 3)
}

/// Noon of a day: everything dated that day or before is in force.
pub(crate) fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0)
        .to_zoned_datetime(TimeZone::UTC)
        .unwrap()
        .timestamp()
}

/// A table of the Kazakh bank.
pub(crate) fn table(effective_date: Date, rows: &[(&'static str, &str)]) -> Table {
    let fixing = |(code, value): &(&'static str, &str)| {
        let currency = Currency::constant(code);
        let fixing = Fixing {
            source: NBK,
            currency,
            units: 1,
            value: parse_decimal(value).unwrap(),
            home_currency: Currency::KZT,
            effective_date,
            published_change: None,
            superseded_value: None,
        };
        (currency, Arc::new(fixing))
    };
    let rows: BTreeMap<_, _> = rows.iter().map(fixing).collect();
    Table {
        document: "daily",
        pivot: Currency::KZT,
        effective_date,
        as_of: None,
        rows,
        dropped: Vec::new(),
    }
}

/// The next message. Panics if the stream has ended.
pub(crate) async fn next(subscription: &mut Subscription) -> StreamMessage {
    subscription.next().await.expect("the stream is open")
}
