//! Messages encoded once and shared: the number of encodings, and that the bytes equal those of a service that shares none.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use silkrate::clock::Clock;
use silkrate::domain::RateFilter;
use silkrate::feed::{Feed, StreamLimits};
use silkrate::grpc::{Rates, SharedRates};
use silkrate::pb;
use silkrate::queries::Queries;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::boards::{FIRST_DAY, HEARTBEAT, OneBank};
use crate::support::records::PREFERENCES;
use crate::support::silkrate::{filter, reason};
use crate::support::wire::{Piece, answer, call, framed, frames, piece, request};

/// The largest request these services take.
const REQUEST_BYTES_MAX: usize = 4_096;
/// Readers of one filter.
const READERS: usize = 50;
const FILTERS: [&[&str]; 3] = [&["KZT/USD"], &["USD/KZT", "KZT/EUR"], &["KZT/*"]];

/// A service of a bank's board, with a feed of its own.
fn service(bank: &OneBank, streams_max: u32, is_sharing: bool) -> SharedRates {
    let board = bank.commit.borrow().reader();
    let limits = StreamLimits::new(HEARTBEAT, streams_max);
    let feed = Feed::new(board, limits, bank.draining.clone());
    let ticker = RateFilter::parse(&["KZT/USD"]).unwrap();
    let rates = Rates::new(Queries::new(
        feed,
        watch::channel(None).1,
        ticker,
        &PREFERENCES,
        Clock::real(),
    ));
    SharedRates::new(rates, is_sharing, REQUEST_BYTES_MAX)
}

fn watching(pairs: &[&str]) -> pb::WatchRatesRequest {
    pb::WatchRatesRequest {
        filter: Some(filter(pairs)),
        ..pb::WatchRatesRequest::default()
    }
}

/// The bytes of one piece, which must be ready.
fn data(body: &mut Body) -> Bytes {
    match piece(body) {
        Piece::Data(data) => data,
        Piece::Trailers(trailers) => panic!("the end: {trailers:?}"),
        Piece::Pending | Piece::End => panic!("nothing is there"),
    }
}

/// The status of an answer, in its headers or behind its messages.
fn status(answer: Response<Body>) -> Status {
    let headers = answer.headers().clone();
    let (messages, trailers) = frames(answer);
    assert_eq!(messages, Vec::<Bytes>::new());
    Status::from_header_map(&trailers.unwrap_or(headers)).expect("there is a status")
}

#[tokio::test(start_paused = true)]
async fn every_commit_is_encoded_once_for_each_filter_for_any_number_of_readers() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let service = service(&bank, 1_000, true);
    let open = |pairs: &&[&str]| call(service.clone(), "WatchRates", &watching(pairs)).into_body();
    let readers = FILTERS.iter().cycle().take(READERS * FILTERS.len());
    let mut readers: Vec<Body> = readers.map(open).collect();
    for body in &mut readers {
        drop(data(body));
    }
    assert_eq!(service.encoded(), 3, "a snapshot for each filter");

    let values = ["475.09", "474.20", "473.00", "472.10"];
    for (day, value) in (2..).zip(values) {
        bank.commit_dollar(day, value);
        let updates: Vec<Bytes> = readers.iter_mut().map(data).collect();
        let shared = updates.iter().zip(updates.iter().skip(FILTERS.len()));
        for (one, next) in shared {
            assert_eq!(
                one.as_ptr(),
                next.as_ptr(),
                "the same bytes, not equal ones"
            );
        }
    }
    let commits = u64::try_from(values.len()).unwrap();
    assert_eq!(service.encoded(), 3 + 3 * commits);
}

#[tokio::test(start_paused = true)]
async fn readers_that_resume_from_the_same_position_share_one_catch_up() {
    let bank = OneBank::new();
    for (day, value) in [(1, "478.77"), (2, "475.09"), (3, "474.20")] {
        bank.commit_dollar(day, value);
    }
    let service = service(&bank, 1_000, true);
    for _ in 0..READERS {
        let epoch = "epoch".to_owned();
        let request = pb::WatchRatesRequest {
            resume_after: Some(pb::Position { epoch, revision: 1 }),
            ..watching(FILTERS[0])
        };
        let (messages, _) = frames(call(service.clone(), "WatchRates", &request));
        assert_eq!(messages.len(), 2);
    }
    assert_eq!(service.encoded(), 1);
}

#[tokio::test(start_paused = true)]
async fn readers_that_are_due_together_share_a_heartbeat_and_not_the_next_one() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let service = service(&bank, 1_000, true);
    let open = |pairs: &&[&str]| call(service.clone(), "WatchRates", &watching(pairs)).into_body();
    let mut readers: Vec<Body> = FILTERS.iter().map(open).collect();
    for body in &mut readers {
        drop(data(body));
    }
    let mut beat = async || {
        tokio::time::advance(HEARTBEAT).await;
        let beats: Vec<Bytes> = readers.iter_mut().map(data).collect();
        let first = beats[0].as_ptr();
        assert!(beats.iter().all(|beat| beat.as_ptr() == first));
        beats[0].clone()
    };
    assert_ne!(beat().await.as_ptr(), beat().await.as_ptr());
}

