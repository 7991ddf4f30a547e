//! The pages in every language: all rates at the root, and the page of a currency.

use std::net::SocketAddr;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::browser::{Answer, get, send};
use crate::support::silkrate::{Silkrate, settings, source};
use crate::web::april;

/// The languages, with the title of the page at the root, and the end of that of a currency.
const LANGUAGES: [(&str, &str, &str); 8] = [
    (
        "en",
        "Official exchange rates of Central Asia",
        " (KZT): official rate",
    ),
    (
        "kk",
        "Орталық Азия валюталарының ресми бағамдары",
        " (KZT): ресми бағам",
    ),
    (
        "ky",
        "Борбордук Азия валюталарынын расмий курстары",
        " (KZT): расмий курс",
    ),
    (
        "ru",
        "Официальные курсы валют Центральной Азии",
        " (KZT): официальный курс",
    ),
    (
        "tg",
        "Қурбҳои расмии асъори Осиёи Марказӣ",
        " (KZT): қурби расмӣ",
    ),
    (
        "tk",
        "Merkezi Aziýa walýutalarynyň resmi kurslary",
        " (KZT): resmi kurs",
    ),
    (
        "uz",
        "Markaziy Osiyo valyutalarining rasmiy kurslari",
        " (KZT): rasmiy kurs",
    ),
    (
        "uz-Cyrl",
        "Марказий Осиё валюталарининг расмий курслари",
        " (KZT): расмий курс",
    ),
];

/// A page, which is HTML.
async fn page(web: SocketAddr, path: &str) -> String {
    let answer = get(web, path, &[]).await;
    assert_eq!(answer.status, 200, "{path}");
    html(&answer).to_owned()
}

pub(super) fn html(answer: &Answer) -> &str {
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    answer.text()
}

