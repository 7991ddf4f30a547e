//! Why a request is refused for its key, on each port.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use silkrate::access::{Access, Key, Port, Scope};
use silkrate::callers::Caller;
use silkrate::domain::Refusal;
use silkrate::pb::ListSourcesRequest;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

use crate::support::browser::{get, send};
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{Silkrate, reason, settings};

async fn refused(silkrate: &Silkrate, values: &[&str]) -> (Code, String) {
    let mut request = Request::new(ListSourcesRequest {});
    for value in values {
        let value = value.parse().unwrap();
        request.metadata_mut().append("authorization", value);
    }
    let mut client = silkrate.client.clone();
    let answer: Result<_, Status> = client.list_sources(request).await;
    let (code, reason, _) = reason(&answer.unwrap_err());
    (code, reason)
}

fn admin(silkrate: &Silkrate) -> SocketAddr {
    silkrate
        .admin_url
        .trim_start_matches("http://")
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_wrong_expired_or_revoked_is_refused_with_its_reason_where_none_is_needed() {
    let keys = Keys::new();
    let past = Timestamp::from_second(1_000_000_000).unwrap();
    let expired = keys.add("expired", Scope::Read);
    keys.file()
        .rotate("expired", (past, None), Timestamp::now(), |_key, _made| {
            Ok(())
        })
        .unwrap();
    let revoked = keys.add("revoked", Scope::Admin);
    keys.revoke("revoked");
    let valid = keys.add("valid", Scope::Read);
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(false);
    let silkrate = Silkrate::start(config).await;
    let unknown = Key::generate().unwrap();
    let (valid, twice) = (bearer(&valid), bearer(&unknown));
    for (values, expected) in [
        (vec![bearer(&unknown)], "INVALID_KEY"),
        (vec![bearer(&expired)], "KEY_EXPIRED"),
        (vec![bearer(&revoked)], "KEY_REVOKED"),
        (vec!["Bearer".to_owned()], "INVALID_KEY"),
        (vec!["bearer hunter2".to_owned()], "INVALID_KEY"),
        (vec![valid.clone(), twice.clone()], "INVALID_KEY"),
        (vec![valid.clone() + "x"], "INVALID_KEY"),
        (vec![valid.replace("Bearer ", "")], "INVALID_KEY"),
        (vec![valid.replace("Bearer", "Token")], "INVALID_KEY"),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (code, reason) = refused(&silkrate, &values).await;
        assert_eq!((code, reason.as_str()), (Code::Unauthenticated, expected));
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("authorization", *value))
            .collect();
        let answer = get(silkrate.web, "/v1/sources", &headers).await;
        assert_eq!(answer.refusal(), (401, expected.to_owned(), None));
        let challenge = Some("Bearer realm=\"silkrate\", error=\"invalid_token\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
        let page = get(admin(&silkrate), "/version", &headers).await;
        assert_eq!(page.status, 401, "{values:?}");
        assert_eq!(page.header("www-authenticate"), challenge);
    }
    for value in [
        valid.as_str(),
        &valid.replace("Bearer", "BEARER"),
        "Basic aHVudGVyMg==",
    ] {
        let headers = [("authorization", value)];
        assert_eq!(get(silkrate.web, "/v1/sources", &headers).await.status, 200);
    }
    silkrate.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_listed_origin_may_send_a_key_and_read_why_it_is_refused() {
    let keys = Keys::new();
    let key = bearer(&keys.add("desk", Scope::Read));
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    config.web.allowed_origins = vec!["https://news.example".to_owned()];
    let silkrate = Silkrate::start(config).await;
    let origin = ("origin", "https://news.example");
    let asked = [
        origin,
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let path = "/v1/snapshot.json";
    let preflight = send(silkrate.web, ("OPTIONS", path), &asked, b"").await;
    assert_eq!(preflight.status, 200);
    let allowed = preflight.header("access-control-allow-headers").unwrap();
    assert!(
        allowed.split(',').any(|name| name == "authorization"),
        "{allowed}"
    );
    let none = get(silkrate.web, path, &[origin]).await;
    assert_eq!(none.refusal(), (401, "KEY_REQUIRED".to_owned(), None));
    assert_eq!(none.header("access-control-allow-origin"), Some(origin.1));
    assert_eq!(
        none.header("www-authenticate"),
        Some("Bearer realm=\"silkrate\"")
    );
    assert_eq!(none.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(none.header("cache-control"), Some("no-store"));
    // Twice: the second answer is one that is prepared.
    for _ in 0..2 {
        let answer = get(silkrate.web, path, &[("authorization", &key)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("private, max-age=5"));
        assert!(
            answer.vary().contains(&"authorization"),
            "{:?}",
            answer.vary()
        );
    }
    let head = send(silkrate.web, ("HEAD", path), &[], b"").await;
    assert_eq!((head.status, head.body.len()), (401, 0));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_service_does_not_start_without_the_file_of_its_keys() {
    let keys = Keys::new();
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    fs::remove_file(keys.path()).unwrap();
    let refused = silkrate::app::App::bind(config).await.unwrap_err();
    let expected = "there is no such file";
    assert!(refused.to_string().contains(expected), "{refused}");
}

#[tokio::test]
async fn ten_thousand_wrong_keys_are_counted_and_answered_late_while_a_valid_one_is_not() {
    let keys = Keys::new();
    let valid = keys.add("desk", Scope::Read);
    let access = Access::open(&keys.settings(true), CancellationToken::new()).unwrap();
    let gate = access.gate(Port::Grpc);
    let address: SocketAddr = "203.0.113.7:1".parse().unwrap();
    let caller = Some(Caller::direct(address));
    let headers = |key: &Key| {
        let value = bearer(key).parse().unwrap();
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    };
    let guesses: Vec<HeaderMap> = (0..10_000)
        .map(|_| headers(&Key::generate().unwrap()))
        .collect();
    let mut latest = Duration::ZERO;
    for guess in &guesses {
        let rejection = gate.admit(guess, Scope::Read, caller).unwrap_err();
        assert_eq!(rejection.refusal, Refusal::InvalidKey);
        latest = rejection.delay;
    }
    assert_eq!(latest, Duration::from_secs(2));
    let admitted = gate.admit(&headers(&valid), Scope::Read, caller).unwrap();
    assert_eq!(admitted.unwrap().name(), "desk");
    let mut refusals = access.refusals();
    let of_grpc = refusals.find(|(port, _)| *port == Port::Grpc).unwrap().1;
    assert_eq!(of_grpc.invalid.get(), 10_000);
}
