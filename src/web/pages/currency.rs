//! The page of a currency: its rates, its last month, a converter, and its bank.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::domain::{Currency, DatingRule, Form, HistoryStep, Pair, Rate, Schedule, SourceRecord};
use crate::queries::{HistoryPairs, HistoryQuery, RangeQuery};
use crate::web::Shared;
use crate::web::pages::converter::Conversion;
use crate::web::pages::figures::{DASH, Shown};
use crate::web::pages::layout::{Document, in_language};
use crate::web::pages::{Page, QUOTES};

/// Days of the last month, as the chart has them.
const MONTH_DAYS: i64 = 31;
/// The size of the chart, which the style sheet scales to the width of the page.
const CHART: (u32, u32) = (640, 320);
/// The size of the chart on a page of at most [`PHONE`], where the words of a scaled one would be too small to read.
const PHONE_CHART: (u32, u32) = (320, 240);
const PHONE: &str = "(max-width: 40rem)";
/// Days of the week on which a bank publishes: the working days, and those with Saturday.
const WORKING_DAYS: usize = 5;
const SIX_DAYS: usize = 6;

/// The rates of the last month in dollars, newest first. None where the ledger cannot be read: the page shows the present.
pub(super) async fn last_month(web: &Shared, code: Currency) -> Vec<Rate> {
    let today = TimeZone::UTC.to_datetime(web.queries.now()).date();
    let start_date = today.saturating_sub(MONTH_DAYS.days()).to_string();
    let pair = format!("{code}/USD");
    let history = web.queries.history(HistoryQuery {
        pairs: HistoryPairs::One(&pair),
        step: HistoryStep::Fixing,
        range: RangeQuery {
            start_date: &start_date,
            end_date: "",
            page_size: 0,
            page_token: "",
        },
    });
    let page = history.await;
    let rows = page.map(|page| page.rows).unwrap_or_default();
    rows.into_iter().map(|row| row.rate).collect()
}

/// The page.
pub(super) fn document(
    page: &Page<'_>,
    code: Currency,
    history: Vec<Rate>,
    conversion: &Conversion,
) -> Document {
    let words = &page.locale.pages;
    let name = capitalised(&page.locale.currency(code.as_str()).name);
    let lead = page.shown(code, Currency::USD, Form::Local);
    let (title, rate) = if lead.as_ref().is_some_and(Shown::is_of_market) {
        (&words.currency.market_title, &words.currency.market_rate)
    } else {
        (&words.currency.title, &words.currency.rate)
    };
    let title = title.replace("{name}", &name);
    let of = |id, name: &String| (id, name.clone());
    let pairs = QUOTES.map(|quote| format!("{code}/{quote}"));
    Document {
        title: title.replace("{code}", code.as_str()),
        description: description(page, &name, lead.as_ref()),
        address: Some(code.to_string()),
        pairs: pairs.join(","),
        sections: vec![
            of("rate", rate),
            of("history", &words.currency.history),
            of("converter", &words.converter.heading),
        ],
        content: html! {
            (opening(page, code, &name))
            (rates(page, code, lead.as_ref(), rate))
            (month(page, code, history))
            (page.converter(code, conversion))
            (bank(page, code, lead.as_ref()))
            (others(page, Some(code)))
        },
    }
}

/// The page in place of that of a currency that has none, or of a path that leads nowhere.
pub(super) fn missing(page: &Page<'_>, code: &str) -> Document {
    let words = &page.locale.pages.currency;
    let title = words.missing_title.replace("{code}", code);
    Document {
        description: title.clone(),
        address: None,
        pairs: String::new(),
        sections: Vec::new(),
        content: html! {
            section.opening {
                p.back { a href=(page.home()) { (page.locale.pages.layout.all_rates) } }
                h1 { (title) }
                p { (words.missing) }
            }
            (others(page, None))
        },
        title,
    }
}

/// The value, its change, its date and its bank in one sentence for search engines and previews of links.
fn description(page: &Page<'_>, name: &str, lead: Option<&Shown>) -> String {
    let Some(Shown { rate, entry }) = lead else {
        return format!("{name}: {}", page.locale.words.unknown);
    };
    let value = page.money_text(entry, entry.value);
    let mut text = format!("{name}: {} = {value}", page.units(entry));
    if let Some(change) = &entry.change {
        text.push_str(" (");
        text.push_str(&page.locale.percent(change));
        text.push(')');
    }
    if let Some(date) = rate.effective_date {
        text.push_str(", ");
        text.push_str(&page.dated(&page.locale.words.as_of, date));
    }
    if let Some(record) = page.web.queries.source(&rate.source) {
        let source = &page.locale.words.source;
        text.push_str(" · ");
        text.push_str(&source.replace("{bank}", page.bank(&record)));
    }
    text
}

