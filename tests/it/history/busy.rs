//! Many historical queries at once: a poll does not wait behind them, and a query too many is refused.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::clock::Clock;
use silkrate::domain::{
    Cause, DocumentKey, FiledTable, LedgerEntry, Position, RateFilter, SourceId,
};
use silkrate::feed::Feed;
use silkrate::grpc::Rates;
use silkrate::ledger::{ClockKind, Ledger, LedgerError, LedgerReader};
use silkrate::pb::rate_service_server::RateService;
use silkrate::pb::{ListFixingsRequest, ListRateHistoryRequest};
use silkrate::queries::Queries;
use silkrate::query_threads::{self, THREADS_MAX};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request};

use crate::support::boards::{limits, noon};
use crate::support::commits::{Commits, NEVER, PATIENCE, opened, store, tenge};
use crate::support::records::PREFERENCES;
use crate::support::silkrate::reason;

const TODAY: Date = date(2026, 4, 2);
const KEY: DocumentKey = DocumentKey {
    source: SourceId::new("nbk"),
    document: "daily",
};
/// The maximum number of queries that run or wait.
const QUERIES_MAX: usize = 64;
/// The maximum number of queries that run at a time.
const RUNNING_MAX: usize = 2;

type Query = Pin<Box<dyn Future<Output = Result<Vec<Date>, LedgerError>> + Send>>;

/// A query that was polled once, so that it waits for its permit or its thread.
async fn first_polled(reader: &LedgerReader) -> Query {
    // Each query gets a whole cooperative budget; without it the query would not enter the queue.
    tokio::task::yield_now().await;
    let reader = reader.clone();
    let mut query: Query = Box::pin(async move { reader.dates(KEY, Date::MIN, Date::MAX).await });
    let mut context = Context::from_waker(Waker::noop());
    assert!(query.as_mut().poll(&mut context).is_pending());
    query
}

/// Occupies all the queries that are allowed. None of them goes on until it is polled: the next ones hold their permits
/// and do not use them.
async fn occupied(reader: &LedgerReader) -> Vec<Query> {
    // Until the last query waits, all threads of queries are held up, so that the first ones cannot end.
    let mut held_up = Vec::new();
    for _thread in 0..THREADS_MAX {
        let (release, blocked) = mpsc::channel::<()>();
        held_up.push((release, query_threads::spawn(move || blocked.recv())));
    }
    let mut first = Vec::new();
    for _query in 0..RUNNING_MAX {
        first.push(first_polled(reader).await);
    }
    let mut waiting = Vec::new();
    for _query in RUNNING_MAX..QUERIES_MAX {
        waiting.push(first_polled(reader).await);
    }
    for (release, thread) in held_up {
        drop(release);
        assert!(thread.await.unwrap().is_err(), "the sender was dropped");
    }
    for query in first {
        query.await.unwrap();
        waiting.push(first_polled(reader).await);
    }
    assert_eq!(waiting.len(), QUERIES_MAX);
    waiting
}

/// A ledger of a number of days up to yesterday, written in one entry. The withdrawn currency has a row at intervals.
async fn written(path: &Path, days: i32, dead_every: i32) {
    let (ledger, reader) = Ledger::open(Some(path), ClockKind::Replay).unwrap();
    let filed = (1..=days).rev().map(|back| {
        let usd = format!("475.{:02}", back % 97);
        let mut rows = vec![("USD", 1, usd.as_str()), ("EUR", 1, "548.62")];
        if back % dead_every == 0 {
            rows.push(("LVL", 1, "280.5"));
        }
        let table = tenge(TODAY - back.days(), &rows);
        FiledTable {
            source: KEY.source,
            document: KEY.document,
            pivot: table.pivot,
            effective_date: table.effective_date,
            as_of: None,
            rows: table.rows.values().map(Arc::clone).collect(),
        }
    });
    let entry = LedgerEntry {
        position: Position {
            epoch: "first".into(),
            revision: 1,
        },
        at: noon(TODAY - 1.day()),
        cause: Cause::Poll(KEY.source),
        filed: filed.collect(),
        held: Vec::new(),
        decided: Vec::new(),
        attempted: vec![KEY.source],
        answered: Vec::new(),
        served: Vec::new(),
    };
    ledger.append(entry).await.unwrap();
    drop(reader);
    ledger.close().await;
}

