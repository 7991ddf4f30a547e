//! Every limit at the smallest value that its setting may have.

use std::time::Duration;

use silkrate::pb::WatchRatesRequest;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::watch_rates_response::Event;

use crate::support::april::bank_of_april;
use crate::support::program::Program;
use crate::support::silkrate::{filter, message};

const SMALLEST: [(&str, &str); 12] = [
    ("SERVER__MAX_CONNECTIONS", "1"),
    ("SERVER__MAX_CONNECTIONS_PER_ADDRESS", "1"),
    ("SERVER__MAX_STREAMS", "1"),
    ("SERVER__MAX_STREAMS_PER_CLIENT", "1"),
    ("SERVER__MEMORY_MAX", "256MiB"),
    ("SERVER__HEARTBEAT_INTERVAL", "1s"),
    ("ACCESS__REQUESTS_PER_MINUTE", "60"),
    ("HTTP__CONNECT_TIMEOUT", "1s"),
    ("HTTP__READ_TIMEOUT", "1s"),
    ("HTTP__TOTAL_TIMEOUT", "1s"),
    ("SOURCES__NBK__REQUESTS_PER_DAY", "1"),
    ("TICKER__PAIRS", "KZT/USD"),
];
/// The page with all rates, and what its script fetches.
const PAGES: [&str; 3] = ["/", "/ticker.js", "/v1/snapshot.json"];

#[tokio::test(flavor = "multi_thread")]
async fn a_service_restarted_with_every_limit_at_its_smallest_serves_one_honest_client() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("silkrate.db");
    let store = ("STORE__PATH", ledger.to_str().unwrap());
    let bank = bank_of_april().await;
    let mut before = Program::start_in(folder.path(), &bank.url(), &[store], &[]).await;
    before.has_rates().await;
    before.stop().await;
    let settings: Vec<_> = SMALLEST.into_iter().chain([store]).collect();
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
