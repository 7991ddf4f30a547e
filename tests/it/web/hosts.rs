//! The hosts under which the port is served: a site that leads a name of its own here reads nothing.

use crate::support::april::bank_of_april;
use crate::support::browser::{get, send};
use crate::support::captured::Captured;
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::FRIEND;

/// A path of each kind: pages, data, files, streams, and nothing.
const PATHS: &[&str] = &[
    "/",
    "/KZT",
    "/embed",
    "/ticker.js",
    "/ticker.svg",
    "/ticker.html",
    "/v1/snapshot.json",
    "/v1/sources.csv",
    "/v1/watch",
    "/nothing",
];

#[tokio::test]
async fn a_request_for_a_host_that_is_not_served_is_refused_and_counted_and_logged_once() {
    let captured = Captured::start();
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.allowed_origins = vec![FRIEND.to_owned()];
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let rebound = [("host", "rebound.example:8080")];
    let expected = (421, "HOST_NOT_SERVED".to_owned(), None);
    for path in PATHS {
        // Before and after an equal request has prepared an answer.
        assert_eq!(
            get(silkrate.web, path, &rebound).await.refusal(),
            expected,
            "{path}"
        );
    }
    let ready = get(silkrate.web, "/v1/snapshot.json", &[]).await;
    assert_eq!(ready.status, 200);
    let refused = get(silkrate.web, "/v1/snapshot.json", &rebound).await;
    assert_eq!(refused.refusal(), expected);
    let message = refused.json()["error"]["message"].clone();
    assert_eq!(
        message,
        "this port is not served as `rebound.example`: use its address, or the operator must add the name to web.hosts"
    );
    // A page of a listed origin may not do so either, nor ask whether it might.
    let origin = [rebound[0], ("origin", FRIEND)];
    for method in ["OPTIONS", "POST"] {
        let path = "/silkrate.v1.RateService/GetRate";
        let answer = send(silkrate.web, (method, path), &origin, b"").await;
        assert_eq!(answer.refusal(), expected, "{method}");
        assert!(answer.names("access-control").is_empty());
    }
    for host in ["localhost:8080", "silkrate", "[::1]:8080", "10.0.0.1"] {
        let answer = get(silkrate.web, "/v1/snapshot.json", &[("host", host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    let address = silkrate.admin_url.strip_prefix("http://").unwrap();
    let metrics = get(address.parse().unwrap(), "/metrics", &[]).await;
    let refused = PATHS.len() + 3;
    let line = format!("silkrate_misdirected_requests_total{{port=\"web\"}} {refused}\n");
    assert!(metrics.text().contains(&line), "{}", metrics.text());
    let lines = captured.lines();
    let logged = lines
        .iter()
        .filter(|line| line["host"] == "rebound.example");
    assert_eq!(logged.count(), 1);

    // A name is served from the reload on that lists it.
    config.web.hosts = vec!["rebound.example".to_owned()];
    silkrate.reload(config).await;
    let answer = get(silkrate.web, "/v1/snapshot.json", &rebound).await;
    assert_eq!(answer.status, 200);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_host_of_the_public_address_is_served() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.public_url = Some("https://site.example/rates/".to_owned());
    let silkrate = Silkrate::start(config).await;
    for (host, status) in [
        ("site.example", 200),
        ("Site.example:443", 200),
        ("www.site.example", 421),
    ] {
        let answer = get(silkrate.web, "/v1/openapi.json", &[("host", host)]).await;
        assert_eq!(answer.status, status, "{host}");
    }
    silkrate.finish().await;
}