fn opening(page: &Page<'_>, code: Currency, name: &str) -> Markup {
    html! {
        section.opening {
            p.back { a href=(page.home()) { (page.locale.pages.layout.all_rates) } }
            h1 { (name) " " span.code { (code) } }
        }
    }
}

fn rates(page: &Page<'_>, code: Currency, lead: Option<&Shown>, heading: &str) -> Markup {
    html! {
        section #rate aria-labelledby="rate-title" {
            h2 #rate-title { (heading) }
            div #figures data-live {
                (headline(page, lead))
                @if lead.is_some() {
                    (pairs(page, code))
                }
            }
        }
    }
}

/// The rates both ways, in every currency that a source has.
fn pairs(page: &Page<'_>, code: Currency) -> Markup {
    let layout = &page.locale.pages.layout;
    html! {
        div.scroll {
            table.pairs {
                thead {
                    tr {
                        th scope="col" { (layout.currency) }
                        th.number scope="col" { (code) }
                        th.number scope="col" { (layout.change) }
                        th.number scope="col" { "1\u{a0}" (code) }
                        th.number scope="col" { (layout.change) }
                        th scope="col" { (layout.date) }
                        th scope="col" { (layout.source) }
                    }
                }
                tbody {
                    @for quote in QUOTES { (row(page, code, quote)) }
                }
            }
        }
    }
}

/// The rate in dollars, in large type, with all that belongs to it.
fn headline(page: &Page<'_>, lead: Option<&Shown>) -> Markup {
    let words = &page.locale.words;
    let Some(shown) = lead else {
        return html! { p.headline { (DASH) " " small { (words.unknown) } } };
    };
    let Shown { rate, entry } = shown;
    html! {
        p.headline {
            span { (page.units(entry)) " = " }
            strong { (page.money(entry, entry.value)) }
        }
        @if let Some(unit) = page.shown(entry.quote, entry.base, Form::Pair) {
            p.inverse { (page.units(&unit.entry)) " = " (page.money(&unit.entry, unit.entry.value)) }
        }
        p.moved { (page.change(entry.change.as_ref())) }
        p.note {
            @if let Some(date) = rate.effective_date { (page.dated(&words.as_of, date)) }
            (page.marks(rate)) " · " (page.sources(rate))
        }
        // Empty until the bank announces something, so that the table below has its place from the first paint.
        p.announced { @if let Some(announced) = page.announcement(shown) { (announced) } }
    }
}

/// The rate in one currency, both ways. Nothing where no source has it.
fn row(page: &Page<'_>, code: Currency, quote: Currency) -> Markup {
    let price = page.shown(quote, code, Form::Pair);
    let unit = page.shown(code, quote, Form::Pair);
    let (Some(price), Some(unit)) = (price, unit) else {
        return html! {};
    };
    html! {
        tr data-pair={ (code) "/" (quote) } {
            th scope="row" {
                (page.units(&price.entry))
                small { (page.locale.currency(quote.as_str()).name) }
            }
            td.number.main { (page.money(&price.entry, price.entry.value)) }
            td.number.moved { (page.change(price.entry.change.as_ref())) }
            td.number.unit { (page.label(&unit)) (page.money(&unit.entry, unit.entry.value)) }
            td.number.moved { (page.change(unit.entry.change.as_ref())) }
            td.date {
                @if let Some(date) = unit.rate.effective_date { (page.locale.date(date)) }
                small { (page.marks(&unit.rate)) }
            }
            td.source { (page.sources(&unit.rate)) }
        }
    }
}

