//! Pages, files and the fragment.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA384, digest};
use roxmltree::Document;

use crate::support::browser::{Answer, get, open, send};
use crate::web::{FOREIGN, april};

/// Asserts the security headers of a response.
fn assert_safe(answer: &Answer, path: &str) {
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(policy.contains("frame-ancestors 'none'"), "{path}");
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{path}"
    );
    assert_eq!(
        answer.header("referrer-policy"),
        Some("no-referrer"),
        "{path}"
    );
    assert_eq!(answer.header("set-cookie"), None, "{path}");
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let (_bank, silkrate) = april().await;
    for path in [
        "/",
        "/KZT",
        "/GBP",
        "/KZT?amount=x",
        "/ticker.html",
        "/ticker.js",
        "/v1/snapshot.json",
        "/nothing",
    ] {
        assert_safe(&get(silkrate.web, path, &[]).await, path);
    }
    let page = get(silkrate.web, "/", &[]).await;
    for inline in ["<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.text().contains(inline), "{inline} would be refused");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_scripts_are_served_under_a_stable_name_and_under_one_with_their_digest() {
    let (_bank, silkrate) = april().await;
    for element in ["/ticker", "/chart"] {
        assert_has_two_names(silkrate.web, element).await;
    }
    for outside in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd"] {
        assert_eq!(
            get(silkrate.web, outside, &[]).await.status,
            404,
            "{outside}"
        );
    }
    silkrate.finish().await;
}