#[tokio::test(start_paused = true)]
async fn a_response_is_encoded_once_until_the_next_commit() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let service = service(&bank, 1, true);
    let rate = pb::GetRateRequest {
        pair: "kzt/usd".to_owned(),
        ..pb::GetRateRequest::default()
    };
    let snapshot = pb::GetSnapshotRequest {
        filter: Some(filter(FILTERS[1])),
        ..pb::GetSnapshotRequest::default()
    };
    let call_both = || {
        frames(call(service.clone(), "GetRate", &rate));
        frames(call(service.clone(), "GetSnapshot", &snapshot)).0
    };
    let first = call_both();
    assert_eq!((call_both(), service.encoded()), (first.clone(), 2));
    bank.commit_dollar(2, "475.09");
    assert_ne!(call_both(), first);
    assert_eq!(service.encoded(), 4);
}

#[tokio::test(start_paused = true)]
async fn clients_that_accept_gzip_share_answers_that_are_compressed_once() {
    let bank = OneBank::new();
    // Rows enough for messages that are compressed.
    let codes = ["CHF", "CNY", "EUR", "GBP", "RUB", "USD"];
    bank.commit(FIRST_DAY, &codes.map(|code| (code, "478.77")));
    let service = service(&bank, 1_000, true);
    let ask = |method: &str, message: Bytes| {
        let mut request = request(method, message);
        let headers = request.headers_mut();
        headers.insert("grpc-accept-encoding", HeaderValue::from_static("gzip"));
        answer(service.clone(), request).into_body()
    };
    let pairs = FILTERS.concat();
    let watching = framed(&watching(&pairs));
    let mut readers: Vec<Body> = (0..READERS)
        .map(|_| ask("WatchRates", watching.clone()))
        .collect();
    let mut read = || readers.iter_mut().map(data).collect::<Vec<Bytes>>();
    let openings = read();
    assert!(openings.iter().all(|one| *one == openings[0]));
    let tomorrow = FIRST_DAY.tomorrow().unwrap();
    bank.commit(tomorrow, &codes.map(|code| (code, "475.09")));
    let updates = read();
    let snapshot = framed(&pb::GetSnapshotRequest {
        filter: Some(filter(&pairs)),
        ..pb::GetSnapshotRequest::default()
    });
    let answers = (0..READERS).map(|_| data(&mut ask("GetSnapshot", snapshot.clone())));
    for shared in [updates, answers.collect()] {
        assert_eq!(shared[0][0], 1, "{} bytes, compressed", shared[0].len());
        assert!(shared.iter().all(|one| one.as_ptr() == shared[0].as_ptr()));
    }
    assert_eq!(service.encoded(), 3, "a snapshot, an update, an answer");
}

#[tokio::test(start_paused = true)]
async fn filters_beyond_the_number_that_is_shared_are_served_too() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let service = service(&bank, 1_000, true);
    let pairs: Vec<String> = ('A'..='Z')
        .flat_map(|first| ('A'..='D').map(move |second| format!("{first}{second}X/KZT")))
        .collect();
    let open = |pair: &String| {
        let wanted = watching(&[pair.as_str(), "KZT/USD"]);
        call(service.clone(), "WatchRates", &wanted).into_body()
    };
    let mut readers: Vec<Body> = pairs.iter().map(open).collect();
    for body in &mut readers {
        drop(data(body));
    }
    bank.commit_dollar(2, "475.09");
    let updates: Vec<Bytes> = readers.iter_mut().map(data).collect();
    assert!(updates.iter().all(|update| *update == updates[0]));
}

const PAST: Option<&str> = Some("2026-04-01");

fn snapshot_of(pairs: &[&str], date: Option<&str>) -> Bytes {
    framed(&pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: date.map(str::to_owned),
    })
}

fn rate_of(pair: &str, date: Option<&str>) -> Bytes {
    framed(&pb::GetRateRequest {
        pair: pair.to_owned(),
        date: date.map(str::to_owned),
    })
}

fn watch_of(pairs: &[&str]) -> Bytes {
    framed(&watching(pairs))
}

/// Requests that are refused, each with its method and the code of its status.
fn bad_requests(snapshot: &Bytes) -> Vec<(&'static str, Bytes, Code)> {
    let past = snapshot_of(&["*/*"], PAST);
    vec![
        ("GetRate", rate_of("KZT", None), Code::InvalidArgument),
        ("GetRate", rate_of("EUR/USD", None), Code::NotFound),
        // There is no ledger that could tell of the past.
        ("GetRate", rate_of("KZT/USD", PAST), Code::Unavailable),
        ("GetSnapshot", past, Code::Unavailable),
        (
            "GetSnapshot",
            snapshot_of(&["*"], None),
            Code::InvalidArgument,
        ),
        ("WatchRates", watch_of(&["*"]), Code::InvalidArgument),
        (
            "WatchRates",
            watch_of(&["KZT/USD"; 1_000]),
            Code::OutOfRange,
        ),
        ("WatchRates", Bytes::new(), Code::Internal),
        ("GetSnapshot", snapshot.slice(..9), Code::Internal),
        (
            "GetRate",
            Bytes::from_static(b"\0\0\0\0\x02\xff\xff"),
            Code::Internal,
        ),
        (
            "GetRate",
            Bytes::from_static(b"\x01\0\0\0\0"),
            Code::Internal,
        ),
        (
            "Nothing",
            Bytes::from_static(b"\0\0\0\0\0"),
            Code::Unimplemented,
        ),
    ]
}

