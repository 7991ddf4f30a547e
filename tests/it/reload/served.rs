//! What is served after a reload: other sources, another order of preference, other pages.

use std::fs;

use silkrate::config::{CertificateAuthorities, Config, Store};
use silkrate::domain::{Preference, RateFilter, Snapshot, SourceId};
use silkrate::pb;
use silkrate::pb::watch_rates_response::Event;
use tempfile::TempDir;

use super::{polling, snapshot_of, update};
use crate::support::april::bank_of_april;
use crate::support::bank::{Bank, Fault};
use crate::support::browser::{Answer, get};
use crate::support::captured::Captured;
use crate::support::silkrate::{Silkrate, filter, message, source};

fn resumed(position: &pb::Position) -> pb::WatchRatesRequest {
    pb::WatchRatesRequest {
        resume_after: Some(position.clone()),
        ..pb::WatchRatesRequest::default()
    }
}

/// What the server says to a client that stopped at a position.
async fn verdict(silkrate: &mut Silkrate, position: &pb::Position) -> pb::ResumeVerdict {
    let mut stream = silkrate.watch(resumed(position)).await;
    match message(&mut stream).await {
        (_, Event::Opening(opening)) => opening.verdict(),
        (_, other) => panic!("expected the opening, got {other:?}"),
    }
}

