//! The origins whose pages may read.

use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::browser::{Answer, get, send};
use crate::web::{FOREIGN, FRIEND, april, silkrate_with};

/// The paths of data.
const DATA: &[&str] = &[
    "/v1/snapshot.json",
    "/v1/rates/KZT/USD",
    "/v1/fixings/nbk/USD",
    "/v1/history/KZT/USD",
    "/v1/convert?amount=1&from=USD&to=KZT",
    "/v1/sources",
    "/v1/watch",
    "/ticker.html",
    "/",
    "/KZT",
    "/embed",
    "/ticker.svg",
];
const METHOD: &str = "/silkrate.v1.RateService/GetRate";

/// A refusal, with the headers of this kind alone.
fn assert_foreign(answer: &Answer, cors: &[&str], path: &str) {
    let refused = (403, "FOREIGN_ORIGIN".to_owned(), None);
    assert_eq!(answer.refusal(), refused, "{path}");
    assert_eq!(answer.names("access-control"), cors, "{path}");
}

#[tokio::test]
async fn a_foreign_page_gets_no_data_and_may_read_why() {
    let (_bank, silkrate) = april().await;
    for path in DATA.iter().chain([&METHOD]) {
        for origin in [FOREIGN, "null", "https://news.example.evil.example"] {
            let answer = get(silkrate.web, path, &[("origin", origin)]).await;
            assert_foreign(&answer, &["access-control-allow-origin"], path);
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            let preflight = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type,x-grpc-web"),
            ];
            let answer = send(silkrate.web, ("OPTIONS", path), &preflight, b"").await;
            assert_foreign(&answer, &[], path);
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_listed_page_may_read_data_and_its_position() {
    let (_bank, silkrate) = april().await;
    for path in DATA.iter().filter(|path| **path != "/v1/watch") {
        let answer = get(silkrate.web, path, &[("origin", FRIEND)]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in [
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "silkrate-position",
        ] {
            assert!(
                exposed.split(',').any(|exposed| exposed == name),
                "{exposed}"
            );
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_preflight_of_a_listed_page_is_allowed_for_two_hours() {
    let (_bank, silkrate) = april().await;
    for path in DATA.iter().chain([&METHOD]) {
        let preflight = [
            ("origin", FRIEND),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,x-grpc-web,grpc-timeout",
            ),
        ];
        let answer = send(silkrate.web, ("OPTIONS", path), &preflight, b"").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND));
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        let allowed = answer.header("access-control-allow-headers").unwrap();
        for name in [
            "content-type",
            "x-grpc-web",
            "grpc-timeout",
            "last-event-id",
        ] {
            assert!(
                allowed.split(',').any(|allowed| allowed == name),
                "{allowed}"
            );
        }
        assert!(
            answer
                .header("access-control-allow-methods")
                .unwrap()
                .contains("POST")
        );
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_page_of_the_server_may_always_read() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_with(&bank, &[]).await;
    let own = format!("http://{}", silkrate.web);
    for path in DATA.iter().filter(|path| **path != "/v1/watch") {
        assert_eq!(
            get(silkrate.web, path, &[("origin", &own)]).await.status,
            200,
            "{path}"
        );
    }
    let elsewhere = "http://127.0.0.1:1";
    let answer = get(silkrate.web, DATA[0], &[("origin", elsewhere)]).await;
    assert_foreign(&answer, &["access-control-allow-origin"], DATA[0]);
    silkrate.finish().await;
}

async fn star(bank: &Bank) -> Answer {
    let silkrate = silkrate_with(bank, &["*"]).await;
    let answer = get(silkrate.web, DATA[0], &[("origin", FOREIGN)]).await;
    silkrate.finish().await;
    answer
}

#[tokio::test]
async fn every_page_may_read_if_the_setting_is_a_star() {
    let answer = star(&bank_of_april().await).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn the_script_has_a_cors_header_for_every_page_and_other_files_have_none() {
    let (_bank, silkrate) = april().await;
    let script = get(silkrate.web, "/ticker.js", &[("origin", FOREIGN)]).await;
    assert_eq!(
        (script.status, script.header("access-control-allow-origin")),
        (200, Some("*"))
    );
    assert_eq!(
        script.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    let style = get(silkrate.web, "/pages.css", &[("origin", FOREIGN)]).await;
    assert_eq!(
        (style.status, style.names("access-control")),
        (200, Vec::new())
    );
    silkrate.finish().await;
}
