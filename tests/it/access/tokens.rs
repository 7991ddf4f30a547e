//! Tokens: what a page uses in the place of a key.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use silkrate::access::{Key, Scope};
use silkrate::domain::RateFilter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::april::bank_of_april;
use crate::support::browser::{Answer, Events, get, send};
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{Silkrate, settings, source};

const SITE: &str = "https://news.example";

/// A service that demands keys, with the pages of a site, and the header with a key to read.
async fn guarded(keys: &Keys) -> (crate::support::bank::Bank, Silkrate, String) {
    let key = bearer(&keys.add("site", Scope::Read));
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.access = keys.settings(true);
    config.web.allowed_origins = vec![SITE.to_owned()];
    let silkrate = Silkrate::start(config).await;
    let wanted = RateFilter::parse(&["KZT/USD"]).unwrap();
    silkrate
        .committed(|snapshot| !snapshot.rates(&wanted).is_empty())
        .await;
    (bank, silkrate, key)
}

async fn asked(silkrate: &Silkrate, key: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("authorization", key)));
    send(
        silkrate.web,
        ("POST", "/v1/tokens"),
        &headers,
        body.as_bytes(),
    )
    .await
}

/// A token for some pairs.
async fn token(silkrate: &Silkrate, key: &str, pairs: &[&str]) -> String {
    let body = json!({ "pairs": pairs, "origin": SITE }).to_string();
    let answer = asked(silkrate, Some(key), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_the_pairs_of_its_token_and_nothing_else() {
    let keys = Keys::new();
    let (_bank, silkrate, key) = guarded(&keys).await;
    let token = token(&silkrate, &key, &["KZT/USD", "*/KZT"]).await;
    let page = [("origin", SITE)];
    let watch = format!("/v1/watch?pairs=KZT/USD&token={token}");
    let mut events = Events::open(silkrate.web, &watch, &page).await;
    events.expect("opening").await;
    events.expect("snapshot").await;
    for path in [
        "/v1/snapshot.json?pairs=KZT/USD,USD/KZT&",
        "/v1/rates/USD/KZT?",
        "/v1/rates/USD/KZT.csv?",
        "/chart/USD-KZT.svg?",
        "/ticker.html?pairs=KZT/USD&",
    ] {
        // Twice: the second answer is prepared.
        for _ in 0..2 {
            let answer = get(silkrate.web, &format!("{path}token={token}"), &page).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
    }
    for path in [
        "/v1/snapshot.json?",
        "/v1/snapshot.json?pairs=*/USD&",
        "/v1/rates/KGS/USD?",
        "/v1/sources?",
        "/?",
    ] {
        let answer = get(silkrate.web, &format!("{path}token={token}"), &page).await;
        let refused = (403, "INSUFFICIENT_SCOPE".to_owned(), None);
        assert_eq!(answer.refusal(), refused, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(SITE));
    }
    let other = get(
        silkrate.web,
        &watch,
        &[("referer", "https://evil.example/page")],
    )
    .await;
    assert_eq!(other.status, 403);
    let forged = watch.replace("token=", "token=x");
    let answer = get(silkrate.web, &forged, &page).await;
    assert_eq!(answer.refusal(), (401, "INVALID_TOKEN".to_owned(), None));
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_outlasts_a_restart_and_ends_with_its_key() {
    let keys = Keys::new();
    let (bank, silkrate, key) = guarded(&keys).await;
    let token = token(&silkrate, &key, &["KZT/USD"]).await;
    silkrate.finish().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.access = keys.settings(true);
    let silkrate = Silkrate::start(config.clone()).await;
    let path = format!("/v1/watch?pairs=KZT/USD&token={token}");
    let mut events = Events::open(silkrate.web, &path, &[]).await;
    events.expect("opening").await;
    keys.revoke("site");
    silkrate.reload(config).await;
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert_eq!(last.unwrap().data["reason"], "KEY_ENDED");
    let refused = get(silkrate.web, &path, &[]).await.refusal();
    assert_eq!(refused, (401, "INVALID_TOKEN".to_owned(), None));
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_for_the_holder_of_a_key_and_a_body_that_is_wrong_is_named() {
    let keys = Keys::new();
    let key = bearer(&keys.add("site", Scope::Read));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    config.web.allowed_origins = vec![SITE.to_owned()];
    let silkrate = Silkrate::start(config).await;
    let body = json!({ "origin": SITE }).to_string();
    let without = asked(&silkrate, None, &body).await;
    assert_eq!(without.refusal(), (401, "KEY_REQUIRED".to_owned(), None));
    let whole = json!({
        "pairs": ["kzt/usd", "KZT/USD", "*/EUR"],
        "origin": "https://News.example:443",
        "lifetime_seconds": 60,
    });
    let made: Value = asked(&silkrate, Some(&key), &whole.to_string())
        .await
        .json();
    assert_eq!(made["pairs"], json!(["KZT/USD", "*/EUR"]));
    assert_eq!(made["origin"], SITE);
    for (body, field) in [
        (json!({}), None),
        (json!({ "origin": SITE, "pair": "KZT/USD" }), None),
        (json!({ "origin": "news.example" }), Some("origin")),
        (
            json!({ "origin": "https://news.example/page" }),
            Some("origin"),
        ),
        (
            json!({ "origin": SITE, "lifetime_seconds": 901 }),
            Some("lifetime_seconds"),
        ),
        (
            json!({ "origin": SITE, "lifetime_seconds": 0 }),
            Some("lifetime_seconds"),
        ),
        (
            json!({ "origin": SITE, "pairs": ["KZT/USD", "KZT"] }),
            Some("pairs[1]"),
        ),
    ] {
        let (status, _, found) = asked(&silkrate, Some(&key), &body.to_string())
            .await
            .refusal();
        assert_eq!((status, found.as_deref()), (400, field), "{body}");
    }
    let long = asked(&silkrate, Some(&key), &" ".repeat(17 * 1024)).await;
    assert_eq!(long.refusal(), (413, "BODY_TOO_LONG".to_owned(), None));
    assert!(long.text().contains("16384 bytes"), "{}", long.text());
    silkrate.finish().await;
}

/// The whole answer to bytes that are sent as they are.
async fn raw(silkrate: &Silkrate, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(silkrate.web).await.unwrap();
    connection.write_all(bytes).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_in_its_parts_is_refused_as_everything_else_is() {
    let keys = Keys::new();
    let key = bearer(&keys.add("site", Scope::Read));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    let silkrate = Silkrate::start(config).await;
    let request = format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {key}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\nno length\r\n"
    );
    let answer = raw(&silkrate, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("content-type: application/json"),
        "{answer}"
    );
    assert!(answer.contains("\"reason\":\"INVALID_BODY\""), "{answer}");
    let got = get(silkrate.web, "/v1/tokens", &[]).await;
    assert_eq!(got.refusal(), (405, "METHOD_NOT_ALLOWED".to_owned(), None));
    assert_eq!(got.header("allow"), Some("POST"));
    assert!(got.text().contains("POST alone"), "{}", got.text());
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_for_an_origin_whose_pages_may_read_and_for_no_other() {
    let keys = Keys::new();
    let key = bearer(&keys.add("site", Scope::Read));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    config.web.allowed_origins = vec![SITE.to_owned()];
    config.web.public_url = Some("https://rates.example/rates/".to_owned());
    let silkrate = Silkrate::start(config).await;
    let own = format!("http://{}", silkrate.web);
    for (origin, status) in [
        (SITE, 200),
        ("https://rates.example", 200),
        (&own, 200),
        ("https://typo.example", 403),
        ("http://news.example", 403),
        ("https://rates.example.evil.example", 403),
    ] {
        let body = json!({ "origin": origin }).to_string();
        let answer = asked(&silkrate, Some(&key), &body).await;
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
        if status == 403 {
            assert_eq!(answer.refusal().1, "FOREIGN_ORIGIN");
            assert!(answer.text().contains("web.allowed_origins"), "{origin}");
        }
    }
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_its_key_if_that_ends_earlier() {
    let keys = Keys::new();
    let ends = Timestamp::now() + SignedDuration::from_secs(300);
    let key = bearer(&keys.add_until("site", Scope::Read, Some(ends)));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    config.web.allowed_origins = vec![SITE.to_owned()];
    let silkrate = Silkrate::start(config).await;
    for (lifetime, is_of_key) in [(json!(900), true), (Value::Null, true), (json!(60), false)] {
        let body = json!({ "origin": SITE, "lifetime_seconds": lifetime }).to_string();
        let answer = asked(&silkrate, Some(&key), &body).await;
        let found = answer.json()["expires_time"].as_str().unwrap().to_owned();
        assert_eq!(found == format!("{ends:.0}"), is_of_key, "{lifetime}");
    }
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_beside_a_valid_token_is_refused() {
    let keys = Keys::new();
    let (_bank, silkrate, key) = guarded(&keys).await;
    let token = token(&silkrate, &key, &["KZT/USD"]).await;
    let path = format!("/v1/snapshot.json?pairs=KZT/USD&token={token}");
    let unknown = bearer(&Key::generate().unwrap());
    for (sent, status) in [
        (unknown.as_str(), 401),
        ("Bearer another", 401),
        (key.as_str(), 200),
        ("Basic bmV3czpkZXNr", 200),
    ] {
        let answer = get(silkrate.web, &path, &[("authorization", sent)]).await;
        assert_eq!(answer.status, status, "{sent}: {answer:?}");
        if status == 401 {
            assert_eq!(answer.refusal().1, "INVALID_KEY");
        }
    }
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_an_address_is_refused_with_advice() {
    let keys = Keys::new();
    let key = keys.add("site", Scope::Read);
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    let silkrate = Silkrate::start(config).await;
    let queries = ["token", "key", "access_token", "pairs"]
        .map(|name| format!("/v1/snapshot.json?{name}={}", key.expose()));
    let paths =
        ["/", "/v1/watch/", "/v1/rates/KZT/USD/"].map(|path| format!("{path}{}", key.expose()));
    for path in queries.into_iter().chain(paths) {
        let answer = get(silkrate.web, &path, &[]).await;
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_PARAMETER".to_owned(), None)
        );
        assert!(
            answer.text().contains("authorization: Bearer"),
            "{}",
            answer.text()
        );
        assert!(!answer.text().contains(key.expose()));
    }
    silkrate.finish().await;
}