#[tokio::test]
async fn a_ticker_that_changes_is_a_revision_and_a_client_that_resumes_from_before_gets_a_snapshot()
{
    let bank = bank_of_april().await;
    let mut config = polling(&bank);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let mut follows = silkrate.watch(pb::WatchRatesRequest::default()).await;
    let before = snapshot_of(&mut follows, &["KZT/USD"]).await;
    let other = pb::WatchRatesRequest {
        filter: Some(filter(&["KZT/KZT"])),
        ..pb::WatchRatesRequest::default()
    };
    let mut has_pairs = silkrate.watch(other).await;
    snapshot_of(&mut has_pairs, &["KZT/KZT"]).await;
    let tag = |answer: &Answer| answer.header("etag").map(str::to_owned);
    let page = get(silkrate.web, "/v1/snapshot.json", &[]).await;

    config.ticker.pairs = RateFilter::parse(&["USD/KZT"]).unwrap();
    silkrate.reload(config).await;
    let after = snapshot_of(&mut follows, &["USD/KZT"]).await;
    assert_eq!(
        (after.epoch, after.revision),
        (before.epoch.clone(), before.revision + 1)
    );
    // A stream of pairs of its own goes on from revision to revision.
    let (position, update) = update(&mut has_pairs).await;
    assert_eq!((position.revision, update.rates.len()), (after.revision, 0));
    assert_eq!(
        verdict(&mut silkrate, &before).await,
        pb::ResumeVerdict::SnapshotTooOld
    );
    assert_eq!(
        verdict(&mut silkrate, &position).await,
        pb::ResumeVerdict::Resumed
    );

    // Every face answers a request without pairs alike, and no cache takes it for the answer before.
    let unary = silkrate.snapshot(&[]).await;
    assert_eq!(unary.rates[0].pair, "USD/KZT");
    let changed = get(silkrate.web, "/v1/snapshot.json", &[]).await;
    assert_eq!(changed.json()["rates"][0]["pair"], "USD/KZT");
    assert_ne!(tag(&changed), tag(&page));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_resumes_after_a_restart_from_before_other_pairs_gets_a_snapshot() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let mut config = polling(&bank);
    config.store = Store::File(folder.path().join("silkrate.db"));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let mut stream = silkrate.watch(pb::WatchRatesRequest::default()).await;
    let first = snapshot_of(&mut stream, &["KZT/USD"]).await;
    silkrate.finish().await;

    // The file has other pairs at the next start.
    bank.break_with(Some(Fault::Status(503)));
    config.ticker.pairs = RateFilter::parse(&["USD/KZT"]).unwrap();
    let mut silkrate = Silkrate::start(config.clone()).await;
    assert_eq!(
        verdict(&mut silkrate, &first).await,
        pb::ResumeVerdict::SnapshotTooOld
    );
    let mut stream = silkrate.watch(resumed(&first)).await;
    let second = snapshot_of(&mut stream, &["USD/KZT"]).await;
    assert_eq!(
        (&second.epoch, second.revision),
        (&first.epoch, first.revision + 1)
    );

    // A reload has others, and after it there are two starts with the same ones.
    config.ticker.pairs = RateFilter::parse(&["KZT/KZT"]).unwrap();
    silkrate.reload(config.clone()).await;
    let third = snapshot_of(&mut stream, &["KZT/KZT"]).await;
    silkrate.finish().await;
    for _start in 0..2 {
        let mut silkrate = Silkrate::start(config.clone()).await;
        for (position, expected) in [
            (&first, pb::ResumeVerdict::SnapshotTooOld),
            (&second, pb::ResumeVerdict::SnapshotTooOld),
            (&third, pb::ResumeVerdict::Resumed),
        ] {
            assert_eq!(verdict(&mut silkrate, position).await, expected);
        }
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn a_source_that_is_disabled_is_gone_and_comes_back_from_the_ledger_without_a_request() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let mut config = polling(&bank);
    config.store = Store::File(folder.path().join("silkrate.db"));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let mut stream = silkrate.watch(pb::WatchRatesRequest::default()).await;
    let before = snapshot_of(&mut stream, &["KZT/USD"]).await;

    let nbk = config.sources.pop().unwrap();
    silkrate.reload(config.clone()).await;
    let without = snapshot_of(&mut stream, &[]).await;
    assert_ne!(without.epoch, before.epoch);
    assert_eq!(silkrate.sources().await.len(), 0);
    let requests = bank.seen().len();

    // The bank does not answer any more: what is served comes from the ledger.
    bank.break_with(Some(Fault::Status(503)));
    config.sources.push(nbk);
    silkrate.reload(config).await;
    let (position, update) = update(&mut stream).await;
    let pairs: Vec<&str> = update.rates.iter().map(|rate| rate.pair.as_str()).collect();
    assert_eq!(pairs, ["KZT/USD"]);
    assert_eq!(position.epoch, without.epoch);
    assert_eq!(update.sources[0].id, "nbk");
    // It is polled again, and its requests are counted on.
    silkrate
        .until(|detail| detail.polling() == pb::Polling::Failing)
        .await;
    assert!(bank.seen().len() > requests);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_source_that_is_enabled_keeps_no_other_from_answering_before_it_has_a_table() {
    let (bank, mute) = (bank_of_april().await, Bank::start().await);
    mute.break_with(Some(Fault::Hang));
    let mut config = polling(&bank);
    config.ticker.prefer = vec![Preference::Source(SourceId::new("cbr")), Preference::Home];
    config.http.read_timeout = std::time::Duration::from_secs(30);
    config.http.total_timeout = std::time::Duration::from_secs(30);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    assert_eq!(silkrate.rate("KZT/USD").await.source(), "nbk");
    config.sources.insert(0, source("cbr", "", &mute.url()));
    silkrate.reload(config).await;
    assert_eq!(silkrate.rate("KZT/USD").await.source(), "nbk");
    assert_eq!(silkrate.sources().await.len(), 2);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_order_of_preference_decides_from_the_reload_on_who_answers() {
    let bank = bank_of_april().await;
    let mut config = polling(&bank);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    assert_eq!(silkrate.rate("KZT/USD").await.source(), "nbk");
    config.ticker.prefer = vec![Preference::Source(SourceId::new("cbr"))];
    silkrate.reload(config.clone()).await;
    assert_eq!(silkrate.snapshot(&["KZT/USD"]).await.rates, []);
    config.ticker.prefer = vec![Preference::Source(SourceId::new("nbk"))];
    silkrate.reload(config).await;
    assert_eq!(silkrate.rate("KZT/USD").await.source(), "nbk");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_resumes_after_a_restart_from_before_a_pair_left_gets_a_snapshot_without_it()
{
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let mut config = polling(&bank);
    config.store = Store::File(folder.path().join("silkrate.db"));
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let mut stream = silkrate.watch(pb::WatchRatesRequest::default()).await;
    let before = snapshot_of(&mut stream, &["KZT/USD"]).await;

    // The source stays, and its pair leaves with the preference.
    config.ticker.prefer = vec![Preference::Source(SourceId::new("cbr"))];
    silkrate.reload(config.clone()).await;
    let without = snapshot_of(&mut stream, &[]).await;
    assert_ne!(without.epoch, before.epoch);
    silkrate.finish().await;

    bank.break_with(Some(Fault::Status(503)));
    let mut silkrate = Silkrate::start(config).await;
    let mut stream = silkrate.watch(resumed(&before)).await;
    let restarted = snapshot_of(&mut stream, &[]).await;
    assert_eq!(restarted, without);
    silkrate.finish().await;
}

#[tokio::test]
async fn an_origin_that_is_listed_by_a_reload_may_read_from_then_on() {
    const SITE: &str = "https://news.example";
    let bank = bank_of_april().await;
    let mut config = polling(&bank);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let from_site = async || get(silkrate.web, "/v1/snapshot.json", &[("origin", SITE)]).await;
    assert_eq!(from_site().await.status, 403);
    config.web.allowed_origins.push(SITE.to_owned());
    config.web.path = "/rates/".to_owned();
    silkrate.reload(config).await;
    assert_eq!(from_site().await.status, 404);
    let below = get(silkrate.web, "/rates/v1/snapshot.json", &[("origin", SITE)]).await;
    assert_eq!(below.status, 200);
    assert_eq!(below.header("access-control-allow-origin"), Some(SITE));
    silkrate.finish().await;
}

#[tokio::test]
async fn settings_of_which_one_part_cannot_be_built_change_nothing() {
    let captured = Captured::start();
    let bank = bank_of_april().await;
    let mut config = polling(&bank);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let before = silkrate.snapshot(&[]).await;
    config.ticker.pairs = RateFilter::parse(&["USD/KZT"]).unwrap();
    config.http.ca = CertificateAuthorities::File("/nowhere/authorities.pem".into());
    config
        .sources
        .insert(0, source("cbr", "", "https://127.0.0.1:9"));
    silkrate.reload(config).await;
    let line = captured
        .message("the configuration is not reloaded, and nothing changes")
        .await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("/nowhere/authorities.pem"), "{error}");
    let after = silkrate.snapshot(&[]).await;
    assert_eq!(
        (after.position, after.rates),
        (before.position, before.rates)
    );
    silkrate.finish().await;
}

/// The page of metrics.
async fn metrics(silkrate: &Silkrate) -> String {
    let admin = silkrate.admin_url.trim_start_matches("http://");
    let page = get(admin.parse().unwrap(), "/metrics", &[]).await;
    page.text().to_owned()
}

#[tokio::test]
async fn a_day_off_and_a_budget_hold_from_the_reload_on() {
    let bank = bank_of_april().await;
    let mut config = polling(&bank);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let nbk = SourceId::new("nbk");
    let before = silkrate.board.snapshot();
    let next = |snapshot: &Snapshot| snapshot.source(nbk).unwrap().next_publication.unwrap();
    let budget = "silkrate_source_requests_per_day{source=\"nbk\"}";
    assert!(
        metrics(&silkrate)
            .await
            .contains(&format!("{budget} 1000000\n"))
    );

    // On a working day the table of the next day is published in the afternoon.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, "[sources.nbk]\nholidays = [\"2026-04-02\"]\n").unwrap();
    let read = Config::load(Some(&file), std::iter::empty()).unwrap();
    let of_nbk = read
        .sources
        .iter()
        .find(|settings| settings.source.id == nbk);
    let settings = config.sources.first_mut().unwrap();
    settings.documents = of_nbk.unwrap().documents;
    settings.requests_per_day = 999_999;
    silkrate.reload(config).await;
    let after = silkrate.board.snapshot();
    assert_eq!(after.position.epoch, before.position.epoch);
    assert!(after.position.revision > before.position.revision);
    assert!(next(&after).effective_date > next(&before).effective_date);
    assert!(
        metrics(&silkrate)
            .await
            .contains(&format!("{budget} 999999\n"))
    );
    silkrate.finish().await;
}
