//! The responses in JSON: they equal those of gRPC, and can be cached.

use std::io::Read;
use std::net::SocketAddr;

use axum::http::{Request, StatusCode, Version};
use flate2::read::GzDecoder;
use serde_json::Value;
use silkrate::app::{App, AppError};
use tokio::net::TcpListener;
use tokio::process::Command;
use tower::{Service, ServiceExt};

use crate::contract::openapi::OpenApi;
use crate::support::browser::{Events, get, send};
use crate::support::silkrate::settings;
use crate::web::april;

/// The JSON that a command prints from a gRPC response.
pub(super) async fn printed(arguments: &[&str], url: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(arguments).args(["--server", url]);
    let ended = command.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    serde_json::from_slice(&ended.stdout).unwrap()
}

pub(super) async fn json(address: SocketAddr, path: &str) -> Value {
    let answer = get(address, path, &[]).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn every_response_equals_that_of_grpc_in_the_format_of_the_command_line() {
    let (_bank, silkrate) = april().await;
    let (web, url) = (silkrate.web, silkrate.url.as_str());

    let ours = json(web, "/v1/snapshot.json?pairs=KZT/USD,uzs/kzt,*/USD").await;
    let theirs = printed(
        &["rates", "KZT/USD", "UZS/KZT", "*/USD", "--format", "json"],
        url,
    )
    .await;
    for key in ["position", "rates", "sources"] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
    assert_eq!(
        theirs.as_object().unwrap().len(),
        3,
        "the server's clock is not in the message"
    );
    assert_eq!(ours["rates"][0]["value"], "0.00210486434149");
    assert_eq!(ours["sources"][0]["id"], "nbk");
    assert!(
        ours["server_time"]
            .as_str()
            .unwrap()
            .starts_with("2026-04-02T09:")
    );
    let default = json(web, "/v1/snapshot.json").await;
    assert_eq!(
        default["rates"].as_array().unwrap().len(),
        1,
        "of the five KZT alone is known"
    );

    let ours = json(web, "/v1/snapshot.json?pairs=*/*&date=2026-04-01").await;
    let arguments = ["rates", "*/*", "--date", "2026-04-01", "--format", "json"];
    let theirs = printed(&arguments, url).await;
    for key in ["position", "rates", "sources"] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
    assert_eq!(ours["rates"].as_array().unwrap().len(), 2, "{ours}");
    let one = json(web, "/v1/rates/kzt/USD?date=2026-04-01").await;
    assert_eq!(one["rate"], ours["rates"][0]);
    assert_eq!(one["rate"]["date"], "2026-04-01");

    let ours = json(web, "/v1/snapshot.json?pairs=KZT/USD,uzs/kzt,*/USD").await;
    let one = json(web, "/v1/rates/kzt/Usd").await;
    assert_eq!(one["rate"], ours["rates"][0]);
    assert_eq!(one["position"], ours["position"]);

    let ours = json(web, "/v1/fixings/nbk/usd").await;
    let arguments = ["fixings", "nbk", "USD", "--start", "2026-03-01", "--json"];
    assert_eq!(ours, printed(&arguments, url).await);
    assert_eq!(ours["next_page_token"], Value::Null);

    let ours = json(web, "/v1/history/KZT/USD").await;
    let arguments = ["history", "KZT/USD", "--start", "2026-03-01", "--json"];
    assert_eq!(ours, printed(&arguments, url).await);

    let ours = json(web, "/v1/convert?amount=1000&from=usd&to=KZT&round=1").await;
    assert_eq!(ours["result"], "475090.00");
    let arguments = [
        "convert", "1000", "USD", "KZT", "--round", "--format", "json",
    ];
    let theirs = printed(&arguments, url).await;
    assert_eq!(
        (&ours["result"], &ours["rate"]),
        (&theirs["result"], &theirs["rate"])
    );

    let ours = json(web, "/v1/sources").await;
    let theirs = printed(&["sources", "--format", "json"], url).await;
    assert_eq!(ours["sources"][0]["page"], theirs["sources"][0]["page"]);
    assert_eq!(keys(&ours["sources"][0]), keys(&theirs["sources"][0]));
    silkrate.finish().await;
}

fn keys(object: &Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn an_answer_about_a_past_day_may_be_kept_for_a_minute_and_is_not_mistaken_for_the_present() {
    let (_bank, silkrate) = april().await;
    let value = async |path: &str| {
        let answer = get(silkrate.web, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        let kept = answer.header("cache-control").unwrap().to_owned();
        (
            answer.json()["rate"]["value"].clone(),
            kept,
            answer.header("etag").is_some(),
        )
    };
    for _again in 0..2 {
        let now = value("/v1/rates/USD/KZT").await;
        assert_eq!(now, ("475.09".into(), "public, max-age=5".to_owned(), true));
        let past = value("/v1/rates/USD/KZT?date=2026-04-01").await;
        assert_eq!(
            past,
            ("478.77".into(), "public, max-age=60".to_owned(), false)
        );
    }
    for (path, status, reason) in [
        ("/v1/rates/USD/KZT?date=2026-03-01", 404, "NO_RATE_ON_DATE"),
        ("/v1/rates/USD/KZT?date=1.4.2026", 400, "INVALID_DATE"),
        ("/v1/snapshot.json?date=2026-02-30", 400, "INVALID_DATE"),
    ] {
        let refused = get(silkrate.web, path, &[]).await;
        let error = &refused.json()["error"];
        assert_eq!(
            (refused.status, error["reason"].as_str()),
            (status, Some(reason)),
            "{path}"
        );
        assert!(status == 404 || error["field"] == "date", "{path}: {error}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn page_tokens_lead_to_the_last_row() {
    let (_bank, silkrate) = april().await;
    for path in ["/v1/fixings/nbk/USD", "/v1/history/KZT/USD"] {
        let (mut token, mut dates) = (String::new(), Vec::new());
        loop {
            let page = json(
                silkrate.web,
                &format!("{path}?page_size=1&page_token={token}"),
            )
            .await;
            let rows = page["fixings"]
                .as_array()
                .or_else(|| page["rates"].as_array());
            dates.extend(
                rows.unwrap()
                    .iter()
                    .map(|row| row["effective_date"].clone()),
            );
            match page["next_page_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(dates, ["2026-04-02", "2026-04-01"], "{path}");
    }
    let of = |span| format!("/v1/history/KZT/USD?{span}");
    let first = json(silkrate.web, &of("start=2026-04-01&end=2026-04-01")).await;
    assert_eq!(first["rates"].as_array().unwrap().len(), 1);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_cache_with_the_position_gets_304_and_one_without_it_the_body() {
    let (_bank, silkrate) = april().await;
    let mut validators = Vec::new();
    for path in [
        "/v1/snapshot.json",
        "/v1/snapshot.json?pairs=KZT/USD",
        "/v1/rates/KZT/USD",
        "/ticker.html",
        "/ticker.html?locale=ru",
    ] {
        let first = get(silkrate.web, path, &[]).await;
        assert_eq!(first.status, 200, "{path}");
        assert_eq!(first.header("cache-control"), Some("public, max-age=5"));
        assert!(first.vary().contains(&"origin"), "{path}");
        let position = &silkrate.board.snapshot().position;
        let position = format!("{}:{}", position.epoch, position.revision);
        assert_eq!(first.header("silkrate-position"), Some(position.as_str()));
        let validator = first.header("etag").unwrap().to_owned();
        assert!(
            validator.starts_with(&format!("W/\"{position}-")),
            "{validator}"
        );

        let held = [("if-none-match", validator.as_str())];
        let again = get(silkrate.web, path, &held).await;
        assert_eq!((again.status, again.text()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), Some(validator.as_str()));
        assert_eq!(again.header("silkrate-position"), Some(position.as_str()));
        let older = get(silkrate.web, path, &[("if-none-match", "W/\"e:0-0\"")]).await;
        assert_eq!(older.status, 200, "{path}");
        validators.push(validator);
    }
    let count = validators.len();
    validators.sort();
    validators.dedup();
    assert_eq!(
        validators.len(),
        count,
        "each query has a validator of its own"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn what_scripts_and_people_add_to_an_address_changes_no_answer() {
    let (_bank, silkrate) = april().await;
    for (written, plain) in [
        ("/v1/snapshot.json?_=1790000000000", "/v1/snapshot.json"),
        (
            "/v1/snapshot.json?pairs=KZT/USD,%20USD/KZT,&_=2",
            "/v1/snapshot.json?pairs=KZT/USD,USD/KZT",
        ),
        ("/ticker.html?locale=ru-RU", "/ticker.html?locale=ru"),
        ("/ticker.html?locale=ru_RU", "/ticker.html?locale=ru"),
        (
            "/ticker.html?locale=uz-Cyrl-UZ",
            "/ticker.html?locale=uz-Cyrl",
        ),
    ] {
        let (written, plain) = (
            get(silkrate.web, written, &[]).await,
            get(silkrate.web, plain, &[]).await,
        );
        assert_eq!((written.status, plain.status), (200, 200));
        assert_eq!(written.header("etag"), plain.header("etag"));
        assert_eq!(written.header("etag").map(str::is_empty), Some(false));
    }
    silkrate.finish().await;
}

/// Refused requests: the status, the reason, the field (`-` for none), the path.
const REFUSALS: &str = "
    400 INVALID_PAIR       pairs[1]      /v1/snapshot.json?pairs=KZT/USD,KZT
    400 INVALID_PARAMETER  pair          /v1/snapshot.json?pair=KZT/USD
    400 INVALID_PARAMETER  pairs         /v1/snapshot.json?pairs=KZT/USD&pairs=
    400 INVALID_PAIR       pair          /v1/rates/KZT/XXXX
    404 PAIR_NOT_QUOTED    -             /v1/rates/EUR/USD
    404 PAIR_NOT_QUOTED    -             /v1/history/EUR/USD
    400 INVALID_DATE       start         /v1/history/KZT/USD?start=tomorrow
    400 INVALID_DATE       start         /v1/history/KZT/USD?start=2026-04-02&end=2026-04-01
    400 INVALID_PAGE       page_token    /v1/history/KZT/USD?page_token=x
    400 INVALID_PARAMETER  page_size     /v1/history/KZT/USD?page_size=0
    404 INVALID_SOURCE     source        /v1/fixings/unknown/USD
    400 INVALID_CURRENCY   currency      /v1/fixings/nbk/dollar
    400 INVALID_AMOUNT     amount        /v1/convert?amount=1e3&from=USD&to=KZT
    400 INVALID_CURRENCY   from          /v1/convert?amount=1&from=US&to=KZT
    400 INVALID_CURRENCY   to            /v1/convert?amount=1&from=USD&to=
    404 NO_RATE_ON_DATE    -             /v1/convert?amount=1&from=USD&to=KZT&date=1999-01-01
    400 INVALID_PARAMETER  round         /v1/convert?amount=1&from=USD&to=KZT&round=yes
    400 INVALID_PARAMETER  after         /v1/watch?after=7
    400 INVALID_PARAMETER  updates_only  /v1/watch?updates_only=maybe
    400 INVALID_PARAMETER  locale        /ticker.html?locale=xx
    400 INVALID_PARAMETER  theme         /ticker.html?theme=%22%3E%3Cscript%3E
    400 INVALID_PARAMETER  direction     /ticker.html?direction=up
    400 INVALID_PARAMETER  digits        /ticker.html?digits=11
    400 INVALID_PARAMETER  form          /ticker.html?form=row
    400 INVALID_PARAMETER  labels        /ticker.html?labels=flag
    400 INVALID_PARAMETER  announced     /ticker.html?announced=loud
    400 INVALID_PARAMETER  link          /ticker.html?link=javascript:alert(1)
    400 INVALID_PARAMETER  x             /v1/sources?x=1
    404 NO_SUCH_PATH       -             /v1/nothing
";

#[tokio::test]
async fn a_refusal_has_a_message_and_a_machine_readable_reason() {
    let (_bank, silkrate) = april().await;
    let pairs = |count| {
        format!(
            "/v1/snapshot.json?pairs={}",
            vec!["KZT/USD"; count].join(",")
        )
    };
    let refusals = format!(
        "{REFUSALS}\n400 TOO_MANY_PAIRS pairs {}\n414 QUERY_TOO_LONG - {}",
        pairs(257),
        pairs(2000)
    );
    for refusal in refusals.lines().filter(|line| !line.trim().is_empty()) {
        let [status, reason, field, path] = refusal.split_whitespace().collect::<Vec<_>>()[..]
        else {
            panic!("four columns, not {refusal}")
        };
        let answer = get(silkrate.web, path, &[]).await;
        let field = (field != "-").then(|| field.to_owned());
        let expected = (status.parse().unwrap(), reason.to_owned(), field);
        assert_eq!(answer.refusal(), expected, "{path}");
        let unfit = OpenApi::served().unfit("Error", &answer.json());
        assert_eq!(unfit, Vec::<String>::new(), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn only_get_and_head_are_allowed() {
    let (_bank, silkrate) = april().await;
    for path in ["/v1/snapshot.json", "/ticker.html", "/", "/v1/openapi.json"] {
        let answer = send(silkrate.web, ("DELETE", path), &[], b"").await;
        assert_eq!(answer.refusal().1, "METHOD_NOT_ALLOWED", "{path}");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET,HEAD")),
            "{path}"
        );
        let head = send(silkrate.web, ("HEAD", path), &[], b"").await;
        assert_eq!((head.status, head.text()), (200, ""), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_accepts_gzip_gets_the_same_text_in_fewer_bytes() {
    let (_bank, silkrate) = april().await;
    for path in ["/v1/rates/KZT/USD", "/ticker.html", "/v1/openapi.json"] {
        let plain = get(silkrate.web, path, &[]).await;
        let packed = get(silkrate.web, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len(), "{path}");
        assert!(packed.vary().contains(&"accept-encoding"), "{path}");
        let mut text = String::new();
        GzDecoder::new(&packed.body[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(without_time(&text), without_time(plain.text()), "{path}");
    }
    let stream = [("accept-encoding", "gzip")];
    let mut events = Events::open(silkrate.web, "/v1/watch", &stream).await;
    events.expect("opening").await;
    silkrate.finish().await;
}

/// A response without its server time.
fn without_time(text: &str) -> String {
    let (before, after) = text.split_once("09:00:").unwrap_or((text, ""));
    before.to_owned() + after.trim_start_matches(|second: char| second.is_ascii_digit())
}

#[tokio::test]
async fn the_same_port_speaks_http_2_without_tls() {
    let (_bank, silkrate) = april().await;
    let address = format!("http://{}", silkrate.web);
    let channel = tonic::transport::Endpoint::new(address.clone()).unwrap();
    let mut channel = channel.connect().await.unwrap();
    let request = Request::get(format!("{address}/v1/rates/KZT/USD"));
    let request = request.body(tonic::body::Body::empty()).unwrap();
    let answer = channel.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(
        (answer.status(), answer.version()),
        (StatusCode::OK, Version::HTTP_2)
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn a_request_with_too_many_header_bytes_is_refused() {
    let (_bank, silkrate) = april().await;
    let long = "x".repeat(17 * 1024);
    let answer = get(silkrate.web, "/v1/sources", &[("x-long", &long)]).await;
    assert_eq!(answer.status, 431);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_web_port_in_use_is_reported_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = settings("2026-04-02T09:00:00Z");
    config.web.listen = taken.local_addr().unwrap();
    let Err(AppError::Listen { address, key, .. }) = App::bind(config).await else {
        panic!("the port is taken")
    };
    assert_eq!((address, key), (taken.local_addr().unwrap(), "web.listen"));
}
