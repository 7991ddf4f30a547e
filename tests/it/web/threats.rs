//! What a hostile bank, site, cache or reader may try: every answer has the headers that keep a browser safe, no header that a cache
//! does not know of changes one, and no foreign text is markup where it is shown.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::april::{nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::browser::{Answer, get, open, send};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::{FOREIGN, april};

/// Markup that would run, and what turns a line of a terminal around.
const SCRIPT: &str = "<script>alert(1)</script>";
/// The same within an address.
const SCRIPT_ENCODED: &str = "%3Cscript%3Ealert(1)%3C/script%3E";

fn assert_safe(header: impl Fn(&str) -> Option<String>, request: &str) {
    let policy = header("content-security-policy").unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none'"),
        "{request}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{request}: {policy}");
    let of = |name| header(name).unwrap_or_default();
    assert_eq!(of("x-content-type-options"), "nosniff", "{request}");
    assert_eq!(of("referrer-policy"), "no-referrer", "{request}");
    assert_eq!(header("set-cookie"), None, "{request}");
}

fn of(answer: &Answer) -> impl Fn(&str) -> Option<String> {
    |name| answer.header(name).map(str::to_owned)
}

#[tokio::test]
async fn every_kind_of_answer_has_the_headers_that_keep_a_browser_safe() {
    let (_bank, silkrate) = april().await;
    let web = silkrate.web;
    let long = format!("/v1/snapshot.json?{}", "x".repeat(9000));
    for path in [
        "/embed",
        "/embed?pairs=x",
        "/ticker.svg",
        "/ticker.svg?pairs=x",
        "/chart/USD-KZT.svg",
        "/chart/x.svg",
        "/chart.js",
        "/v1/openapi.json",
        "/v1/snapshot",
        "/v1/snapshot.csv",
        "/v1/snapshot.ndjson",
        "/v1/snapshot.csv?dialect=x",
        "/v1/rates/KZT/USD",
        "/v1/rates/KZT/XXX",
        "/v1/history.csv?pairs=KZT/USD",
        "/v1/history/KZT/USD?start=x",
        "/v1/fixings/nbk/USD",
        "/v1/periods?pairs=KZT/USD",
        "/v1/currencies",
        "/v1/pairs",
        "/v1/sources",
        "/v1/convert?amount=1&from=USD&to=KZT",
        "/v1/nothing",
        "/KZT/USD",
        &long,
    ] {
        assert_safe(of(&get(web, path, &[]).await), path);
    }
    for (request, headers) in [
        (("GET", "/v1/watch"), &[("origin", FOREIGN)][..]),
        (("GET", "/v1/watch"), &[("host", "rebound.example")]),
        (("GET", "/v1/watch?pairs=x"), &[]),
        (("DELETE", "/v1/watch"), &[]),
        (("POST", "/"), &[]),
        (("OPTIONS", "/v1/snapshot.json"), &[]),
        (("HEAD", "/v1/snapshot.json"), &[]),
        (
            ("POST", "/silkrate.v1.RateService/GetRate"),
            &[("content-type", "application/grpc-web")],
        ),
        (
            ("POST", "/silkrate.v1.RateService/Nothing"),
            &[("content-type", "application/grpc-web")],
        ),
    ] {
        let answer = send(web, request, headers, b"").await;
        assert_safe(of(&answer), &format!("{request:?} {headers:?}"));
    }
    for path in ["/v1/watch", "/v1/watch?format=ndjson"] {
        let stream = open(web, ("GET", path), &[], b"").await;
        assert_safe(|name| stream.header(name).map(str::to_owned), path);
    }
    silkrate.finish().await;
}