/// Asserts that the script of an element has a name that never changes, and one with its digest, which has the same bytes.
async fn assert_has_two_names(web: SocketAddr, element: &str) {
    let lasting = get(web, &format!("{element}.js"), &[]).await;
    assert_eq!(
        lasting.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(lasting.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(lasting.header("access-control-allow-origin"), Some("*"));
    let described = get(web, &format!("{element}.json"), &[]).await.json();
    let integrity = format!("sha384-{}", STANDARD.encode(digest(&SHA384, &lasting.body)));
    assert_eq!(described["integrity"], integrity);
    let path = described["src"].as_str().unwrap();
    assert!(path.starts_with(&format!("{element}-")), "{path}");
    let digested = get(web, path, &[]).await;
    assert_eq!(digested.body, lasting.body);
    assert_eq!(
        digested.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    let held = [("if-none-match", digested.header("etag").unwrap())];
    let again = get(web, path, &held).await;
    assert_eq!((again.status, again.text()), (304, ""));
}

#[tokio::test]
async fn the_script_of_the_chart_loads_the_ticker_by_an_address_and_a_digest_that_are_served() {
    let (_bank, silkrate) = april().await;
    let chart = get(silkrate.web, "/chart.js", &[]).await;
    let ticker = get(silkrate.web, "/ticker.json", &[]).await.json();
    for field in ["src", "integrity"] {
        let value = ticker[field].as_str().unwrap().trim_start_matches('/');
        assert!(chart.text().contains(value), "{value}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_address_of_another_versions_script_leads_to_the_current_one() {
    let (_bank, silkrate) = april().await;
    let headers = [("origin", FOREIGN)];
    for (method, old, current) in [
        ("GET", "/ticker-0123456789abcdef.js", "ticker.js"),
        ("HEAD", "/ticker-0123456789abcdef.js", "ticker.js"),
        ("GET", "/chart-0123456789abcdef.js", "chart.js"),
    ] {
        let answer = send(silkrate.web, (method, old), &headers, b"").await;
        for (name, value) in [
            ("location", current),
            ("silkrate-script", "superseded"),
            ("cache-control", "no-store"),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert_eq!((answer.status, answer.text()), (307, ""));
        assert_safe(&answer, old);
    }
    for wrong in [
        "/ticker-0.js",
        "/ticker-0123456789abcdeg.js",
        "/ticker-0123456789ABCDEF.js",
        "/ticker-0123456789abcdef0.js",
        "/ticker-0123456789abcdef",
        "/v1/ticker-0123456789abcdef.js",
        "/pages-0123456789abcdef.js",
    ] {
        assert_eq!(get(silkrate.web, wrong, &[]).await.status, 404, "{wrong}");
    }
    silkrate.finish().await;
}

/// The text of an element, its children's included.
fn text(node: roxmltree::Node<'_, '_>) -> String {
    let texts = node.descendants().filter(roxmltree::Node::is_text);
    texts.filter_map(|node| node.text()).collect()
}

#[tokio::test]
async fn the_fragment_is_well_formed_and_has_every_number_as_text() {
    let (_bank, silkrate) = april().await;
    let path = "/ticker.html?pairs=KZT/USD,USD/KZT,KGS/USD&locale=RU&theme=dark";
    let answer = get(silkrate.web, path, &[]).await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let page = Document::parse(answer.text()).unwrap();
    let ticker = page.root_element();
    assert_eq!(ticker.tag_name().name(), "silk-ticker");
    let attributes = [
        ("pairs", "KZT/USD,USD/KZT,KGS/USD"),
        ("locale", "ru"),
        ("theme", "dark"),
        ("lang", "ru"),
        ("data-position", answer.header("silkrate-position").unwrap()),
    ];
    for (name, value) in attributes {
        assert_eq!(ticker.attribute(name), Some(value), "{name}");
    }
    let rows: Vec<_> = page
        .descendants()
        .filter(|node| node.has_tag_name("li"))
        .map(text)
        .collect();
    assert_eq!(
        rows,
        [
            "KZT/USD 0,0021049 ▲ +0,77\u{a0}% рост, с 1 апреля 2026\u{a0}г.; на 2 апреля 2026\u{a0}г.",
            "USD/KZT 475,09 ▼ -0,77\u{a0}% снижение, с 1 апреля 2026\u{a0}г.; на 2 апреля 2026\u{a0}г.",
            "KGS/USD \u{2013} неизвестно",
            "Источник: Национальный Банк Казахстана",
        ]
    );
    assert!(!answer.text().contains("<script"));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_fragment_has_the_digits_the_form_the_labels_and_the_links_of_the_element() {
    let (_bank, silkrate) = april().await;
    for (query, expected) in [
        ("digits=5", "KZT/USD 0.00210 ▲ +0.77%"),
        (
            "form=local&locale=ru",
            "1\u{a0}$ = 475,09\u{a0}₸ ▼ -0,77\u{a0}%",
        ),
        (
            "form=local&labels=code",
            "1\u{a0}USD = 475.09\u{a0}KZT ▼ -0.77%",
        ),
        ("form=local&labels=name", "US dollar ₸475.09 ▼ -0.77%"),
        ("labels=symbol", "₸/$ 0.0021049 ▲ +0.77%"),
        (
            "labels=name",
            "Kazakhstani tenge / US dollar 0.0021049 ▲ +0.77%",
        ),
        ("change=none", "KZT/USD 0.0021049 as of 2 April 2026"),
        (
            "form=local&labels=code&change=absolute",
            "1\u{a0}USD = 475.09\u{a0}KZT ▼ -3.68 down",
        ),
        (
            "form=local&labels=code&change=both",
            "1\u{a0}USD = 475.09\u{a0}KZT ▼ -3.68 · -0.77% down",
        ),
        ("change=absolute", "KZT/USD 0.0021049 ▲ +0.0000162 up"),
        (
            "window=year&speed=30&density=compact",
            "KZT/USD 0.0021049 \u{2013} no earlier value",
        ),
        ("link=/rates/{pair}?to={quote}", "KZT/USD 0.0021049"),
    ] {
        let path = format!("/ticker.html?pairs=KZT/USD&{query}");
        let path = path.replace('{', "%7B").replace('}', "%7D");
        let answer = get(silkrate.web, &path, &[]).await;
        let page = Document::parse(answer.text()).unwrap();
        let row = page.descendants().find(|node| node.has_tag_name("li"));
        let row = text(row.unwrap());
        assert!(row.starts_with(expected), "{query}: {row}");
        let link = page.descendants().find(|node| node.has_tag_name("a"));
        let href = link.and_then(|link| link.attribute("href")).unwrap();
        let is_entry = query.starts_with("link");
        assert_eq!(href == "/rates/KZT-USD?to=USD", is_entry, "{href}");
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap();
            let attribute = page.root_element().attribute(name);
            assert_eq!(attribute, Some(value), "{query}");
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_fragment_has_the_height_of_the_element_and_wraps_where_nothing_moves() {
    let (_bank, silkrate) = april().await;
    for (query, is_wrapped) in [("", false), ("?direction=static", true)] {
        let answer = get(silkrate.web, &format!("/ticker.html{query}"), &[]).await;
        let page = Document::parse(answer.text()).unwrap();
        let style = page.root_element().attribute("style").unwrap();
        assert!(style.contains("min-height:2.578125rem"), "{style}");
        let style = |name| {
            let found = page.descendants().find(|node| node.has_tag_name(name));
            found.unwrap().attribute("style").unwrap_or_default()
        };
        assert_eq!(style("ul").contains("display:flex"), !is_wrapped);
        assert_eq!(style("li").contains("inline-block"), is_wrapped);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_fragment_of_two_pairs_has_at_most_two_kilobytes_and_so_that_of_four_has_four() {
    let (_bank, silkrate) = april().await;
    for tag in ["en", "ru", "kk", "ky", "tg", "uz", "uz-Cyrl", "tk"] {
        for direction in ["left", "static"] {
            let query = format!("pairs=KZT/USD,USD/KZT&locale={tag}&direction={direction}");
            let answer = get(silkrate.web, &format!("/ticker.html?{query}"), &[]).await;
            let text = answer.text();
            assert_eq!(text.matches("<strong>").count(), 2, "{query}");
            assert!(!text.contains('\u{2013}'), "{query}: a value is unknown");
            assert!(text.len() <= 2048, "{query}: {}", text.len());
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_bank_is_named_once_with_its_page_in_the_language_of_the_reader() {
    let (_bank, silkrate) = april().await;
    let page = "exchangerates/ezhednevnye-oficialnye-rynochnye-kursy-valyut";
    for (tag, words, folder) in [
        ("ru", "Источник: Национальный Банк Казахстана", "ru"),
        ("en", "Source: National Bank of Kazakhstan", "en"),
        ("kk", "Дереккөз: Қазақстан Ұлттық Банкі", "en"),
    ] {
        let path = format!("/ticker.html?pairs=KZT/USD,USD/KZT&locale={tag}");
        let answer = get(silkrate.web, &path, &[]).await;
        let document = Document::parse(answer.text()).unwrap();
        let links = document.descendants().filter(|node| node.has_tag_name("a"));
        let links: Vec<_> = links.collect();
        let address = format!("https://nationalbank.kz/{folder}/{page}");
        assert_eq!(links.len(), 1, "{tag}");
        assert_eq!(links[0].attribute("href"), Some(address.as_str()));
        let mut rows = document
            .descendants()
            .filter(|node| node.has_tag_name("li"));
        assert_eq!(text(rows.next_back().unwrap()), words);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_fragment_is_written_in_every_language() {
    let (_bank, silkrate) = april().await;
    for (tag, value, word) in [
        ("en", "475.09", "down, since 1 April 2026"),
        ("kk", "475,09", "төмендеді"),
        ("ky", "475,09", "төмөндөдү"),
        ("tg", "475,09", "паст рафт, нисбат ба 1 апрел 2026"),
        ("uz", "475,09", "pasaydi"),
        ("uz-Cyrl", "475,09", "пасайди"),
        ("tk", "475,09", "peseldi"),
    ] {
        let path = format!("/ticker.html?pairs=USD/KZT&locale={tag}");
        let answer = get(silkrate.web, &path, &[]).await;
        let page = Document::parse(answer.text()).unwrap();
        let all = text(page.root_element());
        assert!(all.contains(value) && all.contains(word), "{tag}: {all}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_description_names_every_path_of_data() {
    let (_bank, silkrate) = april().await;
    let described = get(silkrate.web, "/v1/openapi.json", &[]).await.json();
    assert_eq!(described["openapi"], "3.1.0");
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/chart/{pair}.svg",
            "/ticker.html",
            "/ticker.svg",
            "/v1/convert",
            "/v1/convert.csv",
            "/v1/convert.ndjson",
            "/v1/currencies",
            "/v1/currencies.csv",
            "/v1/currencies.ndjson",
            "/v1/fixings/{source}/{currency}",
            "/v1/fixings/{source}/{currency}.csv",
            "/v1/fixings/{source}/{currency}.ndjson",
            "/v1/history",
            "/v1/history.csv",
            "/v1/history.ndjson",
            "/v1/history/{base}/{quote}",
            "/v1/history/{base}/{quote}.csv",
            "/v1/history/{base}/{quote}.ndjson",
            "/v1/pairs",
            "/v1/pairs.csv",
            "/v1/pairs.ndjson",
            "/v1/periods",
            "/v1/periods.csv",
            "/v1/periods.ndjson",
            "/v1/rates/{base}/{quote}",
            "/v1/rates/{base}/{quote}.csv",
            "/v1/rates/{base}/{quote}.ndjson",
            "/v1/snapshot",
            "/v1/snapshot.csv",
            "/v1/snapshot.json",
            "/v1/snapshot.ndjson",
            "/v1/sources",
            "/v1/sources.csv",
            "/v1/sources.ndjson",
            "/v1/watch",
        ]
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn every_address_that_the_readme_and_its_chapter_show_is_answered() {
    let (_bank, silkrate) = april().await;
    let readme = include_str!("../../../README.md");
    let chapter = include_str!("../../../src/web/README.md");
    let both = [readme, chapter].concat();
    let shown = both.split("127.0.0.1:8080/").skip(1);
    let paths = shown.map(|rest| rest.split(['\'', '\n', '>', '"', ' ']).next().unwrap());
    let paths: Vec<String> = paths.map(|path| format!("/{path}")).collect();
    assert!(paths.len() >= 14, "{paths:?}");
    for path in paths {
        let answer = open(silkrate.web, ("GET", &path), &[], b"").await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    silkrate.finish().await;
}
