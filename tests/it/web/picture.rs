//! The ticker as a picture.

use roxmltree::{Document, Node};
use rust_decimal::Decimal;

use crate::support::browser::get;
use crate::web::april;

const SVG: &str = "http://www.w3.org/2000/svg";

/// The texts within a node, each with its place.
fn texts_of(node: Node<'_, '_>) -> Vec<(Decimal, Decimal, String)> {
    let number = |node: Node<'_, '_>, name| node.attribute(name).unwrap().parse().unwrap();
    let texts = node
        .descendants()
        .filter(|node| node.has_tag_name((SVG, "text")));
    texts
        .map(|node| {
            let parts = node.descendants().filter(Node::is_text);
            let text: Vec<&str> = parts.filter_map(|part| part.text()).collect();
            (number(node, "x"), number(node, "y"), text.join(" "))
        })
        .collect()
}

fn texts(picture: &Document<'_>) -> Vec<(Decimal, Decimal, String)> {
    texts_of(picture.root_element())
}

fn child<'a>(picture: &'a Document<'a>, name: &str) -> &'a str {
    let mut children = picture.root_element().children();
    let child = children.find(|node| node.tag_name().name() == name);
    child.unwrap().text().unwrap()
}

#[tokio::test]
async fn the_picture_has_the_values_the_signs_the_date_and_the_credit_of_the_fragment() {
    let (_bank, silkrate) = april().await;
    let path = "/ticker.svg?pairs=KZT/USD,USD/KZT,KGS/USD&locale=ru";
    let answer = get(silkrate.web, path, &[]).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("image/svg+xml"))
    );
    let picture = Document::parse(answer.text()).unwrap();
    let shown: Vec<String> = texts(&picture).into_iter().map(|(.., text)| text).collect();
    assert_eq!(
        shown,
        [
            "KZT/USD",
            "0,0021049",
            "▲\u{a0}+0,77\u{a0}%",
            "USD/KZT",
            "475,09",
            "▼\u{a0}-0,77\u{a0}%",
            "KGS/USD",
            "\u{2013}",
            "Источник: Национальный Банк Казахстана; на 2 апреля 2026\u{a0}г.",
        ]
    );
    assert_eq!(child(&picture, "title"), "Курсы валют");
    let words = child(&picture, "desc");
    for part in [
        "USD/KZT 475,09, -0,77\u{a0}%: снижение, с 1 апреля 2026",
        "KGS/USD \u{2013}: неизвестно",
        "Источник: Национальный Банк Казахстана",
    ] {
        assert!(words.contains(part), "{words}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_picture_has_as_many_columns_as_fit_and_a_narrow_one_breaks_the_entries() {
    let (_bank, silkrate) = april().await;
    let pairs = "KZT/USD,USD/KZT,KGS/USD,TJS/USD";
    for (width, columns, rows) in [(120, 1, 10), (300, 1, 4), (640, 2, 2), (2000, 4, 1)] {
        let path = format!("/ticker.svg?pairs={pairs}&width={width}");
        let answer = get(silkrate.web, &path, &[]).await;
        let picture = Document::parse(answer.text()).unwrap();
        let root = picture.root_element();
        assert_eq!(root.attribute("width"), Some(width.to_string().as_str()));
        let height: Decimal = root.attribute("height").unwrap().parse().unwrap();
        let texts = texts(&picture);
        for (x, y, text) in &texts {
            assert!(
                *x >= Decimal::ZERO && *x < Decimal::from(width),
                "{width}: {text}"
            );
            assert!(*y > Decimal::ZERO && *y < height, "{width}: {text}");
        }
        let named = texts.iter().filter(|(.., text)| text.contains('/'));
        let mut lefts: Vec<_> = named.map(|(x, ..)| x.to_string()).collect();
        lefts.sort();
        lefts.dedup();
        assert_eq!(lefts.len(), columns, "{width}");
        let group = picture
            .descendants()
            .find(|node| node.has_tag_name((SVG, "g")));
        let entries = texts_of(group.unwrap());
        let mut heights: Vec<_> = entries.iter().map(|(_, y, _)| y.to_string()).collect();
        heights.sort();
        heights.dedup();
        assert_eq!(heights.len(), rows, "{width}: {texts:?}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn any_site_may_show_the_picture_which_brings_its_style_alone() {
    let (_bank, silkrate) = april().await;
    let answer = get(silkrate.web, "/ticker.svg?theme=dark", &[]).await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    assert_eq!(answer.header("cache-control"), Some("public, max-age=5"));
    let held = [("if-none-match", answer.header("etag").unwrap())];
    let again = get(silkrate.web, "/ticker.svg?theme=dark", &held).await;
    assert_eq!((again.status, again.text()), (304, ""));
    let light = get(silkrate.web, "/ticker.svg?theme=light", &held).await;
    assert_eq!(light.status, 200);
    assert_ne!(light.body, answer.body);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_wrong_parameter_of_the_picture_is_named() {
    let (_bank, silkrate) = april().await;
    for (query, field) in [
        ("width=119", "width"),
        ("width=2001", "width"),
        ("width=wide", "width"),
        ("theme=blue", "theme"),
        ("change=some", "change"),
        ("window=day", "window"),
        ("digits=11", "digits"),
        ("locale=xx", "locale"),
        ("pairs=KZTUSD", "pairs[0]"),
    ] {
        let answer = get(silkrate.web, &format!("/ticker.svg?{query}"), &[]).await;
        let (status, _, named) = answer.refusal();
        assert_eq!((status, named.as_deref()), (400, Some(field)), "{query}");
    }
    silkrate.finish().await;
}
