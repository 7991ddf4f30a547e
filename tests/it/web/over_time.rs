//! The paths about several pairs over time, and about past dates.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::browser::get;
use crate::web::answers::{json, printed};
use crate::web::april;

#[tokio::test]
async fn histories_and_periods_equal_those_of_grpc_in_the_format_of_the_command_line() {
    let (_bank, silkrate) = april().await;
    let (web, url) = (silkrate.web, silkrate.url.as_str());
    for (path, arguments) in [
        (
            "/v1/history?pairs=*/USD,usd/kzt&step=day",
            &[
                "history",
                "*/USD",
                "usd/kzt",
                "--step",
                "day",
                "--start",
                "2026-01-01",
            ][..],
        ),
        (
            "/v1/history/USD/KZT?step=month&end=2026-04-01",
            &[
                "history",
                "USD/KZT",
                "--step",
                "month",
                "--end",
                "2026-04-01",
            ],
        ),
        (
            "/v1/periods?pairs=*/*&period=week",
            &[
                "periods",
                "*/*",
                "--period",
                "week",
                "--start",
                "2026-01-01",
            ],
        ),
        ("/v1/periods?pairs=KZT/USD", &["periods", "KZT/USD"]),
    ] {
        let theirs = printed(&[arguments, &["--format", "json"]].concat(), url).await;
        let ours = json(web, path).await;
        assert_eq!(ours, theirs, "{path}");
        let rows = ours["rates"]
            .as_array()
            .or_else(|| ours["periods"].as_array());
        assert!(!rows.unwrap().is_empty(), "{path}");
    }
    let month = json(web, "/v1/periods?pairs=USD/KZT").await;
    let month = &month["periods"][0];
    // 478.77 on 1 April, and 475.09 on 2 April, which is today.
    assert_eq!(month["average"], "476.93");
    assert_eq!(
        (&month["days"], &month["complete"]),
        (&2.into(), &false.into())
    );
    assert_eq!(
        month["highest"],
        serde_json::json!({"date": "2026-04-01", "value": "478.77"})
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn an_answer_about_a_past_date_is_compressed_for_a_client_that_accepts_gzip() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/v1/rates/KZT/USD?date=2026-04-01",
        "/v1/snapshot.json?date=2026-04-01",
    ] {
        let plain = get(silkrate.web, path, &[]).await;
        let packed = get(silkrate.web, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        for answer in [&plain, &packed] {
            assert!(answer.vary().contains(&"accept-encoding"), "{path}");
        }
        let mut text = String::new();
        let mut decoder = GzDecoder::new(&packed.body[..]);
        decoder.read_to_string(&mut text).unwrap();
        let unpacked: serde_json::Value = serde_json::from_str(&text).unwrap();
        // A snapshot bears the server time.
        let rates = |answer: &serde_json::Value| (answer["rate"].clone(), answer["rates"].clone());
        assert_eq!(rates(&unpacked), rates(&plain.json()), "{path}");
        assert!(packed.body.len() < plain.body.len(), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_header_link_of_a_page_leads_to_the_next_one_until_the_last() {
    let (_bank, silkrate) = april().await;
    for (path, list) in [
        ("/v1/pairs?pairs=*/KZT,KZT/*", "pairs"),
        ("/v1/history?pairs=*/*&step=day", "rates"),
        ("/v1/history/USD/KZT", "rates"),
        ("/v1/periods?pairs=*/*&period=week", "periods"),
        ("/v1/fixings/nbk/USD", "fixings"),
    ] {
        let whole = json(silkrate.web, path).await;
        let (base, query) = path.split_once('?').unwrap_or((path, ""));
        let mut query = format!("?{query}&page_size=1");
        let mut rows = Vec::new();
        loop {
            let page = get(silkrate.web, &format!("{base}{query}"), &[]).await;
            rows.extend(page.json()[list].as_array().unwrap().clone());
            let Some(link) = page.header("link") else {
                break;
            };
            let next = link.strip_suffix(">; rel=\"next\"").unwrap();
            next.strip_prefix('<').unwrap().clone_into(&mut query);
            assert!(query.contains("page_size=1&page_token="), "{link}");
        }
        assert!(rows.len() > 1, "{path}");
        assert_eq!(whole[list], serde_json::Value::Array(rows), "{path}");
    }
    silkrate.finish().await;
}
