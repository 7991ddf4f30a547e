//! Charts: pictures of the rates of a pair.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use roxmltree::Document;

use crate::history::{admin, table_request};
use crate::support::browser::{Answer, get};
use crate::support::silkrate::Silkrate;
use crate::web::{FOREIGN, april};

async fn chart(silkrate: &Silkrate, path: &str) -> Answer {
    let answer = get(silkrate.web, &format!("/chart/{path}"), &[]).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    answer
}

/// The text of the first element of a name.
fn text(answer: &Answer, name: &str) -> String {
    let picture = Document::parse(answer.text()).unwrap();
    let found = picture.descendants().find(|node| node.has_tag_name(name));
    let texts = found.unwrap().descendants();
    texts
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .collect()
}

/// Files a value of the dollar in tenge for some dates.
async fn file(silkrate: &Silkrate, values: &[(&str, &str)]) {
    let mut admin = admin(silkrate).await;
    for (date, value) in values {
        let filed = admin.file_table(table_request(date, value, "3.95")).await;
        assert!(filed.is_ok(), "{date}: {filed:?}");
    }
}

#[tokio::test]
async fn the_chart_of_april_is_drawn_as_recorded() {
    let (_bank, silkrate) = april().await;
    let answer = chart(
        &silkrate,
        "USD-KZT.svg?window=week&locale=ru&theme=light&width=320&height=200",
    )
    .await;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // One element a line, so that a difference can be read.
    let lines = answer.text().replace("><", ">\n<");
    settings.bind(|| insta::assert_snapshot!("chart", lines));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_chart_says_what_the_rates_say_and_is_broken_where_there_were_none() {
    let (_bank, silkrate) = april().await;
    let values = [
        ("2026-02-27", "480.10"),
        ("2026-03-03", "481.50"),
        ("2026-03-30", "481.00"),
    ];
    file(&silkrate, &values).await;
    let rate = get(silkrate.web, "/v1/rates/USD/KZT", &[]).await.json();
    let windows = rate["rate"]["windows"].as_array().unwrap();
    let month = windows
        .iter()
        .find(|window| window["window"] == "MONTH")
        .unwrap();
    assert_eq!(month["change"]["percent"], "-1.0435");
    assert_eq!(month["change"]["reference_value"], "480.10");
    let answer = chart(&silkrate, "USD-KZT.svg").await;
    assert_eq!(
        text(&answer, "title"),
        "USD/KZT, 2 March 2026 to 2 April 2026: from 480.10 to 475.09 (-1.04%)"
    );
    assert_eq!(
        text(&answer, "desc"),
        "lowest 475.09 (2 April 2026), highest 481.50 (3 March 2026); no data: 18 March 2026 \u{2013} 29 March 2026; \
         Source: National Bank of Kazakhstan"
    );
    let picture = Document::parse(answer.text()).unwrap();
    let line = picture
        .descendants()
        .find(|node| node.attribute("class") == Some("l"));
    let line = line.unwrap().attribute("d").unwrap();
    assert_eq!(line.matches('M').count(), 2, "{line}");
    assert!(
        answer
            .text()
            .contains("<tspan class=\"m\" font-size=\"12\" dx=\"6\">in a month</tspan>")
    );
    let turned = chart(&silkrate, "KZT-USD.svg?form=local&locale=ru").await;
    assert!(turned.text().contains("475,09\u{a0}₸"), "{}", turned.text());
    silkrate.finish().await;
}

#[tokio::test]
async fn a_chart_is_redrawn_at_the_next_revision_and_held_by_caches_until_then() {
    let (_bank, silkrate) = april().await;
    let first = chart(&silkrate, "USD-KZT.svg?window=week").await;
    assert_eq!(first.header("cache-control"), Some("public, max-age=5"));
    let other_case = chart(&silkrate, "usd-kzt.svg?window=week").await;
    assert_eq!(first.body, other_case.body);
    assert_eq!(first.header("etag"), other_case.header("etag"));
    let held = [("if-none-match", first.header("etag").unwrap())];
    let again = get(silkrate.web, "/chart/USD-KZT.svg?window=week", &held).await;
    assert_eq!((again.status, again.text()), (304, ""));
    file(&silkrate, &[("2026-03-31", "481.00")]).await;
    let next = get(silkrate.web, "/chart/USD-KZT.svg?window=week", &held).await;
    assert_eq!(next.status, 200);
    assert!(text(&next, "desc").contains("481.00 (31 March 2026)"));
    silkrate.finish().await;
}

#[tokio::test]
async fn pages_of_any_site_may_show_a_chart_and_it_runs_nothing() {
    let (_bank, silkrate) = april().await;
    for theme in ["auto", "light", "dark"] {
        let answer = chart(&silkrate, &format!("USD-KZT.svg?theme={theme}")).await;
        let style = digest(&SHA256, text(&answer, "style").as_bytes());
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'",
            STANDARD.encode(style)
        );
        assert_eq!(
            answer.header("content-security-policy"),
            Some(policy.as_str())
        );
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("cross-origin")
        );
        for active in ["<script", "href", " style=", " on", "url("] {
            assert!(!answer.text().contains(active), "{active}");
        }
    }
    // A picture is loaded without an origin; a script that reads it is refused as it is elsewhere.
    let read = get(silkrate.web, "/chart/USD-KZT.svg", &[("origin", FOREIGN)]).await;
    assert_eq!(read.status, 403);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_chart_is_written_in_every_language() {
    let (_bank, silkrate) = april().await;
    for (tag, title) in [
        (
            "en",
            "USD/KZT, 1 April 2026 to 2 April 2026: from 478.77 to 475.09 (-0.77%)",
        ),
        (
            "ru",
            "USD/KZT, с 1 апреля 2026\u{a0}г. по 2 апреля 2026\u{a0}г.: с 478,77 до 475,09 (-0,77\u{a0}%)",
        ),
        (
            "kk",
            "USD/KZT, 2026\u{a0}ж. 1 сәуір – 2026\u{a0}ж. 2 сәуір: басында 478,77, соңында 475,09 (-0,77%)",
        ),
        ("ky", "башында 478,77, аягында 475,09"),
        ("tg", "аз 478,77 то 475,09"),
        ("uz", "boshida 478,77, oxirida 475,09"),
        ("uz-Cyrl", "бошида 478,77, охирида 475,09"),
        ("tk", "başynda 478,77, ahyrynda 475,09"),
    ] {
        let answer = chart(&silkrate, &format!("USD-KZT.svg?locale={tag}")).await;
        assert!(answer.text().contains(&format!("xml:lang=\"{tag}\"")));
        let written = text(&answer, "title");
        assert!(written.contains(title), "{tag}: {written}");
        let all = answer.text();
        assert!(
            !all.contains('{')
                || all.matches('{').count() == text(&answer, "style").matches('{').count()
        );
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_wrong_request_for_a_chart_names_what_is_wrong() {
    let (_bank, silkrate) = april().await;
    for (path, field) in [
        ("USD-KZT.svg?window=day", "window"),
        ("USD-KZT.svg?theme=blue", "theme"),
        ("USD-KZT.svg?locale=xx", "locale"),
        ("USD-KZT.svg?width=119", "width"),
        ("USD-KZT.svg?height=1201", "height"),
        ("USD-KZT.svg?height=auto", "height"),
        ("USD-KZT.svg?digits=eleven", "digits"),
        ("USD-KZT.svg?form=pairs", "form"),
        ("USD-KZT.svg?labels=signs", "labels"),
        ("USDKZT.svg", "pair"),
        ("USD-KZT-EUR.svg", "pair"),
    ] {
        let answer = get(silkrate.web, &format!("/chart/{path}"), &[]).await;
        let (status, _reason, named) = answer.refusal();
        assert_eq!((status, named.as_deref()), (400, Some(field)), "{path}");
    }
    for (path, reason) in [
        ("USD-EUR.svg", "PAIR_NOT_QUOTED"),
        ("KGS-USD.svg", "PAIR_NOT_QUOTED"),
        ("USD-KZT", "NO_SUCH_PATH"),
        ("USD-KZT.png", "NO_SUCH_PATH"),
    ] {
        let answer = get(silkrate.web, &format!("/chart/{path}"), &[]).await;
        let (status, named, _field) = answer.refusal();
        assert_eq!((status, named.as_str()), (404, reason), "{path}");
    }
    let (status, reason, _field) = get(silkrate.web, "/chart/USD-KZT.svg?size=1", &[])
        .await
        .refusal();
    assert_eq!((status, reason.as_str()), (400, "INVALID_PARAMETER"));
    silkrate.finish().await;
}
