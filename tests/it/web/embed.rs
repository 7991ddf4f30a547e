//! The page for the frames of other sites.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::browser::{Answer, get};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::FRIEND;

/// The service of 2 April 2026, whose page some sites may show.
async fn shown_by(ancestors: &[&str]) -> (Bank, Silkrate) {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.frame_ancestors = ancestors.iter().map(ToString::to_string).collect();
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    (bank, silkrate)
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

fn policy(answer: &Answer) -> &str {
    answer.header("content-security-policy").unwrap()
}

#[tokio::test]
async fn the_page_is_whole_and_has_the_values_before_any_script() {
    let (_bank, silkrate) = shown_by(&[]).await;
    let path = "/embed?pairs=USD/KZT&locale=ru&theme=dark&density=compact&speed=30";
    let answer = get(silkrate.web, path, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("set-cookie"), None);
    let text = answer.text();
    assert!(
        text.starts_with("<!DOCTYPE html><html lang=\"ru\" dir=\"ltr\" class=\"dark compact\">")
    );
    for part in [
        "<title>Курсы валют</title>",
        "<base target=\"_top\">",
        "<script src=\"ticker.js\" async></script>",
        "<strong>475,09</strong>",
        "<span>-0,77\u{a0}%</span>",
        "Национальный Банк Казахстана</a>",
        " speed=\"30\"",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // The policy refuses inline styles, and permits this one by its digest.
    assert!(!text.contains(" style="));
    let style = between(text, "<style>", "</style>");
    let digest = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    assert!(policy(&answer).contains(&format!("style-src 'sha256-{digest}';")));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_page_bears_the_snapshot_of_its_position_as_data() {
    let (_bank, silkrate) = shown_by(&[]).await;
    let answer = get(silkrate.web, "/embed?pairs=KZT/USD,KGS/USD", &[]).await;
    let state = between(answer.text(), "data-state=\"", "\"");
    let state: Value = serde_json::from_str(&state.replace("&quot;", "\"")).unwrap();
    let snapshot = "/v1/snapshot.json?pairs=KZT/USD,KGS/USD";
    let snapshot = get(silkrate.web, snapshot, &[]).await.json();
    for part in ["position", "rates", "sources"] {
        assert_eq!(state[part], snapshot[part], "{part}");
    }
    let held = [("if-none-match", answer.header("etag").unwrap())];
    let again = get(silkrate.web, "/embed?pairs=KZT/USD,KGS/USD", &held).await;
    assert_eq!((again.status, policy(&again)), (304, policy(&answer)));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_listed_sites_may_show_this_page_and_no_other() {
    for (listed, ancestors) in [
        (&[][..], "'self'"),
        (&[FRIEND], "'self' https://news.example"),
        (&["*"], "'self' *"),
    ] {
        let (_bank, silkrate) = shown_by(listed).await;
        // Twice: the second answer is one that was kept.
        for _ in 0..2 {
            let answer = get(silkrate.web, "/embed", &[]).await;
            let (_, found) = policy(&answer).split_once("frame-ancestors ").unwrap();
            assert_eq!(found, ancestors);
        }
        for path in ["/", "/ticker.html", "/v1/snapshot.json", "/nothing"] {
            let answer = get(silkrate.web, path, &[]).await;
            let policy = policy(&answer);
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        }
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named_on_a_page_in_the_frame() {
    let (_bank, silkrate) = shown_by(&[FRIEND]).await;
    for (query, field, words) in [
        ("theme=blue", "theme", "auto, light, dark"),
        ("direction=up", "direction", "left, right, vertical, static"),
        ("density=dense", "density", "regular, compact"),
        ("speed=-1", "speed", "9999 at most"),
        ("speed=12345", "speed", "9999 at most"),
        ("change=percents", "change", "percent, absolute, both, none"),
        ("window=day", "window", "previous, week, month, year"),
        ("digits=11", "digits", "0 to 10"),
        ("form=pairs", "form", "pair, local"),
        ("labels=sign", "labels", "code, name, symbol"),
        ("announced=no", "announced", "tag, row, off"),
        ("locale=xx", "locale", "en, kk, ky"),
        ("link=javascript:alert(1)", "link", "begins with http"),
        ("pairs=KZTUSD", "pairs[0]", "KZTUSD"),
        ("paris=KZT/USD", "paris", "no parameter `paris`"),
    ] {
        let path = format!("/embed?{query}");
        let answer = get(silkrate.web, &path, &[]).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(policy(&answer).ends_with("frame-ancestors 'self' https://news.example"));
        let text = answer.text();
        let named = format!("<code>{field}</code>");
        assert!(text.contains(&named), "{query}: {text}");
        assert!(text.contains(words), "{query}: {text}");
        assert!(!text.contains("<script"), "{query}");
    }
    silkrate.finish().await;
}
