//! Every limit at the smallest value that its setting may have.

use std::time::Duration;

use silkrate::config::{self, Config, ConfigError, setting_keys};
use silkrate::pb::WatchRatesRequest;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;

use crate::support::april::bank_of_april;
use crate::support::program::Program;
use crate::support::silkrate::{filter, message};

/// Some of them, which are found among all settings.
const FOUND: [&str; 5] = [
    "SERVER__MAX_STREAMS_PER_CLIENT",
    "SERVER__MEMORY_MAX",
    "ACCESS__REQUESTS_PER_MINUTE",
    "HTTP__READ_TIMEOUT",
    "SOURCES__NBK__REQUESTS_PER_DAY",
];
/// What no setting of a number accepts.
const NO_NUMBER: &str = "none";
/// The page with all rates, and what its script fetches.
const PAGES: [&str; 3] = ["/", "/ticker.js", "/v1/snapshot.json"];

/// The least value that a setting may have, by what is accepted in the place of none: "an integer from 1 to 1024".
fn least(accepted: &str) -> Option<&str> {
    let (_, bounds) = accepted.split_once(" from ")?;
    let (least, _) = bounds.split_once(" to ")?;
    least
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(least)
}

/// Every setting that has a least value, and that value, by the rest of the name of its variable.
fn smallest() -> Vec<(String, String)> {
    let mut smallest = Vec::new();
    for key in setting_keys() {
        // A table that may be written several times has no variables.
        let Some((variable, _)) = config::variable(&key, "0").filter(|_| !key.contains("[]"))
        else {
            continue;
        };
        let environment = [(variable.clone(), NO_NUMBER.to_owned())];
        let Err(errors) = Config::load(None, environment.into_iter()) else {
            continue;
        };
        for error in &errors {
            if let ConfigError::Value {
                key: refused,
                accepted,
                ..
            } = error
                && *refused == key
                && let Some(least) = least(accepted)
            {
                let name = variable.trim_start_matches("SILKRATE_").to_owned();
                smallest.push((name, least.to_owned()));
            }
        }
    }
    smallest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_restarted_with_every_limit_at_its_smallest_serves_one_honest_client() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let store = ("STORE__PATH", ledger.to_str().unwrap());
    let bank = bank_of_april().await;
    let mut before = Program::start_in(folder.path(), &bank.url(), &[store], &[]).await;
    before.has_rates().await;
    before.stop().await;
    let smallest = smallest();
    for name in FOUND {
        assert!(
            smallest.iter().any(|(found, _)| found == name),
            "{name}: {smallest:?}"
        );
    }
    let settings = smallest
        .iter()
        .map(|(name, least)| (name.as_str(), least.as_str()));
    let one_pair = ("TICKER__PAIRS", "KZT/USD");
    let settings: Vec<_> = settings.chain([one_pair, store]).collect();
    let service = Program::start_in(folder.path(), &bank.url(), &settings, &[]).await;
    let mut client = RateServiceClient::connect(format!("http://{}", service.grpc))
        .await
        .unwrap();
    let request = WatchRatesRequest {
        filter: Some(filter(&["KZT/USD"])),
        ..WatchRatesRequest::default()
    };
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    let mut has_rates = false;
    loop {
        match message(&mut stream).await.1 {
            Event::Opening(_) | Event::Update(_) => {}
            Event::Snapshot(snapshot) => has_rates = !snapshot.rates[0].value.is_empty(),
            // The stream stays open.
            Event::Heartbeat(_) => break,
        }
    }
    assert!(has_rates);
    let answer = client.get_snapshot(silkrate::pb::GetSnapshotRequest::default());
    assert_eq!(answer.await.unwrap().into_inner().rates[0].pair, "KZT/USD");
    // A browser with one connection. It asks how it would encrypt, and does not.
    drop(rustls::crypto::ring::default_provider().install_default());
    let browser = reqwest::Client::builder().no_proxy();
    let browser = browser.pool_idle_timeout(None::<Duration>).build().unwrap();
    for page in PAGES {
        let answer = browser.get(format!("http://{}{page}", service.web)).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200, "{page}");
        assert!(!answer.bytes().await.unwrap().is_empty(), "{page}");
    }
    drop((stream, client, browser));
    service.stop().await;
}
