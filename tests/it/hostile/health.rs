//! Watches of the health, which need no key, and calls that nothing answers.

use silkrate::load::frames as raw;
use silkrate::pb;
use tokio::net::TcpSocket;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{Peer, WINDOW_MAX, metric};
use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::browser::{open, send};
use crate::support::silkrate::{PATIENCE, Silkrate, reason, settings, source};
use crate::support::wire::framed;

const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// The calls of one connection: as many streams as it may have.
const CALLS: u32 = 1000;
/// The streams of a client.
const EACH: u32 = 8;
/// The quota of a client.
const PER_MINUTE: u32 = 60;

/// A service with small limits for each client.
async fn limited() -> (Bank, Silkrate) {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.server.max_streams_per_client = EACH;
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    (bank, silkrate)
}

/// A peer of another address.
async fn peer_from(address: &str, silkrate: &Silkrate) -> Peer {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(format!("{address}:0").parse().unwrap())
        .unwrap();
    let server = silkrate.url.trim_start_matches("http://");
    let socket = socket.connect(server.parse().unwrap()).await.unwrap();
    Peer::over(socket, WINDOW_MAX).await
}

/// Sends many calls with a message at once.
async fn flood(peer: &mut Peer, path: &str, message: &[u8]) {
    for _call in 0..CALLS {
        let stream = peer.call(path);
        peer.push(raw::DATA, raw::END_STREAM, stream, &raw::grpc(message));
    }
    peer.send().await.unwrap();
}

#[tokio::test]
async fn watches_of_the_health_are_streams_of_their_client_and_a_check_is_always_answered() {
    let (_bank, mut silkrate) = limited().await;
    let request = framed(&HealthCheckRequest::default());
    let kind = [("content-type", "application/grpc-web+proto")];
    let mut of_browser = open(silkrate.web, ("POST", WATCH), &kind, &request).await;
    of_browser.chunk().await.expect("the watch begins");
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    flood(&mut peer, WATCH, &[]).await;
    for _refused in 0..=CALLS - EACH {
        peer.ended().await;
    }
    let open_streams = async |transport| {
        metric(
            &silkrate,
            &format!("silkrate_streams{{transport=\"{transport}\"}}"),
        )
        .await
    };
    assert_eq!(open_streams("grpc_web").await, 1);
    assert_eq!(open_streams("grpc").await, u64::from(EACH - 1));
    let refused = metric(
        &silkrate,
        "silkrate_streams_refused_total{reason=\"client\"}",
    )
    .await;
    assert_eq!(refused, u64::from(CALLS - EACH + 1));
    // The same share is that of its streams of rates.
    let rates = silkrate
        .client
        .watch_rates(pb::WatchRatesRequest::default());
    assert_eq!(
        reason(&rates.await.unwrap_err()).1,
        "TOO_MANY_CLIENT_STREAMS"
    );
    let mut health = HealthClient::new(silkrate.channel().await);
    let watch = health.watch(HealthCheckRequest::default()).await;
    assert_eq!(reason(&watch.unwrap_err()).1, "TOO_MANY_CLIENT_STREAMS");
    let answer = send(silkrate.web, ("POST", WATCH), &kind, &request).await;
    assert_eq!(answer.header("grpc-status"), Some("8"));
    health.check(HealthCheckRequest::default()).await.unwrap();
    let mut other = peer_from("127.0.0.2", &silkrate).await;
    let stream = other.call(WATCH);
    other.push(raw::DATA, raw::END_STREAM, stream, &raw::grpc(&[]));
    other.send().await.unwrap();
    other.until(|frame| frame.kind == raw::DATA).await;
    drop((peer, other, of_browser));
    let opened = async {
        loop {
            if let Ok(stream) = health.watch(HealthCheckRequest::default()).await {
                return stream;
            }
        }
    };
    drop(tokio::time::timeout(PATIENCE, opened).await.unwrap());
    drop(health);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_call_counts_in_the_quota_whatever_its_answer_and_a_check_does_not() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access.requests_per_minute = PER_MINUTE.try_into().ok();
    config.sources.push(source("nbk", "", &bank.url()));
    let silkrate = Silkrate::start(config).await;
    let refusals = async || metric(&silkrate, "silkrate_quota_refusals_total").await;
    for (client, path) in (2..).zip([
        "/silkrate.v1.RateService/ListFixings",
        "/silkrate.v1.RateService/Nope",
        "/no.Service/ListFixings",
        "/grpc.health.v1.Health/Nope",
        WATCH,
    ]) {
        let before = refusals().await;
        let mut peer = peer_from(&format!("127.0.0.{client}"), &silkrate).await;
        // It is no message of any method.
        flood(&mut peer, path, &[0xff]).await;
        for _call in 0..CALLS {
            peer.ended().await;
        }
        // A unit comes back each second.
        assert!(refusals().await > before, "{path}");
    }
    let before = refusals().await;
    let mut peer = peer_from("127.0.0.9", &silkrate).await;
    flood(&mut peer, "/grpc.health.v1.Health/Check", &[]).await;
    for _call in 0..CALLS {
        peer.ended().await;
    }
    assert_eq!(refusals().await, before);
    silkrate.finish().await;
}
