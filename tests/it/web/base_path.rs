//! The web side under a sub-path, as a proxy passes it on that does not remove it.

use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::browser::{get, open, send};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::FRIEND;
use crate::web::grpc_web::{call, rate_request};

/// The service of 2 April 2026, served under `/site/rates/`.
async fn below_a_path() -> (Bank, Silkrate) {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.path = "/site/rates/".to_owned();
    config.web.allowed_origins = vec![FRIEND.to_owned()];
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    (bank, silkrate)
}

#[tokio::test]
async fn everything_is_under_the_path_and_nothing_outside_it() {
    let (_bank, silkrate) = below_a_path().await;
    for path in [
        "",
        "ticker.js",
        "ticker.json",
        "ticker.html?locale=ru",
        "v1/snapshot.json?pairs=KZT/USD",
        "v1/rates/KZT/USD",
        "v1/sources",
        "v1/watch",
        "v1/openapi.json",
    ] {
        let inside = format!("/site/rates/{path}");
        // Twice: the second answer may be one that was kept.
        for _ in 0..2 {
            let answer = open(silkrate.web, ("GET", &inside), &[], b"").await;
            assert_eq!(answer.status(), 200, "{inside}");
        }
        let outside = get(silkrate.web, &format!("/{path}"), &[]).await;
        let refused = (404, "NO_SUCH_PATH".to_owned(), None);
        assert_eq!(outside.refusal(), refused, "/{path}");
        let text = outside.text();
        assert!(text.contains("web.path is /site/rates/"), "{text}");
        assert!(outside.header("content-security-policy").is_some());
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_browser_reaches_the_methods_under_the_path() {
    let (_bank, silkrate) = below_a_path().await;
    let method = "/site/rates/silkrate.v1.RateService/GetRate";
    let kind = "application/grpc-web+proto";
    let answer = call(&silkrate, method, kind, &rate_request("KZT/USD")).await;
    assert_eq!(answer.status, 200);
    let value = b"0.00210486";
    let has_value = answer.body.windows(value.len()).any(|part| part == value);
    assert!(has_value, "{:?}", answer.body);
    silkrate.finish().await;
}

#[tokio::test]
async fn the_path_without_its_slash_is_redirected() {
    let (_bank, silkrate) = below_a_path().await;
    for method in ["GET", "HEAD"] {
        let answer = send(silkrate.web, (method, "/site/rates?x=1"), &[], b"").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (307, Some("/site/rates/?x=1"))
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn what_names_an_address_names_the_one_under_the_path() {
    let (_bank, silkrate) = below_a_path().await;
    let described = get(silkrate.web, "/site/rates/ticker.json", &[]).await;
    let src = described.json()["src"].as_str().unwrap().to_owned();
    assert!(src.starts_with("/site/rates/ticker-"), "{src}");
    assert_eq!(get(silkrate.web, &src, &[]).await.status, 200);
    let description = "/site/rates/v1/openapi.json";
    let described = get(silkrate.web, description, &[]).await.json();
    assert_eq!(described["servers"][0]["url"], "/site/rates");
    let page = get(silkrate.web, "/site/rates/", &[]).await;
    for absolute in ["href=\"/", "src=\"/"] {
        assert!(!page.text().contains(absolute), "{absolute}");
    }
    silkrate.finish().await;
}
