//! The drawn chart: its size, its bounds and its texts.

use jiff::civil::{Date, date};
use roxmltree::{Document, Node};
use rust_decimal::Decimal;

use super::*;
use crate::domain::{Derivation, Form, Pair, Rate};
use crate::queries::WindowRates;
use crate::web::chart::series::PastRates;
use crate::web::chart::style::style;
use crate::web::locale;

/// Sizes at, below and above each limit of the layout.
const SIZES: &[(Tenths, Tenths)] = &[
    (120, 60),
    (199, 300),
    (200, 100),
    (200, 179),
    (200, 180),
    (320, 160),
    (640, 320),
    (2000, 60),
    (2000, 1200),
];

/// A rate for each day of a window: a walk that looks like a currency, from 475.09.
fn walk(window: Window) -> PastRates {
    let last = date(2026, 4, 2);
    let first = window.before(last);
    let days = crate::domain::DateRange { first, last };
    let pair = Pair::parse("USD/KZT").unwrap();
    let mut cents = 47_509_i64;
    let rate = |day: Date| {
        let number = day.until(last).unwrap().get_days();
        cents += i64::from(number * 7919 % 541) - 268;
        let value = Decimal::new(cents, 2);
        let rate = Rate {
            pair,
            value,
            derivation: Derivation::Published,
            source: "nbk".to_owned(),
            ..Rate::identity(pair.base)
        };
        (day, rate)
    };
    let rates = days.dates().map(rate).collect();
    PastRates::of(pair, WindowRates { days, rates })
}

fn caption() -> Caption {
    Caption {
        title: "USD/KZT, 2 марта 2026 г. по 2 апреля 2026 г.".to_owned(),
        description: "минимум 471,90".to_owned(),
        label: "USD/KZT".to_owned(),
        short_label: "USD/KZT".to_owned(),
        as_of: "на 2 апреля 2026 г.".to_owned(),
        value: "475,09".to_owned(),
        change: None,
        credit: "Источник: Национальный Банк Казахстана".to_owned(),
        no_data: "нет данных".to_owned(),
    }
}

/// A number of a picture in tenths; nothing for a percentage.
fn tenths(number: &str) -> Option<Tenths> {
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(whole.parse::<Tenths>().ok()? * 10 + tenth.parse::<Tenths>().ok()?)
}

fn drawn(
    series: Option<&Series>,
    window: Window,
    (width, height): (Tenths, Tenths),
    caption: Caption,
) -> String {
    let (tag, locale) = locale::find("ru").unwrap();
    let drawing = Drawing {
        width,
        height,
        tag,
        locale,
        rules: &style("auto").unwrap().rules,
        window,
        caption,
        series,
    };
    drawing.draw()
}

#[test]
fn a_year_with_a_rate_for_each_day_takes_less_than_eight_kilobytes() {
    let series = walk(Window::Year).series(Form::Pair).unwrap();
    assert_eq!(series.standings.len(), 366);
    let picture = drawn(Some(&series), Window::Year, (2000, 1200), caption());
    assert!(picture.len() < 8_000, "{} bytes", picture.len());
}

#[test]
fn every_text_and_the_line_lie_within_a_picture_of_any_size() {
    for window in Window::ALL {
        let series = walk(window).series(Form::Pair).unwrap();
        for size in SIZES {
            let picture = drawn(Some(&series), window, *size, caption());
            let document = Document::parse(&picture).unwrap();
            let root = document.root_element();
            let number = |node: Node<'_, '_>, name| node.attribute(name).and_then(tenths);
            let [width, height] = ["width", "height"].map(|name| number(root, name).unwrap());
            let mut lines = 0;
            for node in root.descendants().filter(Node::is_element) {
                let [x, y] = [["x", "cx"], ["y", "cy"]]
                    .map(|names| names.into_iter().find_map(|name| number(node, name)));
                assert!(
                    x.is_none_or(|x| (0..=width).contains(&x)),
                    "{size:?} {node:?}"
                );
                assert!(
                    y.is_none_or(|y| (0..=height).contains(&y)),
                    "{size:?} {node:?}"
                );
                lines += usize::from(node.attribute("class") == Some("l"));
            }
            assert_eq!(lines, 1, "{size:?}");
        }
    }
}

