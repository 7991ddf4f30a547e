//! What a chart says: its figures in the language of the reader, and the alternative for those who do not see it.

use crate::domain::{Change, DateRange, Freshness, Pair, Rate, Window};
use crate::queries::Queries;
use crate::web::chart::series::{Point, Series};
use crate::web::display::Display;
use crate::web::locale::Locale;

/// The most gaps that the description lists: a reader listens to all of them.
const GAPS_MAX: usize = 5;

/// The texts of a chart.
#[derive(Debug, Default)]
pub(super) struct Caption {
    /// The alternative: what the chart shows, in one sentence.
    pub(super) title: String,
    /// The rest of it: the extremes, the gaps and the source.
    pub(super) description: String,
    /// The pair, as an entry of the ticker names it.
    pub(super) label: String,
    /// The same by the codes of the currencies.
    pub(super) short_label: String,
    /// The date of the last value, and whether it is late.
    pub(super) as_of: String,
    /// The last value.
    pub(super) value: String,
    /// The change, and since when.
    pub(super) change: Option<(Change, String)>,
    /// Where the values come from.
    pub(super) credit: String,
    pub(super) no_data: String,
}

/// Writes the texts of a chart.
#[derive(Debug)]
pub(super) struct CaptionWriter<'a> {
    pub(super) queries: &'a Queries,
    pub(super) locale: &'a Locale,
    pub(super) display: &'a Display<'a>,
    pub(super) window: Window,
}

impl CaptionWriter<'_> {
    /// The texts of a pair without values.
    pub(super) fn empty(&self, pair: Pair) -> Caption {
        let label = self.display.pair(pair);
        let no_data = self.locale.words.no_data.clone();
        let name = self.locale.chart.name.replace("{pair}", &label);
        Caption {
            title: format!("{name}: {no_data}"),
            label,
            short_label: pair.to_string(),
            no_data,
            ..Caption::default()
        }
    }

    /// The texts of the values of a pair, of which `present` is the present one.
    pub(super) fn of(&self, series: &Series, present: Option<&Rate>) -> Caption {
        let entry = series.entry(&series.last);
        let pair = self.display.pair(Pair {
            base: entry.base,
            quote: entry.quote,
        });
        let last = self.value(series, &series.last);
        let change = series.change();
        let percent = change.as_ref().map(|change| self.locale.percent(change));
        let begins = series.standings.first();
        let begins = begins.map_or(series.days.first, |standing| standing.days.first);
        let summary = &self.locale.chart.summary;
        let title = summary
            .replace("{pair}", &pair)
            .replace("{from}", &self.locale.date(begins))
            .replace("{to}", &self.locale.date(series.days.last))
            .replace("{first}", &self.value(series, &series.first))
            .replace("{last}", &last)
            .replace("{change}", percent.as_deref().unwrap_or("\u{2013}"));
        let credit = self.credit(&series.sources);
        Caption {
            title,
            description: self.description(series, &credit),
            label: self.display.label(&entry),
            short_label: self.display.short_label(&entry),
            as_of: self.as_of(series, present),
            value: last,
            change: change.map(|change| {
                let since = self.since(series, &change);
                (change, since)
            }),
            credit,
            no_data: self.locale.words.no_data.clone(),
        }
    }

    fn value(&self, series: &Series, point: &Point) -> String {
        self.display.value(&series.entry(point), point.value)
    }

    /// The words of the window if the change is over all of it, else the date since which it is.
    fn since(&self, series: &Series, change: &Change) -> String {
        let words = &self.locale.words;
        if !series.begins_in_time() {
            let date = self.locale.date(change.reference_date);
            return words.since.replace("{date}", &date);
        }
        match self.window {
            Window::Week => words.week.clone(),
            Window::Month => words.month.clone(),
            Window::Year => words.year.clone(),
        }
    }

    /// The date of the last value: the one to which it was carried, if it is served now.
    fn as_of(&self, series: &Series, present: Option<&Rate>) -> String {
        let words = &self.locale.words;
        let served = present.and_then(|rate| rate.effective_date);
        let date = served.map_or(series.last.date, |served| served.max(series.last.date));
        let as_of = words.as_of.replace("{date}", &self.locale.date(date));
        match present.map(|rate| rate.freshness_status.freshness) {
            Some(Freshness::Stale) => format!("{as_of}; {}", words.stale),
            Some(Freshness::Late) => format!("{as_of}; {}", words.late),
            Some(Freshness::Fresh | Freshness::CarriedOver) | None => as_of,
        }
    }

    /// The banks whose values are drawn, with the address to which the terms of one require a reference.
    fn credit(&self, sources: &[String]) -> String {
        let banks = sources.iter().filter_map(|id| {
            let record = self.queries.source(id)?;
            let bank = self.locale.bank(id, record.name);
            let host = record.page.split('/').nth(2).unwrap_or_default();
            Some(if record.attribution.is_empty() || host.is_empty() {
                bank.to_owned()
            } else {
                format!("{bank} ({host})")
            })
        });
        let banks: Vec<String> = banks.collect();
        let (before, after) = self.locale.credit(banks.len());
        format!("{before}{}{after}", banks.join(", "))
    }

    fn description(&self, series: &Series, credit: &str) -> String {
        let date = |point: &Point| self.locale.date(point.date);
        let extremes = &self.locale.chart.extremes;
        let extremes = extremes
            .replace("{low}", &self.value(series, &series.low))
            .replace("{low_date}", &date(&series.low))
            .replace("{high}", &self.value(series, &series.high))
            .replace("{high_date}", &date(&series.high));
        let gap = |gap: &DateRange| {
            let [first, last] = [gap.first, gap.last].map(|date| self.locale.date(date));
            if first == last {
                first
            } else {
                format!("{first} \u{2013} {last}")
            }
        };
        let gaps: Vec<String> = series.gaps.iter().take(GAPS_MAX).map(gap).collect();
        let mut parts = vec![extremes];
        if !gaps.is_empty() {
            parts.push(format!(
                "{}: {}",
                self.locale.words.no_data,
                gaps.join(", ")
            ));
        }
        parts.push(credit.to_owned());
        parts.join("; ")
    }
}
