//! Banks that are slow, fail or refuse, and servers that are busy, unreachable or refuse a table.

use std::time::{Duration, Instant};

use silkrate::client::Admin;
use silkrate::pb::admin::FileTableResponse;

use crate::backfill::server::Server;
use crate::backfill::{FAILURES_MAX, PAUSE, backfilled, bank_of_days, day, requested};
use crate::support::april::{nbk, nbk_path};
use crate::support::bank::{Bank, Fault};
use crate::support::scripted::{Scripted, answer};
use crate::support::silkrate::source;

#[tokio::test]
async fn a_bank_receives_one_request_at_a_time_with_pauses_between() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=8).await);
    backfilled(
        &server.admin,
        &source("nbk", "", &bank.url()),
        day(1),
        day(8),
    )
    .await;
    assert_eq!(bank.most_in_flight(), 1);
    let seen = bank.seen();
    assert_eq!(seen.len(), 8);
    for (one, next) in seen.iter().zip(&seen[1..]) {
        assert!(next.at - one.at >= PAUSE, "{:?}", next.at - one.at);
    }
}

#[tokio::test]
async fn a_bank_that_keeps_failing_is_given_up_and_the_others_go_on() {
    let (server, good, broken) = (
        Server::start().await,
        bank_of_days(1..=5).await,
        bank_of_days(1..=5).await,
    );
    broken.break_with(Some(Fault::Status(503)));
    let (failing, working) = (
        source("nbt", "", &broken.url()),
        source("nbk", "", &good.url()),
    );
    let (failed, good) = tokio::join!(
        backfilled(&server.admin, &failing, day(1), day(5)),
        backfilled(&server.admin, &working, day(1), day(5)),
    );
    assert_eq!(
        (failed.requests, failed.failed, failed.filed),
        (FAILURES_MAX, 1, 0)
    );
    assert_eq!(
        failed.aborted.as_deref(),
        Some("gave up after 3 failures in a row, the last: status 503")
    );
    assert_eq!((good.filed, good.is_complete()), (5, true));
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_skipped_until_there_are_too_many() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=9).await);
    let web_page = "<!DOCTYPE html><html></html>".to_owned();
    for day in ["08", "07", "05", "04", "03"] {
        bank.publish(&[(nbk_path(&format!("{day}.04.2026")), web_page.clone())]);
    }
    let stats = backfilled(
        &server.admin,
        &source("nbk", "", &bank.url()),
        day(1),
        day(9),
    )
    .await;
    assert_eq!(requested(&bank), [9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(
        server.dates(),
        ["2026-04-06", "2026-04-09"],
        "what had come is not lost"
    );
    assert_eq!((stats.failed, stats.failures.len()), (5, 3));
    assert!(stats.aborted.unwrap().ends_with("a web page"));
}

#[tokio::test]
async fn a_bank_that_recovers_receives_further_requests() {
    let (server, bank) = (
        Server::start().await,
        Scripted::start([
            answer("503 Service Unavailable", &[], b""),
            answer(
                "200 OK",
                &[],
                nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02")).as_bytes(),
            ),
        ])
        .await,
    );
    let source = source("nbk", "", &bank.base_url);
    let stats = backfilled(&server.admin, &source, day(1), day(1)).await;
    assert_eq!(server.dates(), ["2026-04-01"]);
    assert_eq!((stats.requests, stats.is_complete()), (2, true));
}

#[tokio::test]
async fn a_bank_with_a_long_retry_after_is_given_up() {
    let server = Server::start().await;
    let later = answer("429 Too Many Requests", &["Retry-After: 3600"], b"");
    let mut bank = Scripted::start([later]).await;
    let source = source("nbk", "", &bank.base_url);
    let stats = backfilled(&server.admin, &source, day(1), day(5)).await;
    bank.request().await;
    assert!(bank.has_no_request());
    assert_eq!(
        stats.aborted.as_deref(),
        Some("status 429; Retry-After is 3600 s: run the same command after that")
    );
}

#[tokio::test]
async fn a_retry_after_of_the_bank_is_honoured() {
    let server = Server::start().await;
    let table = nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02"));
    let bank = Scripted::start([
        answer("429 Too Many Requests", &["Retry-After: 1"], b""),
        answer("200 OK", &[], table.as_bytes()),
    ])
    .await;
    let started = Instant::now();
    let source = source("nbk", "", &bank.base_url);
    let stats = backfilled(&server.admin, &source, day(1), day(1)).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((stats.filed, stats.is_complete()), (1, true));
}

#[tokio::test]
async fn the_servers_result_for_each_table_is_counted() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=5).await);
    let said = |refused: &str, news, held_rows| FileTableResponse {
        refused: (!refused.is_empty()).then(|| refused.to_owned()),
        news,
        held_rows,
    };
    server.answers(
        "2026-04-02",
        said(
            "it has only 2 of the 39 currencies of the table before it",
            false,
            0,
        ),
    );
    server.answers("2026-04-03", said("", true, 2));
    server.answers("2026-04-04", said("", false, 0));
    server
        .shared
        .lock()
        .unwrap()
        .invalid
        .insert("2026-04-05".to_owned());
    let stats = backfilled(
        &server.admin,
        &source("nbk", "", &bank.url()),
        day(1),
        day(5),
    )
    .await;
    assert_eq!(
        (
            stats.filed,
            stats.already_filed,
            stats.held_rows,
            stats.refused
        ),
        (2, 1, 2, 2)
    );
    assert_eq!(
        stats.refusals,
        [
            "daily 2026-04-02: it has only 2 of the 39 currencies of the table before it",
            "daily 2026-04-05: there is no such nominal",
        ]
    );
    assert_eq!((stats.aborted.as_ref(), stats.is_complete()), (None, false));
}

#[tokio::test]
async fn a_busy_server_is_retried_and_a_lost_one_aborts_the_backfill() {
    let (server, bank) = (Server::start().await, bank_of_days(1..=3).await);
    server.shared.lock().unwrap().unavailable = 3;
    let source = source("nbk", "", &bank.url());
    let stats = backfilled(&server.admin, &source, day(1), day(3)).await;
    assert_eq!((stats.filed, stats.is_complete()), (3, true));

    server.shared.lock().unwrap().known.clear();
    server.shared.lock().unwrap().unavailable = u32::MAX;
    let stats = backfilled(&server.admin, &source, day(1), day(3)).await;
    assert_eq!(
        stats.aborted.as_deref(),
        Some("the server did not accept the request: busy")
    );

    let requests_before = bank.seen().len();
    let not_listening = Admin::new("http://127.0.0.1:1").unwrap();
    let stats = backfilled(&not_listening, &source, day(1), day(3)).await;
    assert!(
        stats
            .aborted
            .unwrap()
            .contains("no connection to http://127.0.0.1:1")
    );
    assert_eq!(
        bank.seen().len(),
        requests_before,
        "no bank receives a request"
    );
}

#[tokio::test]
async fn a_source_that_the_server_does_not_have_receives_no_request() {
    let (server, bank) = (Server::start().await, Bank::start().await);
    let stats = backfilled(
        &server.admin,
        &source("cbu", "", &bank.url()),
        day(1),
        day(3),
    )
    .await;
    assert!(stats.aborted.unwrap().ends_with("cbu is not enabled here"));
    assert_eq!(bank.seen().len(), 0);
}
