//! What the metrics count of subscribers, connections and requests.

use std::collections::BTreeMap;

use silkrate::config::Config;
use silkrate::pb;
use silkrate::pb::admin::{ListHeldRequest, ReleaseHeldRequest};
use silkrate::telemetry::Counter;

use crate::admin::metrics::{samples, scrape, until};
use crate::history::admin;
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::bank::Bank;
use crate::support::boards::{OneBank, next};
use crate::support::browser::{get, open, send};
use crate::support::silkrate::{Silkrate, message, settings, source};
use crate::support::wire::framed;

const WEB_WATCH: &str = "/silkrate.v1.RateService/WatchRates";

fn number(samples: &BTreeMap<String, String>, name: &str) -> u64 {
    let value = samples.get(name).unwrap_or_else(|| panic!("no {name}"));
    value.parse().unwrap()
}

fn streams(transport: &str) -> String {
    format!("silkrate_streams{{transport=\"{transport}\"}}")
}

fn messages(transport: &str, kind: &str) -> String {
    format!("silkrate_stream_messages_total{{transport=\"{transport}\",message=\"{kind}\"}}")
}

#[tokio::test]
async fn a_stream_is_counted_by_its_transport_while_it_is_open() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let mut grpc = silkrate.watch(pb::WatchRatesRequest::default()).await;
    for _ in 0..2 {
        message(&mut grpc).await;
    }
    let events = open(silkrate.web, ("GET", "/v1/watch"), &[], b"").await;
    let lines = open(silkrate.web, ("GET", "/v1/watch?format=ndjson"), &[], b"").await;
    let kind = [("content-type", "application/grpc-web+proto")];
    let body = framed(&pb::WatchRatesRequest::default());
    let web = open(silkrate.web, ("POST", WEB_WATCH), &kind, &body).await;
    for transport in ["grpc", "sse", "ndjson", "grpc_web"] {
        let samples = until(&silkrate, &messages(transport, "snapshot"), "1").await;
        assert_eq!(samples[&streams(transport)], "1");
        assert_eq!(samples[&messages(transport, "opening")], "1");
        assert_eq!(samples[&messages(transport, "heartbeat")], "0");
    }
    drop((grpc, events, lines, web));
    silkrate.stop();
    // The port of operators answers until the streams have ended.
    silkrate.ended().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_has_ended_is_not_open() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let grpc = silkrate.watch(pb::WatchRatesRequest::default()).await;
    until(&silkrate, &streams("grpc"), "1").await;
    drop(grpc);
    until(&silkrate, &streams("grpc"), "0").await;
    silkrate.finish().await;
}

/// A service with room for this many streams.
async fn silkrate_for(bank: &Bank, streams_max: u32) -> Silkrate {
    let mut config: Config = settings("2026-04-02T09:00:00Z");
    config.server.max_streams = streams_max;
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}

#[tokio::test]
async fn a_stream_that_is_refused_is_counted_and_so_is_the_answer_to_a_resume() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_for(&bank, 1).await;
    let request = pb::WatchRatesRequest {
        resume_after: Some(pb::Position {
            epoch: "another".to_owned(),
            revision: 1,
        }),
        ..pb::WatchRatesRequest::default()
    };
    let mut first = silkrate.watch(request.clone()).await;
    message(&mut first).await;
    let refused = silkrate.client.watch_rates(request).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::ResourceExhausted);
    let samples = samples(&scrape(&silkrate).await);
    assert_eq!(
        number(&samples, "silkrate_streams_refused_total{reason=\"all\"}"),
        1
    );
    for (verdict, count) in [
        ("other_epoch", 1),
        ("resumed", 0),
        ("ahead", 0),
        ("too_old", 0),
    ] {
        let name = format!("silkrate_stream_resumes_total{{verdict=\"{verdict}\"}}");
        assert_eq!(number(&samples, &name), count, "{verdict}");
    }
    drop(first);
    silkrate.finish().await;
}

#[tokio::test(start_paused = true)]
async fn commits_that_reach_a_slow_reader_within_a_later_one_are_counted() {
    let bank = OneBank::new();
    bank.commit_dollar(1, "478.77");
    let mut subscription = bank.subscribe(|_| {});
    for _ in 0..2 {
        next(&mut subscription).await;
    }
    let counts = bank.feed.counts();
    let merged = |counter: &Counter| counter.get();
    // Each on its own.
    for day in 2..4 {
        bank.commit_dollar(day, "475.09");
        next(&mut subscription).await;
    }
    assert_eq!(merged(&counts.merged_commits), 0);
    // More than the queue holds: one message for all of them.
    for day in 4..14 {
        bank.commit_dollar(day, "475.09");
    }
    next(&mut subscription).await;
    assert_eq!(merged(&counts.merged_commits), 9);
}