#[tokio::test]
async fn a_submission_that_needs_the_ledger_does_not_wait_behind_historical_queries() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    written(&path, 400, 100).await;
    let clock = Clock::replay(noon(TODAY), 1);
    let (commit, handle) = opened(store(&path, NEVER), clock).await;
    let reader = commit.ledger().borrow().clone().unwrap();
    let queries = occupied(&reader).await;
    let commits = Commits::run(commit, handle);
    commits
        .submit_newest(tenge(TODAY, &[("USD", 1, "476.00"), ("EUR", 1, "549.00")]))
        .await;
    // The day has changed since the last entry: the value in force a year ago is read from the ledger.
    let usd = commits.rate("USD/KZT");
    let year = usd.windows.last().unwrap().change.as_ref().unwrap();
    assert_eq!(year.reference_date, date(2025, 4, 2));
    // A table of the past is compared with others of its time, which are in the ledger.
    let old = tenge(
        date(2025, 1, 1),
        &[("USD", 1, "475.10"), ("EUR", 1, "548.62")],
    );
    let admitted = commits.handle.backfill(KEY.source, old);
    let admitted = tokio::time::timeout(PATIENCE, admitted);
    assert_eq!(admitted.await.expect("it is answered").unwrap().refused, "");
    for query in queries {
        assert!(query.await.is_ok(), "each is answered in its turn");
    }
    commits.close().await;
}

#[tokio::test]
async fn one_historical_query_too_many_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    written(&path, 3, 100).await;
    let clock = Clock::replay(noon(TODAY), 1);
    let (commit, handle) = opened(store(&path, NEVER), clock.clone()).await;
    let ledger = commit.ledger();
    let reader = ledger.borrow().clone().unwrap();
    let feed = Feed::new(commit.board(), limits(), CancellationToken::new());
    let rates = Rates::new(Queries::new(
        feed,
        ledger,
        RateFilter::parse(&["USD/KZT"]).unwrap(),
        &PREFERENCES,
        clock,
    ));
    let fixings = || {
        rates.list_fixings(Request::new(ListFixingsRequest {
            source: "nbk".to_owned(),
            currency: "USD".to_owned(),
            ..ListFixingsRequest::default()
        }))
    };
    let history = || {
        rates.list_rate_history(Request::new(ListRateHistoryRequest {
            pair: "USD/KZT".to_owned(),
            ..ListRateHistoryRequest::default()
        }))
    };
    assert_eq!(fixings().await.unwrap().into_inner().fixings.len(), 3);
    let queries = occupied(&reader).await;
    let busy = reader.dates(KEY, Date::MIN, Date::MAX).await;
    assert!(matches!(busy, Err(LedgerError::Busy { .. })), "{busy:?}");
    let too_many = (Code::ResourceExhausted, "TOO_MANY_QUERIES".to_owned(), None);
    assert_eq!(reason(&fixings().await.unwrap_err()), too_many);
    assert_eq!(reason(&history().await.unwrap_err()), too_many);
    for query in queries {
        assert_eq!(query.await.unwrap().len(), 3);
    }
    assert_eq!(fixings().await.unwrap().into_inner().fixings.len(), 3);
    assert_eq!(history().await.unwrap().into_inner().rates.len(), 3);
    Commits::run(commit, handle).close().await;
}

#[tokio::test]
async fn a_pair_of_few_tables_is_listed_whole_with_pages_of_any_size() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    // The lat has a row every 300 days: between two of them are more tables than one step reads.
    written(&path, 1500, 300).await;
    let clock = Clock::replay(noon(TODAY), 1);
    let (commit, handle) = opened(store(&path, NEVER), clock.clone()).await;
    let feed = Feed::new(commit.board(), limits(), CancellationToken::new());
    let rates = Rates::new(Queries::new(
        feed,
        commit.ledger(),
        RateFilter::parse(&["USD/KZT"]).unwrap(),
        &PREFERENCES,
        clock,
    ));
    let expected: Vec<Date> = (1..=5).map(|time| TODAY - (300 * time).days()).collect();
    let mut listed = Vec::new();
    for page_size in [1, 2, 100] {
        let mut rows = Vec::new();
        let mut page_token = None;
        loop {
            let request = ListRateHistoryRequest {
                pair: "KZT/LVL".to_owned(),
                page_size: Some(page_size),
                page_token,
                ..ListRateHistoryRequest::default()
            };
            let page = rates.list_rate_history(Request::new(request)).await;
            let page = page.unwrap().into_inner();
            rows.extend(page.rates);
            page_token = page.next_page_token;
            if page_token.is_none() {
                break;
            }
        }
        let dates: Vec<Date> = rows
            .iter()
            .map(|rate| rate.effective_date().parse().unwrap())
            .collect();
        assert_eq!(dates, expected, "{page_size}");
        listed.push(rows);
    }
    assert_eq!(listed[0], listed[2], "a page more or less changes no rate");
    assert_eq!(listed[1], listed[2]);
    let reference = listed[0][0].change.as_ref().unwrap();
    assert_eq!(reference.reference_date, expected[1].to_string());
    assert_eq!(listed[0][4].change, None);
    Commits::run(commit, handle).close().await;
}