/// Headers that steer some servers, and none of which is in the key of a cache.
const UNKEYED: &[(&str, &str)] = &[
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-port", "444"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-for", "203.0.113.9"),
    ("forwarded", "for=203.0.113.9;host=evil.example;proto=https"),
    ("x-host", "evil.example"),
    ("x-original-url", "/v1/sources"),
    ("x-rewrite-url", "/v1/sources"),
    ("x-http-method-override", "POST"),
    ("x-method-override", "DELETE"),
    ("cookie", "locale=ru; lang=ru"),
    ("user-agent", "Mozilla/5.0 (iPhone)"),
    ("referer", "https://evil.example/"),
    ("accept-charset", "utf-16"),
    ("range", "bytes=0-1"),
    ("via", "1.1 evil.example"),
    ("x-requested-with", "XMLHttpRequest"),
    ("sec-fetch-dest", "image"),
    ("save-data", "on"),
    ("x-random-4711", "evil"),
];
/// Headers that may change an answer: it then says so in `Vary`.
const KEYED: &[(&str, &str)] = &[
    ("accept", "text/csv"),
    ("accept-encoding", "gzip"),
    ("accept-language", "ru"),
    ("origin", "https://news.example"),
];

/// What a cache keeps of an answer. The date of an answer, and the time of the server in it, are of their moment.
fn kept(answer: &Answer) -> (u16, Vec<(String, String)>, Option<Vec<u8>>) {
    let mut headers = answer.headers();
    headers.retain(|(name, _)| name != "date");
    let has_tag = answer.header("etag").is_some();
    let has_time = answer.text().contains("server_time");
    let body = (!has_tag && !has_time).then(|| answer.body.clone());
    if has_time {
        headers.retain(|(name, _)| name != "content-length");
    }
    (answer.status, headers, body)
}