fn month(page: &Page<'_>, code: Currency, history: Vec<Rate>) -> Markup {
    let words = &page.locale.pages;
    let pair = Pair {
        base: Currency::USD,
        quote: code,
    };
    let rows: Vec<Shown> = history
        .into_iter()
        .map(|rate| Shown::new(rate, Form::Local))
        .collect();
    html! {
        section #history aria-labelledby="history-title" {
            h2 #history-title { (words.currency.history) }
            div.history {
                figure { (course(page, pair, !rows.is_empty())) }
                div.scroll #month data-live tabindex="0" role="group" aria-labelledby="history-title" {
                    @if rows.is_empty() {
                        p.note { (page.locale.words.no_data) }
                    } @else {
                        table.days {
                            thead {
                                tr {
                                    th scope="col" { (words.layout.date) }
                                    th.number scope="col" {
                                        @if let Some(newest) = rows.first() { (page.units(&newest.entry)) }
                                    }
                                    th.number scope="col" { (words.layout.change) }
                                }
                            }
                            tbody { @for row in &rows { (day(page, row)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The chart, over a picture of it that is shown until its script has loaded. Without rates there is no picture, and the
/// first rate begins the chart.
fn course(page: &Page<'_>, pair: Pair, has_rates: bool) -> Markup {
    html! {
        silk-chart.course pair=(pair) locale=(page.tag) {
            @if has_rates {
                picture {
                    source media=(PHONE) srcset=(page.chart_address(pair, PHONE_CHART)) width=(PHONE_CHART.0) height=(PHONE_CHART.1);
                    (page.chart(pair, CHART))
                }
            }
        }
        script src="chart.js" defer {}
    }
}

fn day(page: &Page<'_>, shown: &Shown) -> Markup {
    let Shown { rate, entry } = shown;
    html! {
        tr {
            th scope="row" {
                @if let Some(date) = rate.effective_date {
                    time datetime=(date) { (page.locale.date(date)) }
                }
            }
            td.number { (page.money(entry, entry.value)) }
            td.number { (page.short_change(entry.change.as_ref())) }
        }
    }
}

fn bank(page: &Page<'_>, code: Currency, lead: Option<&Shown>) -> Markup {
    let words = &page.locale.pages.currency;
    let ids = lead
        .map_or("", |shown| shown.rate.source.as_str())
        .split('+');
    let records: Vec<_> = ids.filter_map(|id| page.web.queries.source(id)).collect();
    let fixings = lead.map_or(&[][..], |shown| &shown.rate.fixings);
    html! {
        section #bank aria-labelledby="bank-title" {
            h2 #bank-title { (words.bank) }
            @for record in &records {
                p {
                    (page.bank_link(record))
                    @if record.terms.starts_with("https://") {
                        " · " a href=(record.terms) rel="noopener" { (words.terms) }
                    }
                    @if !record.attribution.is_empty() { " · " span { (page.locale.attribution(record.id.as_str(), record.attribution)) } }
                }
                @if let Some(text) = schedule(page, record) { p { (text) } }
            }
            p {
                (words.data) ": "
                a href={ "v1/rates/" (code) "/USD" } { (capitalised(&words.latest)) } " · "
                a href={ "v1/history/" (code) "/USD" } { (words.history) }
                @for fixing in fixings {
                    " · " a href={ "v1/fixings/" (fixing.source) "/" (fixing.currency) } {
                        (capitalised(&words.rows)) " (" (fixing.source) " " (fixing.currency) ")"
                    }
                }
            }
        }
    }
}

/// When a bank publishes, and from when its rates are in force. Nothing for days that no sentence describes.
fn schedule(page: &Page<'_>, record: &SourceRecord) -> Option<String> {
    let words = &page.locale.pages.currency;
    let Schedule { hours, dating, .. } = record.documents.first()?.schedule;
    let days = match hours.days.len() {
        WORKING_DAYS => &words.working_days,
        SIX_DAYS => &words.six_days,
        _ => return None,
    };
    let offset = record.zone.to_offset(page.web.queries.now());
    let hour = |hour: i8| format!("{hour}:00");
    let published = days
        .replace("{opens}", &hour(hours.opens))
        .replace("{closes}", &hour(hours.closes))
        .replace("{zone}", &format!("UTC{offset}"));
    let in_force = match dating {
        DatingRule::SameDay => return Some(published),
        DatingRule::NextDay => &words.next_day,
        DatingRule::NextPublicationDay => &words.next_working_day,
    };
    Some(format!("{published} {in_force}"))
}

/// The links to the other currencies.
fn others(page: &Page<'_>, code: Option<Currency>) -> Markup {
    let words = &page.locale.pages.currency;
    html! {
        nav.others aria-label=(words.others) {
            @if code.is_some() { h2 { (words.others) } }
            ul {
                @for other in Currency::FIVE.into_iter().filter(|other| Some(*other) != code) {
                    li {
                        a href={ (page.way) (in_language(other.as_str(), page.tag)) } {
                            (capitalised(&page.locale.currency(other.as_str()).name)) " " span.code { (other) }
                        }
                    }
                }
            }
        }
    }
}

/// A name as it begins a title.
fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