#[test]
fn a_small_chart_is_a_line_with_its_alternative() {
    let series = walk(Window::Month).series(Form::Pair).unwrap();
    let of = |size| drawn(Some(&series), Window::Month, size, caption());
    for size in [(199, 300), (300, 99), (120, 60)] {
        let picture = of(size);
        assert!(!picture.contains("<text"), "{size:?}");
        assert!(
            picture.contains("<title>USD/KZT, 2 марта") && picture.contains("<path class=\"l\"")
        );
    }
    assert!(
        !of((200, 100)).contains(">Источник:"),
        "the alternative has it"
    );
    assert!(of((320, 160)).contains(">Источник: Национальный Банк"));
    assert!(!of((320, 179)).contains("марта</text>"));
    assert!(of((320, 180)).contains("марта</text>"));
}

#[test]
fn a_value_is_whole_in_every_labelled_chart_and_long_names_become_codes() {
    let series = walk(Window::Month).series(Form::Pair).unwrap();
    let names = "АҚШ доллары / Қырғызстан сомы";
    let sizes = SIZES.iter().chain(&[(240, 179), (280, 180)]);
    for size in sizes.filter(|size| size.0 >= LABELLED.0 && size.1 >= LABELLED.1) {
        for value in ["475,0900000000", "12\u{a0}142,1000000000 сум"] {
            let caption = Caption {
                label: names.to_owned(),
                value: value.to_owned(),
                ..caption()
            };
            let picture = drawn(Some(&series), Window::Month, *size, caption);
            let document = Document::parse(&picture).unwrap();
            let mut is_valued = false;
            for text in document
                .descendants()
                .filter(|node| node.has_tag_name("text"))
            {
                let spans = text.children().filter(|node| node.has_tag_name("tspan"));
                let spans = spans.map(|span| {
                    let written = span.text().unwrap_or_default();
                    is_valued |= written == value;
                    let size = span.attribute("font-size").unwrap().parse().unwrap();
                    width(written, size) + tenths(span.attribute("dx").unwrap_or("0")).unwrap()
                });
                let taken: Tenths = spans.sum();
                assert!(taken <= (size.0 - 2 * MARGIN) * 10, "{size:?} {text:?}");
            }
            assert!(is_valued, "{size:?} {value}");
            let has_room = size.0 >= ROOMY.0 && size.1 >= ROOMY.1;
            assert_eq!(picture.contains(names), has_room, "{size:?} {value}");
            assert_eq!(picture.contains(">USD/KZT<"), !has_room, "{size:?} {value}");
        }
    }
}

#[test]
fn a_chart_without_rates_says_so() {
    let picture = drawn(None, Window::Month, (640, 320), caption());
    assert!(picture.contains("нет данных</text>") && !picture.contains("<path"));
    let small = drawn(None, Window::Month, (120, 60), caption());
    assert!(small.contains("<title>") && !small.contains("<text"));
}

#[test]
fn nothing_in_a_text_is_markup() {
    let hostile = || "</text></title><script>alert('&')</script>".to_owned();
    let caption = Caption {
        title: hostile(),
        description: hostile(),
        label: hostile(),
        short_label: hostile(),
        as_of: hostile(),
        value: hostile(),
        credit: hostile(),
        no_data: hostile(),
        change: None,
    };
    let series = walk(Window::Week).series(Form::Pair).unwrap();
    let picture = drawn(Some(&series), Window::Week, (2000, 320), caption);
    let document = Document::parse(&picture).unwrap();
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("script"))
    );
    assert_eq!(picture.matches("&lt;script&gt;").count(), 6);
}
