//! Keys and tokens are in no log, no trace, no metric and no answer.

use std::process::Command;

use serde_json::json;
use silkrate::access::{Key, Scope};

use crate::support::april::bank_of_april;
use crate::support::browser::{get, send};
use crate::support::collector::Collector;
use crate::support::keys::{Keys, bearer};
use crate::support::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_the_log_no_span_and_no_page_has_a_key_or_a_token() {
    let keys = Keys::new();
    let (reader, operator) = (
        keys.add("reader", Scope::Read),
        keys.add("operator", Scope::Admin),
    );
    let (revoked, unknown) = (keys.add("revoked", Scope::Read), Key::generate().unwrap());
    keys.revoke("revoked");
    let (bank, collector) = (bank_of_april().await, Collector::start().await);
    let file = keys.path().display().to_string();
    let variables = [
        ("ACCESS__KEYS", file.as_str()),
        ("ACCESS__REQUIRED", "true"),
        ("WEB__ALLOWED_ORIGINS", "https://news.example"),
        ("LOG__ACCESS", "true"),
        ("TRACE__ENDPOINT", collector.url.as_str()),
    ];
    let mut program = Program::start(&bank.url(), &variables).await;
    program.has_rates().await;
    let web = program.web.parse().unwrap();
    let mut pages = Vec::new();
    let body = json!({ "origin": "https://news.example", "pairs": ["KZT/USD"] }).to_string();
    let header = bearer(&reader);
    let headers = [("authorization", header.as_str())];
    let made = send(web, ("POST", "/v1/tokens"), &headers, body.as_bytes()).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    for key in [&reader, &operator, &revoked, &unknown] {
        pages.extend(answers_with(&program, key).await);
    }
    pages.push(
        get(web, &format!("/v1/rates/KZT/USD?token={token}"), &[])
            .await
            .body,
    );
    let config = Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .arg("config")
        .env("SILKRATE_ACCESS__KEYS", keys.path())
        .output();
    pages.push(config.unwrap().stdout);
    collector.span(|span| span.name.contains("/v1/rates")).await;
    let spans = format!("{:?}", collector.spans());
    let (lines, output) = program.stop().await;
    let lines = serde_json::Value::from(lines).to_string();
    assert!(lines.contains("answered a request"), "the access log is on");
    assert!(
        lines.contains("refused a request for its key"),
        "the level is debug"
    );
    let logged = [
        ("the log", &lines),
        ("the spans", &spans),
        ("the output", &output),
    ];
    for key in [&reader, &operator, &revoked, &unknown] {
        assert_absent(key, &logged, &pages);
        assert!(!lines.contains(&key.hash().shown()), "the log has a hash");
    }
    let signature = token.split_once('.').unwrap().1;
    assert!(!lines.contains(signature) && !spans.contains(signature));
}

/// Uses a key rightly and wrongly, and returns all that was answered.
async fn answers_with(program: &Program, key: &Key) -> Vec<Vec<u8>> {
    let (web, admin) = (program.web.parse().unwrap(), program.admin.parse().unwrap());
    let header = bearer(key);
    let headers = [("authorization", header.as_str())];
    let key = key.expose();
    let mut answers = Vec::new();
    for path in [
        "/v1/rates/KZT/USD".to_owned(),
        "/metrics".to_owned(),
        format!("/v1/rates/KZT/USD?token={key}"),
        format!("/v1/snapshot.json?pairs={key}&locale={key}"),
        format!("/v1/rates/{key}/USD"),
        format!("/{key}"),
    ] {
        answers.push(get(web, &path, &headers).await.body);
        answers.push(get(admin, &path, &headers).await.body);
    }
    for (command, port, url) in [
        ("rates", "--server", &program.grpc),
        ("held", "--admin", &program.admin),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_silkrate"))
            .args([command, port, &format!("http://{url}")])
            .env("SILKRATE_ACCESS_KEY", key)
            .output();
        let output = output.unwrap();
        answers.extend([output.stdout, output.stderr]);
    }
    answers
}

/// Panics where a text has the beginning of a key, or an answer the key.
fn assert_absent(key: &Key, logged: &[(&str, &String)], answers: &[Vec<u8>]) {
    let secret = key.expose().strip_prefix("silkrate_").unwrap();
    for (place, text) in logged {
        assert!(!text.contains(secret.split_at(16).0), "{place} has a key");
    }
    for answer in answers {
        let text = String::from_utf8_lossy(answer);
        assert!(!text.contains(secret), "{text}");
    }
}
