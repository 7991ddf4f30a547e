//! Sources for tests: tables from a few texts, and the rates that are derived from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use silkrate::domain::{
    Book, Currency, DateRange, DocumentRecord, Fixing, History, HistoryStep, Leg, Pair, Past,
    Position, Preference, Rate, RevisionPolicy, Snapshot, SourceId, SourceRecord, Table,
    parse_decimal,
};

use crate::support::boards::{EVERY_DAY, noon};

/// The preferences a service starts with.
pub(crate) const PREFERENCES: [Preference; 3] = [
    Preference::Home,
    Preference::Source(SourceId::new("cbr")),
    Preference::Source(SourceId::new("market")),
];

/// What a source quotes in, and in which direction: a bank prices others in its own currency, a market table prices
/// its base in others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quotes {
    InHome(Currency),
    OfBase(Currency),
}

/// A table of one document: each row the code that is not the pivot, its units and its value.
pub(crate) fn table(
    id: &'static str,
    quotes: Quotes,
    effective_date: Date,
    rows: &[(&'static str, u32, &str)],
) -> Table {
    let fixing = |(code, units, value): &(&'static str, u32, &str)| {
        let other = Currency::constant(code);
        let (currency, home_currency) = match quotes {
            Quotes::InHome(home) => (other, home),
            Quotes::OfBase(base) => (base, other),
        };
        let fixing = Fixing {
            source: SourceId::new(id),
            currency,
            units: *units,
            value: parse_decimal(value).unwrap(),
            home_currency,
            effective_date,
            published_change: None,
            superseded_value: None,
        };
        (other, Arc::new(fixing))
    };
    let pivot = match quotes {
        Quotes::InHome(pivot) | Quotes::OfBase(pivot) => pivot,
    };
    let rows = rows.iter().map(fixing).collect();
    Table {
        document: "daily",
        pivot,
        effective_date,
        as_of: None,
        rows,
        dropped: Vec::new(),
    }
}

/// Sources under construction.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) sources: BTreeMap<SourceId, Arc<SourceRecord>>,
}

impl Records {
    /// Adds a source in UTC with these tables.
    pub(crate) fn with(
        mut self,
        id: &'static str,
        home: Option<Currency>,
        tables: Vec<Table>,
    ) -> Self {
        let revision_policy = if home.is_some() {
            RevisionPolicy::Correction
        } else {
            RevisionPolicy::Replacement
        };
        let mut history = History::new(revision_policy);
        for table in tables {
            history.insert(table);
        }
        let record = SourceRecord {
            id: SourceId::new(id),
            name: id,
            attribution: "",
            page: "",
            terms: "",
            home,
            zone: TimeZone::UTC,
            documents: vec![DocumentRecord {
                name: "daily",
                schedule: EVERY_DAY,
                required: &[],
                typical_dollar: None,
                history,
            }],
            attempted: true,
        };
        self.sources.insert(record.id, Arc::new(record));
        self
    }

    /// The same, with the first attempt of a source not ended.
    pub(crate) fn not_attempted(mut self, id: &'static str) -> Self {
        let record = self.sources.get_mut(&SourceId::new(id)).unwrap();
        Arc::make_mut(record).attempted = false;
        self
    }

    /// The same as a book.
    pub(crate) fn book(&self) -> Book {
        let records = self
            .sources
            .values()
            .map(|record| SourceRecord::clone(record));
        Book::new(records.collect(), PREFERENCES.to_vec())
    }

    /// What is served at noon of a day.
    pub(crate) fn snapshot(&self, today: Date) -> Snapshot {
        let position = Position {
            epoch: "epoch".into(),
            revision: 0,
        };
        let empty = Snapshot::initial(position, BTreeMap::new());
        let view = self.book().view(noon(today));
        empty.next(view).expect("there is a rate")
    }

    /// The rate of a pair at noon of a day.
    pub(crate) fn rate(&self, today: Date, pair: &str) -> Option<Rate> {
        self.snapshot(today).rate(Pair::parse(pair).unwrap())
    }
}

/// The rows of a pair in a range with a step, from legs with all their tables.
pub(crate) fn rows(
    pair: Pair,
    legs: &[Leg],
    step: HistoryStep,
    range: DateRange,
) -> Vec<(Date, Rate)> {
    let past = Past::of(legs, range);
    let pairs = [(pair, range.last)];
    let rows = past.rows(&pairs, step, range.last, None);
    rows.map(|row| (row.date, row.rate)).collect()
}

/// A rate as one line: value, source, date, and its change with the reference's date.
pub(crate) fn line(rate: Option<Rate>) -> String {
    let Some(rate) = rate else {
        return "not quoted".into();
    };
    let date = rate
        .effective_date
        .map(|date| date.to_string())
        .unwrap_or_default();
    let change = rate.change.map_or("n/a".into(), |change| {
        format!(
            "{} {}% since {}",
            change.absolute, change.percent, change.reference_date
        )
    });
    format!(
        "{} {:?} {} {date} {:?} {change}",
        rate.value, rate.derivation, rate.source, rate.freshness_status.freshness
    )
}
