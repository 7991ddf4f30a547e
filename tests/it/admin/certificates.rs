//! What the metrics have of a port that speaks TLS.

use jiff::{SignedDuration, Timestamp};
use silkrate::client::Client;

use crate::admin::metrics::until;
use crate::support::april::bank_of_april;
use crate::support::authority::Authority;
use crate::support::silkrate::{Silkrate, settings, source};

#[tokio::test]
async fn the_end_of_a_certificate_and_the_outcomes_of_handshakes_are_on_the_page() {
    let authority = Authority::new("servers");
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.tls = Some(authority.server_for(SignedDuration::from_hours(48)));
    let silkrate = Silkrate::start(config).await;
    let plain = Client::new(&silkrate.url.replace("https://", "http://")).unwrap();
    assert!(plain.sources().await.is_err());
    let handshakes =
        |outcome| format!("silkrate_tls_handshakes_total{{port=\"grpc\",outcome=\"{outcome}\"}}");
    let samples = until(&silkrate, &handshakes("plain"), "1").await;
    // That of the test itself.
    assert_eq!(samples[&handshakes("completed")], "1");
    let end = &samples["silkrate_certificate_expiry_timestamp_seconds{port=\"grpc\"}"];
    let end: i64 = end.split('.').next().unwrap().parse().unwrap();
    // At the end of its last whole day, by the clock of the machine, whatever that of the service is.
    let left = end - Timestamp::now().as_second();
    assert!((86_000..=2 * 86_400).contains(&left), "{left} seconds");
    let of_web = samples
        .keys()
        .find(|name| name.contains("tls") && name.contains("web"));
    assert_eq!(of_web, None, "that port does not speak TLS");
    silkrate.finish().await;
}
