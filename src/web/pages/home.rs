//! The page at the root: all rates against one currency, the ticker in its variants, and the builder of snippets.

use maud::{Markup, html};

use crate::domain::{Currency, Form, Pair};
use crate::web::pages::figures::{DASH, Shown};
use crate::web::pages::layout::{Document, in_language};
use crate::web::pages::{Page, QUOTES};

/// The variants of the ticker that are shown: their attributes, and whether one is as wide as the page.
const VARIANTS: [(&[(&str, &str)], bool); 4] = [
    (
        &[
            ("direction", "right"),
            ("change", "both"),
            ("density", "compact"),
        ],
        true,
    ),
    (&[("direction", "vertical"), ("theme", "dark")], false),
    (
        &[
            ("direction", "vertical"),
            ("speed", "0"),
            ("density", "compact"),
        ],
        false,
    ),
    (
        &[
            ("direction", "static"),
            ("form", "local"),
            ("change", "absolute"),
        ],
        true,
    ),
];
/// The size of the small charts of the table, which the style sheet reserves.
const CHART: (u32, u32) = (120, 60);

/// The page.
pub(super) fn document(page: &Page<'_>, quote: Currency) -> Document {
    let words = &page.locale.pages;
    let of = |id, name: &String| (id, name.clone());
    let address = if quote == Currency::USD {
        "./".to_owned()
    } else {
        format!("./?quote={quote}")
    };
    let pairs = Currency::FIVE.map(|code| format!("{code}/{quote}"));
    let home = &words.home;
    let (title, description, heading) = if has_market(page, quote) {
        (
            &home.market_title,
            &home.market_description,
            &home.market_heading,
        )
    } else {
        (&home.title, &home.description, &home.heading)
    };
    Document {
        title: title.clone(),
        description: description.clone(),
        address: Some(address),
        pairs: pairs.join(","),
        sections: vec![
            of("rates", &words.home.rates),
            of("ticker", &words.home.ticker),
            of("builder", &words.builder.heading),
        ],
        content: html! {
            section.opening {
                h1 { (heading) }
                p { (words.home.intro) }
            }
            (rates(page, quote))
            (variants(page))
            (page.builder())
        },
    }
}

/// Whether a rate of the table is of no bank.
fn has_market(page: &Page<'_>, quote: Currency) -> bool {
    let mut rates = Currency::FIVE
        .into_iter()
        .filter_map(|base| page.shown(base, quote, Form::Pair));
    rates.any(|shown| shown.is_of_market())
}

fn rates(page: &Page<'_>, quote: Currency) -> Markup {
    let words = &page.locale.pages.home;
    html! {
        section #rates aria-labelledby="rates-title" {
            div.head {
                h2 #rates-title { (words.rates) }
                form #against.inline method="get" action="./" {
                    input type="hidden" name="locale" value=(page.tag);
                    label {
                        (words.against) " "
                        select #quote name="quote" {
                            @for known in QUOTES {
                                option value=(known) selected[known == quote] { (known) }
                            }
                        }
                    }
                    button type="submit" { (words.show) }
                }
            }
            div.scroll { (table(page, quote)) }
        }
    }
}

fn table(page: &Page<'_>, quote: Currency) -> Markup {
    let (home, layout) = (&page.locale.pages.home, &page.locale.pages.layout);
    html! {
        table #table data-live {
            caption.words { (home.caption) }
            thead {
                tr {
                    th scope="col" { (layout.currency) }
                    th.number scope="col" { "1\u{a0}" (quote) }
                    th.number scope="col" { (layout.change) }
                    th.number scope="col" { (home.unit.replace("{code}", quote.as_str())) }
                    th scope="col" { (home.month) }
                    th scope="col" { (layout.date) }
                    th scope="col" { (layout.source) }
                }
            }
            tbody {
                @for code in Currency::FIVE { (row(page, code, quote)) }
            }
        }
    }
}

fn row(page: &Page<'_>, code: Currency, quote: Currency) -> Markup {
    let name = page.locale.currency(code.as_str()).name;
    let pair = Pair { base: code, quote };
    let price = page.shown(quote, code, Form::Pair);
    let unit = page.shown(code, quote, Form::Pair);
    html! {
        tr data-pair=(pair) {
            th scope="row" {
                a href=(in_language(code.as_str(), page.tag)) { (code) }
                small { (name) }
            }
            @match (&price, &unit) {
                (Some(price), Some(unit)) => (known(page, price, unit)),
                _ => {
                    td.number.main { (DASH) span.words { " " (page.locale.words.unknown) } }
                    td.number.moved { (DASH) }
                    td.number.unit { (DASH) }
                    td.chart { (DASH) }
                    td.date { (DASH) }
                    td.source { (DASH) }
                }
            }
        }
    }
}

/// The price of one unit of the foreign currency with its change, and that of one unit of the currency of the row.
fn known(page: &Page<'_>, price: &Shown, unit: &Shown) -> Markup {
    let rate = &unit.rate;
    let announced = page.announcement(price);
    html! {
        td.number.main { (page.label(price)) (page.money(&price.entry, price.entry.value)) }
        td.number.moved { (page.change(price.entry.change.as_ref())) }
        td.number.unit { span.label { (rate.pair) " " } (page.value(&unit.entry, unit.entry.value)) }
        td.chart { (page.chart(Pair { base: rate.pair.quote, quote: rate.pair.base }, CHART)) }
        td.date {
            @if let Some(date) = rate.effective_date { (page.locale.date(date)) }
            small {
                (page.marks(rate))
                @if let Some(announced) = announced { " " span { (announced) } }
            }
        }
        td.source { (page.sources(rate)) }
    }
}

fn variants(page: &Page<'_>) -> Markup {
    html! {
        section #ticker aria-labelledby="ticker-title" {
            h2 #ticker-title { (page.locale.pages.home.variants) }
            div.variants {
                @for (attributes, is_wide) in VARIANTS {
                    figure.wide[is_wide] {
                        (variant(page, attributes))
                        figcaption { code { (written(attributes)) } }
                    }
                }
            }
        }
    }
}

/// The attributes as the source of a page has them.
fn written(attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter();
    let written: Vec<_> = attributes
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    written.join(" ")
}

fn variant(page: &Page<'_>, attributes: &[(&str, &str)]) -> Markup {
    let value = |wanted: &str| {
        let mut attributes = attributes.iter();
        let found = attributes.find(|(name, _)| *name == wanted);
        found.map(|(_, value)| *value)
    };
    html! {
        silk-ticker locale=(page.tag) direction=[value("direction")] change=[value("change")]
            density=[value("density")] theme=[value("theme")] speed=[value("speed")] form=[value("form")] {}
    }
}