#[tokio::test]
async fn no_header_changes_an_answer_that_a_cache_does_not_know_of() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/",
        "/KZT",
        "/embed",
        "/ticker.html",
        "/ticker.js",
        "/ticker.svg",
        "/chart/USD-KZT.svg",
        "/v1/snapshot.json",
        "/v1/snapshot",
        "/v1/snapshot.csv",
        "/v1/rates/KZT/USD",
        "/v1/history/KZT/USD",
        "/v1/history.csv?pairs=KZT/USD",
        "/v1/currencies",
        "/v1/openapi.json",
        "/nothing",
        "/v1/nothing",
    ] {
        // The first answer prepares the ones that follow.
        get(silkrate.web, path, &[]).await;
        let plain = get(silkrate.web, path, &[]).await;
        for header in UNKEYED {
            let answer = get(silkrate.web, path, &[*header]).await;
            assert_eq!(kept(&answer), kept(&plain), "{path}: {header:?}");
        }
        let vary: Vec<String> = plain
            .vary()
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        for header in KEYED {
            // A compressed body has no text.
            if vary.iter().any(|name| name == header.0) {
                continue;
            }
            let answer = get(silkrate.web, path, &[*header]).await;
            assert_eq!(kept(&answer), kept(&plain), "{path}: {header:?}, {vary:?}");
        }
        // The host is a part of the key, and of no answer.
        let answer = get(silkrate.web, path, &[("host", "another")]).await;
        assert_eq!(kept(&answer), kept(&plain), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_text_of_a_request_is_markup_in_no_answer() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/{}",
        "/{}/",
        "/KZT/{}",
        "/KZT?amount={}",
        "/KZT?from={}&amount=1",
        "/?base={}",
        "/?locale={}",
        "/embed?pairs={}",
        "/embed?theme={}",
        "/embed?locale={}",
        "/embed?{}=1",
        "/ticker.html?pairs={}",
        "/ticker.html?locale={}",
        "/ticker.svg?pairs={}",
        "/ticker.svg?{}=1",
        "/chart/{}.svg",
        "/chart/USD-KZT.svg?window={}",
        "/v1/snapshot.json?pairs={}",
        "/v1/snapshot.csv?dialect={}",
        "/v1/rates/{}/USD",
        "/v1/fixings/{}/USD",
        "/v1/history/KZT/USD?page_token={}",
        "/v1/convert?amount={}&from=USD&to=KZT",
        "/v1/watch?after={}",
        "/v1/{}",
    ] {
        let path = path.replace("{}", SCRIPT_ENCODED);
        for accept in ["text/html", "*/*"] {
            let answer = get(silkrate.web, &path, &[("accept", accept)]).await;
            let kind = answer.header("content-type").unwrap_or_default().to_owned();
            let is_markup = kind.starts_with("text/html") || kind.starts_with("image/svg");
            assert!(
                !is_markup || !answer.text().contains("<script>alert"),
                "{path}: {kind}"
            );
            assert_safe(of(&answer), &path);
        }
        // A line end in an address ends no header.
        let split = path.replace(SCRIPT_ENCODED, "%0d%0aset-cookie:%20a=b");
        let answer = get(silkrate.web, &split, &[]).await;
        assert_eq!(answer.header("set-cookie"), None, "{split}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_token_of_a_page_that_was_changed_or_is_of_another_list_is_refused() {
    let (_bank, silkrate) = april().await;
    let first = get(silkrate.web, "/v1/fixings/nbk/USD?page_size=1", &[])
        .await
        .json();
    let token = first["next_page_token"].as_str().unwrap();
    let (head, _last) = token.split_at(token.len() - 1);
    for path in [
        format!("/v1/fixings/nbk/USD?page_size=1&page_token={head}"),
        format!("/v1/fixings/nbk/USD?page_size=1&page_token={token}x"),
        format!("/v1/fixings/nbk/USD?page_size=1&page_token=x{token}"),
        "/v1/watch?after=x".to_owned(),
        "/v1/watch?after=x:x".to_owned(),
        "/v1/watch?after=x:-1".to_owned(),
        "/v1/watch?after=x:99999999999999999999".to_owned(),
    ] {
        let answer = get(silkrate.web, &path, &[]).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_text_of_a_bank_is_a_text_wherever_it_is_shown() {
    let bank = Bank::start().await;
    let hostile = format!("=1+1{}", SCRIPT.replace('<', "&lt;").replace('>', "&gt;"));
    let table = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    let row = format!(
        "<item><title>{hostile}\u{202e}\u{9b}2J</title><description>{hostile}</description><quant>{hostile}</quant><index></index><change>{hostile}</change></item></rates>"
    );
    let table = table.replace("</rates>", &row);
    bank.publish(&[
        (nbk_path("02.04.2026"), table.clone()),
        (nbk_path("03.04.2026"), table),
    ]);
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let shown = get(silkrate.web, "/v1/sources", &[]).await;
    assert!(
        shown.text().contains("=1+1"),
        "the text is shown: {}",
        shown.text()
    );
    for path in [
        "/",
        "/KZT",
        "/embed",
        "/ticker.html",
        "/ticker.svg",
        "/chart/USD-KZT.svg",
    ] {
        let answer = get(silkrate.web, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("<script>alert"), "{path}");
    }
    for answer in [shown, get(silkrate.web, "/v1/sources.csv", &[]).await] {
        assert!(
            !answer.text().contains(['\u{202e}', '\u{9b}']),
            "{}",
            answer.text()
        );
        assert_safe(of(&answer), "/v1/sources");
    }
    let address = silkrate
        .admin_url
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    for path in ["/readyz?verbose", "/metrics"] {
        let answer = get(address.parse().unwrap(), path, &[]).await;
        assert_safe(of(&answer), path);
        assert!(!answer.text().contains(['\u{202e}', '\u{9b}']), "{path}");
    }
    for arguments in [
        &["sources"][..],
        &["top", "--once", "--admin", &silkrate.admin_url],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command.args(arguments).args(["--server", &silkrate.url]);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert!(
            !printed.contains(['\u{202e}', '\u{9b}', '\u{1b}']),
            "{printed}"
        );
    }
    silkrate.finish().await;
}
