//! Addresses that people write by hand, and that lead nowhere.

use crate::support::browser::get;
use crate::web::april;
use crate::web::currencies::{html, text};

#[tokio::test]
async fn a_code_in_lower_case_leads_to_the_page_and_an_unknown_one_to_links() {
    let (_bank, silkrate) = april().await;
    let lower = get(silkrate.web, "/kzt?locale=ru", &[]).await;
    let location = lower.header("location");
    assert_eq!((lower.status, location), (308, Some("KZT?locale=ru")));
    let missing = get(silkrate.web, "/GBP?locale=ru", &[]).await;
    assert_eq!(missing.status, 404);
    assert!(text(html(&missing)).contains("Страницы для GBP нет"));
    for code in ["KZT", "KGS", "TJS", "UZS", "TMT"] {
        let link = format!("<a href=\"{code}?locale=ru\">");
        assert!(missing.text().contains(&link), "{code}");
    }
    let slash = get(silkrate.web, "/kzt/?locale=ru", &[]).await;
    let location = slash.header("location");
    assert_eq!((slash.status, location), (308, Some("../KZT?locale=ru")));
    for path in ["/nothing", "/nothing/", "/KZT/USD"] {
        let nothing = get(silkrate.web, path, &[]).await;
        assert_eq!(
            nothing.refusal(),
            (404, "NO_SUCH_PATH".into(), None),
            "{path}"
        );
    }
    // A browser sends this.
    let accepted = [("accept", "text/html,application/xml;q=0.9,*/*;q=0.8")];
    let opened = get(silkrate.web, "/%3Cb%3E?locale=ru", &accepted).await;
    assert_eq!(opened.status, 404);
    assert!(text(html(&opened)).contains("Страницы для &lt;b&gt; нет"));
    assert!(opened.text().contains("<a href=\"KZT?locale=ru\">"));
    for accept in ["*/*", "application/json", "image/avif,image/*,*/*;q=0.8"] {
        let answer = get(silkrate.web, "/nothing", &[("accept", accept)]).await;
        assert_eq!(answer.refusal().1, "NO_SUCH_PATH", "{accept}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_reader_gets_links_that_lead_out_of_any_folder() {
    let (_bank, silkrate) = april().await;
    let accepted = [("accept", "text/html,application/xml;q=0.9,*/*;q=0.8")];
    for (path, way) in [
        ("/rates/", "../"),
        ("/rates/KZT", "../"),
        ("/KZT/USD", "../"),
        ("/a/b/c/", "../../../"),
        ("/rates/%D0%BA%D1%83%D1%80%D1%81", "../"),
        // No text in UTF-8: shown as it is.
        ("/rates/%EA%F3%F0%F1", "../"),
    ] {
        let opened = get(silkrate.web, &format!("{path}?locale=ru"), &accepted).await;
        assert_eq!(opened.status, 404, "{path}");
        let name = path.trim_start_matches('/');
        // In letters, as the reader wrote it.
        let name = name.replace("%D0%BA%D1%83%D1%80%D1%81", "курс");
        let expected = format!("Страницы для {name} нет");
        assert!(text(html(&opened)).contains(&expected), "{path}");
        for address in [
            "?locale=ru",
            "KZT?locale=ru",
            "v1/openapi.json",
            "pages.css",
        ] {
            let link = format!("href=\"{way}{address}\"");
            assert!(opened.text().contains(&link), "{path}: {link}");
        }
        for script in ["pages.js", "ticker.js"] {
            let source = format!("src=\"{way}{script}\"");
            assert!(opened.text().contains(&source), "{path}: {source}");
        }
    }
    for path in [
        "/v1".to_owned(),
        "/v1/nothing".to_owned(),
        "/folder".repeat(18),
    ] {
        let answer = get(silkrate.web, &path, &accepted).await;
        assert_eq!(answer.refusal().1, "NO_SUCH_PATH", "{path}");
    }
    silkrate.finish().await;
}