/// The exact values that a page bears beside the written ones, in its order.
fn values(page: &str) -> Vec<&str> {
    let parts = page.split("<data value=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

/// The text of a page between the tags.
pub(super) fn text(page: &str) -> String {
    let parts = page.split('<').skip(1);
    let texts = parts.filter_map(|part| part.split_once('>'));
    texts.map(|(_tag, text)| text).collect()
}

#[tokio::test]
async fn every_language_has_its_pages_with_links_to_the_others() {
    let (_bank, silkrate) = april().await;
    for (tag, home, currency) in LANGUAGES {
        for (path, title) in [("/", home), ("/KZT", currency)] {
            let path = format!("{path}?locale={tag}");
            let page = page(silkrate.web, &path).await;
            assert!(page.contains(&format!("<html lang=\"{tag}\">")), "{path}");
            assert!(
                page.contains(&format!("{title} · silkrate</title>")),
                "{path}"
            );
            let address = if path.starts_with("/K") { "KZT" } else { "./" };
            let canonical = format!("<link rel=\"canonical\" href=\"{address}?locale={tag}\">");
            assert!(page.contains(&canonical), "{path}");
            for (other, ..) in LANGUAGES {
                let href = format!("hreflang=\"{other}\" href=\"{address}?locale={other}\"");
                assert!(page.contains(&href), "{path}: {other}");
            }
            assert!(page.contains("hreflang=\"x-default\""), "{path}");
            assert!(!page.contains("og:url"), "{path}");
        }
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn with_a_public_address_a_page_names_whole_addresses_for_search_engines() {
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.public_url = Some("https://site.example/rates/".to_owned());
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    for (path, address, separator) in [
        ("/?locale=ru", "", "?"),
        ("/?quote=EUR&locale=ru", "?quote=EUR", "&amp;"),
        ("/KZT?locale=ru", "KZT", "?"),
    ] {
        let page = page(silkrate.web, path).await;
        let whole = format!("https://site.example/rates/{address}");
        let own = format!("{whole}{separator}locale=ru");
        for head in [
            format!("<link rel=\"canonical\" href=\"{own}\">"),
            format!("<meta property=\"og:url\" content=\"{own}\">"),
            format!("hreflang=\"x-default\" href=\"{whole}\">"),
        ] {
            assert!(page.contains(&head), "{path}: {head}");
        }
        for (tag, ..) in LANGUAGES {
            let link = format!(
                "<link rel=\"alternate\" hreflang=\"{tag}\" href=\"{whole}{separator}locale={tag}\">"
            );
            assert!(page.contains(&link), "{path}: {link}");
        }
        // What a reader follows stays within the site that shows the page.
        assert!(
            page.contains("<a class=\"brand\" href=\"./?locale=ru\">"),
            "{path}"
        );
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_figures_of_the_pages_are_those_of_the_interface_for_programs() {
    let (_bank, silkrate) = april().await;
    let rates = get(silkrate.web, "/v1/snapshot.json?pairs=USD/KZT,KZT/USD", &[]).await;
    let rates = rates.json();
    let value = |index: usize| rates["rates"][index]["value"].as_str().unwrap().to_owned();
    let (dollar, tenge) = (value(0), value(1));
    assert_eq!(dollar, "475.09");
    let home = page(silkrate.web, "/?locale=ru").await;
    assert_eq!(values(&home), [&dollar, &tenge]);
    assert!(home.contains(">475,09\u{a0}₸</data>"), "{home}");
    assert!(home.contains(">0,0021049</data>"));
    let russian = page(silkrate.web, "/KZT?locale=ru").await;
    // The headline both ways, the table, the month as the bank printed it, the converter.
    let expected = [
        &dollar, &tenge, &dollar, &tenge, "475.09", "478.77", "100", "47509",
    ];
    assert_eq!(values(&russian), expected);
    let text = text(&russian);
    for shown in [
        "1\u{a0}USD = 475,09\u{a0}₸",
        "▼-0,77\u{a0}%",
        "на 2 апреля 2026\u{a0}г.",
        "Национальный Банк Казахстана",
        "Банк обычно публикует курсы по рабочим дням с 14:00 до 19:00 (UTC+05).",
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
    let description = "content=\"Казахстанский тенге: 1\u{a0}USD = 475,09\u{a0}₸ (-0,77\u{a0}%), \
                       на 2 апреля 2026\u{a0}г. · Источник: Национальный Банк Казахстана\"";
    assert!(russian.contains(description), "{russian}");
    silkrate.finish().await;
}

#[tokio::test]
async fn what_a_bank_announces_stands_on_the_pages_with_its_date_and_its_change() {
    let bank = bank_of_april().await;
    let third = nbk("03.04.2026", ("472.31", "-2.78"), ("3.90", "-0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let silkrate = silkrate_of_april(&bank).await;
    for path in ["/?locale=ru", "/KZT?locale=ru"] {
        let page = page(silkrate.web, path).await;
        let announced = "с завтрашнего дня, 3 апреля 2026\u{a0}г.: 472,31\u{a0}₸ (-0,59\u{a0}%)";
        assert!(text(&page).contains(announced), "{path}: {page}");
        assert!(page.contains(">475,09\u{a0}₸</data>"), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_currency_without_a_source_has_a_page_with_dashes() {
    let (_bank, silkrate) = april().await;
    let page = page(silkrate.web, "/TMT?locale=en").await;
    assert!(page.contains(" (TMT): official rate · silkrate</title>"));
    assert!(page.contains("<p class=\"headline\">\u{2013} <small>unknown</small></p>"));
    assert_eq!(values(&page), Vec::<&str>::new());
    assert!(text(&page).contains("No rate is known between these two currencies."));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_language_is_the_one_that_the_reader_accepts() {
    let (_bank, silkrate) = april().await;
    for path in ["/", "/KZT"] {
        let accepted = [("accept-language", "de, kk-KZ;q=0.8, ru;q=0.4")];
        let answer = get(silkrate.web, path, &accepted).await;
        assert!(html(&answer).contains("<html lang=\"kk\">"), "{path}");
        assert!(answer.vary().contains(&"accept-language"), "{path}");
        let again = [("accept-language", "ru")];
        let other = get(silkrate.web, path, &again).await;
        assert!(html(&other).contains("<html lang=\"ru\">"), "{path}");
        assert_ne!(answer.header("etag"), other.header("etag"));
        let named = get(silkrate.web, &format!("{path}?locale=tg"), &accepted).await;
        assert!(html(&named).contains("<html lang=\"tg\">"), "{path}");
        assert!(!named.vary().contains(&"accept-language"), "{path}");
    }
    for (path, tag) in [
        ("/KZT?locale=xx", "ru"),
        ("/?locale=xx", "ru"),
        ("/?locale=kk&locale=en", "kk"),
        ("/?locale=tg&utm_source=mail", "tg"),
    ] {
        let answer = get(silkrate.web, path, &[("accept-language", "ru")]).await;
        assert_eq!(answer.status, 200, "{path}");
        let root = format!("<html lang=\"{tag}\">");
        assert!(html(&answer).contains(&root), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_page_has_a_validator_and_lasts_as_long_as_a_snapshot() {
    let (_bank, silkrate) = april().await;
    for path in ["/?locale=en", "/KZT?locale=en"] {
        let first = get(silkrate.web, path, &[]).await;
        assert_eq!(first.header("cache-control"), Some("public, max-age=5"));
        let snapshot = get(silkrate.web, "/v1/snapshot.json", &[]).await;
        let position = first.header("silkrate-position");
        assert_eq!(position, snapshot.header("silkrate-position"));
        let condition = [("if-none-match", first.header("etag").unwrap())];
        let again = get(silkrate.web, path, &condition).await;
        assert_eq!((again.status, again.text()), (304, ""), "{path}");
        let head = send(silkrate.web, ("HEAD", path), &[], b"").await;
        assert_eq!((head.status, head.text()), (200, ""), "{path}");
        assert_eq!(head.header("etag"), first.header("etag"), "{path}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_list_of_currencies_works_without_a_script() {
    let (_bank, silkrate) = april().await;
    let euro = page(silkrate.web, "/?locale=en&quote=EUR").await;
    assert!(euro.contains("<option value=\"EUR\" selected>"));
    assert!(euro.contains("<link rel=\"canonical\" href=\"./?quote=EUR&amp;locale=en\">"));
    let other = page(silkrate.web, "/?locale=en&quote=GBP").await;
    assert!(other.contains("<option value=\"USD\" selected>"));
    assert!(other.contains("<link rel=\"canonical\" href=\"./?locale=en\">"));
    silkrate.finish().await;
}

#[tokio::test]
async fn the_converter_works_without_a_script_and_names_what_is_wrong() {
    let (_bank, silkrate) = april().await;
    let converted = async |query: &str| {
        let path = format!("/KZT?locale=ru&{query}");
        let answer = get(silkrate.web, &path, &[]).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{query}");
        let page = html(&answer).to_owned();
        let result = page.split("role=\"status\">").nth(1).unwrap();
        let result = result.split("</div>").next().unwrap();
        (answer.status, text(result), page)
    };
    for (query, result) in [
        (
            "amount=1000,5&from=USD&to=KZT",
            "1\u{a0}000,5\u{a0}$ = 475\u{a0}327,54\u{a0}₸",
        ),
        (
            "amount=1+000.5&from=USD&to=KZT",
            "1\u{a0}000,5\u{a0}$ = 475\u{a0}327,54\u{a0}₸",
        ),
        ("amount=1&from=KZT&to=USD", "1\u{a0}₸ = 0,0021\u{a0}$"),
        ("from=usd", "100\u{a0}$ = 47\u{a0}509,00\u{a0}₸"),
    ] {
        let (status, shown, page) = converted(query).await;
        assert_eq!(status, 200, "{query}");
        assert!(shown.starts_with(result), "{query}: {shown}");
        assert!(!page.contains("aria-invalid"), "{query}");
    }
    let (status, shown, page) = converted("amount=%22%3E%3Cscript%3E&from=USD&to=KZT").await;
    assert_eq!(
        (status, shown.as_str()),
        (400, "Введите сумму цифрами, например 1\u{a0}000,50.")
    );
    assert!(
        page.contains("value=\"&quot;&gt;&lt;script&gt;\""),
        "{page}"
    );
    assert!(page.contains("aria-invalid=\"true\""));
    for large in [
        "99999999999999999999999999999999",
        "99999999999999999999999999999999999999999999",
        "79228162514264337593543",
        "2104864341493190.77",
    ] {
        let (status, shown, _) = converted(&format!("amount={large}&from=USD&to=KZT")).await;
        assert_eq!(
            (status, shown.as_str()),
            (400, "Сумма слишком велика."),
            "{large}"
        );
    }
    let (status, shown, page) = converted("amount=1&from=XAU&to=KZT").await;
    assert_eq!(
        (status, shown.as_str()),
        (400, "Курс между этими валютами неизвестен.")
    );
    assert!(page.contains("<option value=\"XAU\" selected>XAU</option>"));
    silkrate.finish().await;
}

#[tokio::test]
async fn every_address_of_a_page_is_relative_and_every_file_of_it_is_there() {
    let (_bank, silkrate) = april().await;
    for path in ["/?locale=en", "/KZT?locale=en", "/GBP?locale=en"] {
        let answer = get(silkrate.web, path, &[]).await;
        let parts = html(&answer).split([' ', '<']);
        let addresses = parts.filter_map(|part| {
            let quoted = part
                .strip_prefix("href=\"")
                .or(part.strip_prefix("src=\""))?;
            quoted.split('"').next()
        });
        let own: Vec<String> = addresses
            .filter(|address| !address.starts_with("https://") && !address.starts_with('#'))
            .map(|address| address.replace("&amp;", "&"))
            .collect();
        assert!(own.len() > 10, "{path}: {own:?}");
        for address in own {
            assert!(!address.starts_with('/'), "{path}: {address}");
            let address = format!("/{}", address.trim_start_matches("./"));
            let found = get(silkrate.web, &address, &[]).await;
            assert!(found.status < 400, "{path}: {address}: {}", found.status);
        }
    }
    silkrate.finish().await;
}