#[tokio::test]
async fn responses_are_the_same_with_and_without_sharing() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let (shared, plain) = (service(&bank, 2, true), service(&bank, 2, false));
    let same = async |method: &str, body: Bytes, change: &dyn Fn(&mut Request<Body>)| {
        let respond = async |service: &SharedRates| {
            let mut request = request(method, body.clone());
            change(&mut request);
            // The generated server encodes long answers on another thread.
            let answer = service.clone().call(request).await.unwrap();
            (answer.status(), answer.headers().clone(), frames(answer))
        };
        let (shared, plain) = (respond(&shared).await, respond(&plain).await);
        assert_eq!(shared, plain, "{method} {:?}", body.get(..20));
        shared
    };
    let unchanged = |_: &mut Request<Body>| ();
    let good = async |method, message: Bytes| {
        let (_, _, (messages, trailers)) = same(method, message, &unchanged).await;
        assert!(!messages.is_empty(), "{method}");
        if let Some(trailers) = trailers {
            assert_eq!(trailers["grpc-status"], "0");
        }
    };
    let snapshot = snapshot_of(&["KZT/KZT", "*/KZT", "KZT/USD"], None);
    good("GetSnapshot", snapshot.clone()).await;
    good("GetSnapshot", framed(&pb::GetSnapshotRequest::default())).await;
    good("GetSnapshot", snapshot_of(&["*/*"], Some(""))).await;
    good("GetRate", rate_of("KZT/USD", None)).await;
    good("GetRate", rate_of("KZT/KZT", Some(""))).await;
    good("WatchRates", watch_of(&["KZT/USD"])).await;
    good("ListSources", framed(&pb::ListSourcesRequest {})).await;

    for (method, body, code) in bad_requests(&snapshot) {
        let (_, headers, (messages, trailers)) = same(method, body, &unchanged).await;
        let status = Status::from_header_map(&trailers.unwrap_or(headers)).unwrap();
        assert_eq!((status.code(), messages.len()), (code, 0), "{method}");
    }
    // An encoding that is not supported is refused, and the status is UNIMPLEMENTED.
    let encoded_as = async |name: &'static str| {
        let (_, headers, _) = same("GetRate", rate_of("KZT/USD", None), &|request| {
            let name = HeaderValue::from_static(name);
            request.headers_mut().insert("grpc-encoding", name);
        })
        .await;
        headers.get("grpc-status").cloned()
    };
    assert_eq!(encoded_as("deflate").await.unwrap(), "12");
    // A client that compresses long messages sends short ones plain.
    assert_eq!(encoded_as("gzip").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_grpc_gets_status_415() {
    let bank = OneBank::new();
    for is_sharing in [true, false] {
        let mut wrong = request("GetSnapshot", Bytes::from_static(b"\0\0\0\0\0"));
        let json = HeaderValue::from_static("application/json");
        wrong.headers_mut().insert("content-type", json);
        let answer = answer(service(&bank, 1, is_sharing), wrong);
        assert_eq!(answer.status(), 415);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_beyond_the_maximum_is_refused_with_a_quota_and_a_retry_delay() {
    let bank = OneBank::new();
    for is_sharing in [true, false] {
        let service = service(&bank, 1, is_sharing);
        let open = || call(service.clone(), "WatchRates", &watching(&["KZT/USD"]));
        let first = open();
        let refused = status(open());
        let expected = (Code::ResourceExhausted, "TOO_MANY_STREAMS".into(), None);
        assert_eq!(reason(&refused), expected);
        let details = refused.get_error_details();
        assert_eq!(
            details.quota_failure().unwrap().violations[0].subject,
            "streams"
        );
        assert!(details.retry_info().unwrap().retry_delay.is_some());
        drop(first);
        assert!(!open().headers().contains_key("grpc-status"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_at_its_maximum_age_ends_with_stream_aged_in_its_trailers() {
    let bank = OneBank::new();
    let service = service(&bank, 1, true);
    let mut body = call(service, "WatchRates", &watching(&["KZT/USD"])).into_body();
    data(&mut body);
    tokio::time::advance(std::time::Duration::from_secs(4_000)).await;
    let trailers: HeaderMap = loop {
        match piece(&mut body) {
            Piece::Data(_) => {}
            Piece::Trailers(trailers) => break trailers,
            Piece::Pending | Piece::End => panic!("it has no trailers"),
        }
    };
    let status = Status::from_header_map(&trailers).unwrap();
    assert_eq!(
        reason(&status),
        (Code::Unavailable, "STREAM_AGED".into(), None)
    );
    assert!(status.get_error_details().retry_info().is_some());
}