#[tokio::test]
async fn a_call_is_counted_by_its_method_and_code() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    silkrate.rate("KZT/USD").await;
    silkrate.rate("USD/KZT").await;
    for pair in ["TJS/USD", "x"] {
        let request = pb::GetRateRequest {
            pair: pair.to_owned(),
            ..pb::GetRateRequest::default()
        };
        silkrate.client.get_rate(request).await.unwrap_err();
    }
    drop(silkrate.watch(pb::WatchRatesRequest::default()).await);
    let samples = samples(&scrape(&silkrate).await);
    let calls = |method, code| {
        let name = format!(
            "silkrate_grpc_requests_total{{port=\"grpc\",method=\"{method}\",code=\"{code}\"}}"
        );
        number(&samples, &name)
    };
    assert_eq!(calls("GetRate", "OK"), 2);
    assert_eq!(calls("GetRate", "NOT_FOUND"), 1);
    assert_eq!(calls("GetRate", "INVALID_ARGUMENT"), 1);
    assert_eq!(calls("WatchRates", "OK"), 1);
    // The helper reads the sources until they have been polled.
    assert!(calls("ListSources", "OK") > 0);
    let times = "silkrate_grpc_request_duration_seconds_count{port=\"grpc\",method=\"GetRate\",code=\"OK\"}";
    assert_eq!(number(&samples, times), 2);
    let never = samples.keys().find(|name| name.contains("ListPeriodRates"));
    assert_eq!(never, None, "what never came has no series");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_request_of_a_browser_is_counted_by_its_route_and_status() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    // The second one is an answer that is ready.
    for path in [
        "/v1/snapshot.json",
        "/v1/snapshot.json",
        "/v1/rates/KZT/XXX",
        "/KZT",
        "/nothing/at/all",
    ] {
        get(silkrate.web, path, &[]).await;
    }
    let samples = samples(&scrape(&silkrate).await);
    let requests = |route, code| {
        let name = format!("silkrate_http_requests_total{{route=\"{route}\",code=\"{code}\"}}");
        number(&samples, &name)
    };
    assert_eq!(requests("/v1/snapshot", "200"), 2);
    assert_eq!(requests("/v1/rates", "404"), 1);
    assert_eq!(requests("other", "200"), 1);
    assert_eq!(requests("other", "404"), 1);
    let times = "silkrate_http_request_duration_seconds_count{route=\"/v1/snapshot\",code=\"200\"}";
    assert_eq!(number(&samples, times), 2);
    silkrate.finish().await;
}

#[tokio::test]
async fn connections_and_bytes_are_counted_by_port() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let events = open(silkrate.web, ("GET", "/v1/watch"), &[], b"").await;
    let page = scrape(&silkrate).await;
    let before = samples(&page);
    let of = |samples: &BTreeMap<String, String>, family: &str, port: &str| {
        number(samples, &format!("{family}{{port=\"{port}\"}}"))
    };
    // The client of the test, the reader of events, and the reader of the page.
    for port in ["grpc", "web", "admin"] {
        assert_eq!(of(&before, "silkrate_connections", port), 1, "{port}");
        let received = of(&before, "silkrate_received_bytes_total", port);
        assert!(received > 24, "{port}: {received}");
        for reason in ["silent", "stalled", "flooding", "malformed"] {
            let labels = format!("{{port=\"{port}\",reason=\"{reason}\"}}");
            let cut = number(&before, &format!("silkrate_connections_cut_total{labels}"));
            assert_eq!(cut, 0);
        }
    }
    let length = u64::try_from(page.body.len()).unwrap();
    let after = samples(&scrape(&silkrate).await);
    let sent = |samples| of(samples, "silkrate_sent_bytes_total", "admin");
    let more = sent(&after) - sent(&before);
    assert!((length..length + 1024).contains(&more), "{length}, {more}");
    let accepted = |samples| of(samples, "silkrate_connections_accepted_total", "admin");
    assert_eq!(accepted(&after) - accepted(&before), 1);
    // One that has its answer closes, and the reader of events stays.
    get(silkrate.web, "/v1/sources", &[]).await;
    let samples = until(&silkrate, "silkrate_connections{port=\"web\"}", "1").await;
    assert_eq!(
        of(&samples, "silkrate_connections_accepted_total", "web"),
        2
    );
    drop(events);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_limits_stand_beside_what_is_in_use() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let samples = samples(&scrape(&silkrate).await);
    // Those of the settings of the tests, and the constants of the other ports.
    for (name, limit) in [
        ("silkrate_max_streams", 10_000),
        ("silkrate_max_connections{port=\"grpc\"}", 4096),
        ("silkrate_max_connections{port=\"web\"}", 16_384),
        ("silkrate_max_connections{port=\"admin\"}", 64),
    ] {
        assert_eq!(number(&samples, name), limit, "{name}");
    }
    silkrate.finish().await;
}

/// The counter of the calls of a method.
fn calls(port: &str, method: &str, code: &str) -> String {
    format!("silkrate_grpc_requests_total{{port=\"{port}\",method=\"{method}\",code=\"{code}\"}}")
}

#[tokio::test]
async fn the_calls_of_operators_and_of_browsers_are_counted() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut operator = admin(&silkrate).await;
    operator.list_held(ListHeldRequest {}).await.unwrap();
    let unknown = ReleaseHeldRequest {
        id: "nbk/daily/2026-04-02/USD".to_owned(),
        ..ReleaseHeldRequest::default()
    };
    let refused = operator.release_held(unknown).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let kind = [("content-type", "application/grpc-web+proto")];
    for pair in ["KZT/USD", "TJS/USD"] {
        let request = pb::GetRateRequest {
            pair: pair.to_owned(),
            ..pb::GetRateRequest::default()
        };
        let path = "/silkrate.v1.RateService/GetRate";
        send(silkrate.web, ("POST", path), &kind, &framed(&request)).await;
    }
    let samples = samples(&scrape(&silkrate).await);
    for (port, method, code) in [
        ("admin", "ListHeld", "OK"),
        ("admin", "ReleaseHeld", "NOT_FOUND"),
        ("web", "GetRate", "OK"),
        ("web", "GetRate", "NOT_FOUND"),
    ] {
        assert_eq!(number(&samples, &calls(port, method, code)), 1, "{method}");
        let labels = format!("{{port=\"{port}\",method=\"{method}\",code=\"{code}\"}}");
        let times = format!("silkrate_grpc_request_duration_seconds_count{labels}");
        assert_eq!(number(&samples, &times), 1, "{method}");
    }
    silkrate.finish().await;
}
