//! The outcome of a damaged document: whether a wrong value of it is served, and whether it is flagged.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use silkrate::domain::{
    Book, Currency, DocumentRecord, Fixing, Flag, History, Intent, Preference, SourceRecord, Table,
    View,
};

use crate::mutations::cases::Case;

/// The outcome of a damaged document, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MutantOutcome {
    /// The table is the same: the damage is in a part that is not read.
    Harmless,
    /// The document, or the damaged row.
    Rejected,
    /// Nothing is said of a row any more: its last good value stays, under its own date.
    Kept,
    Held,
    /// Served, and flagged or marked as a correction.
    Flagged,
    /// Served without a flag, and undetectable: see [`Bench::could_be_right`].
    Undetectable,
    /// Served without a flag.
    Unflagged,
}

/// The accepted rows of a document, by date and currency.
type AcceptedRows = BTreeMap<(Date, Currency), Arc<Fixing>>;

/// A source that knows the tables before, and what the undamaged document makes of it.
pub(crate) struct Bench<'a> {
    case: &'a Case,
    book: Book,
    known: AcceptedRows,
    original: Table,
    right: AcceptedRows,
}

/// What a document made of it.
struct Filing {
    book: Book,
    table: Table,
    served: AcceptedRows,
    holds: bool,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(case: &'a Case) -> Self {
        let mut book = Book::new(vec![record(case)], vec![Preference::Source(case.source.id)]);
        for table in &case.known {
            let filed = book.file(case.source.id, table.clone(), Intent::Newest, case.now);
            assert!(filed.unwrap().held.is_empty(), "{}", case.title);
        }
        let known = served(case, &book);
        let original = (case.document.parse)(&case.bytes).unwrap();
        let mut bench = Self {
            case,
            book,
            known,
            original,
            right: AcceptedRows::new(),
        };
        bench.right = bench.filing(&case.bytes).expect("it is taken").served;
        bench
    }

    /// The flags and held values of the undamaged document.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let filing = self.filing(&self.case.bytes).expect("it is taken");
        let views = self.views(&filing.book, self.original.effective_date);
        let flags = views.flat_map(|view| view.states[&self.case.source.id].flags.clone());
        let flags = flags.map(|flag| flag.detail);
        let held = filing.book.held().map(|held| held.detail.clone());
        flags.chain(held).collect()
    }

    /// The outcome of a damaged document.
    pub(crate) fn outcome(&self, bytes: &[u8]) -> MutantOutcome {
        let Some(filing) = self.filing(bytes) else {
            return MutantOutcome::Rejected;
        };
        let is_right = |served: &AcceptedRows, row: (&(Date, Currency), &Arc<Fixing>)| {
            served
                .get(row.0)
                .is_some_and(|right| is_same_rate(right, row.1))
        };
        let wrong = filing.served.iter();
        let wrong =
            wrong.filter(|row| !is_right(&self.right, *row) && !is_right(&self.known, *row));
        let worst = wrong
            .map(|(key, row)| self.outcome_of_row(&filing, *key, row))
            .max();
        if let Some(worst) = worst {
            return worst;
        }
        let all = self.right.iter().all(|row| is_right(&filing.served, row));
        if filing.holds {
            MutantOutcome::Held
        } else if all {
            MutantOutcome::Harmless
        } else if filing.table.dropped.len() > self.original.dropped.len() {
            MutantOutcome::Rejected
        } else if filing.served == self.known {
            // The date or the instant was filed already: no row of it is filed.
            MutantOutcome::Rejected
        } else if self.has_flag(&filing) {
            MutantOutcome::Flagged
        } else {
            MutantOutcome::Kept
        }
    }

    /// The outcome of a wrong row that is served.
    fn outcome_of_row(
        &self,
        filing: &Filing,
        key: (Date, Currency),
        row: &Arc<Fixing>,
    ) -> MutantOutcome {
        let (date, code) = key;
        let mut views = self.views(&filing.book, date);
        if row.superseded_value.is_some() || views.all(|view| self.is_flagged(&view, code, row)) {
            MutantOutcome::Flagged
        } else if self.could_be_right(filing, key, row) {
            MutantOutcome::Undetectable
        } else {
            MutantOutcome::Unflagged
        }
    }

    /// Whether a wrong row could be right by everything that is known. The rules are the limits of the checks:
    ///
    /// * The bank prints no change, and the price moved by no more than a tenth beside the rest of its table (in n days:
    ///   a tenth times the root of n). So do correct prices.
    /// * The right figures under another date, all of which repeat what is in force, and no other table was due before.
    /// * The right figures of a market under another date, with an instant between the last one and now.
    fn could_be_right(
        &self,
        filing: &Filing,
        (date, code): (Date, Currency),
        row: &Fixing,
    ) -> bool {
        if date == self.original.effective_date {
            return row.published_change.is_none() && self.is_small_move(filing, code);
        }
        let document = self.document(&filing.book);
        let before = document.history.date_before(date);
        let nothing_due =
            before.is_some_and(|before| document.schedule.dates_between(before, date).is_empty());
        let repeats = document.history.is_carry(date) && nothing_due;
        let last = self.case.known.last().and_then(|table| table.as_of);
        let instant = filing.table.as_of;
        let in_between = last < instant && instant.is_some_and(|instant| instant < self.case.now);
        let right = self.original.rows.get(&code);
        right.is_some_and(|right| figures(right) == figures(row)) && (repeats || in_between)
    }

    fn is_small_move(&self, filing: &Filing, code: Currency) -> bool {
        let step = |(code, row): (&Currency, &Arc<Fixing>)| {
            let known = self.known.iter().rev();
            let ((date, _), old) = known.into_iter().find(|((_, known), _)| known == code)?;
            let days = row.effective_date.duration_since(*date).as_hours() / 24;
            Some((*code, price(row) / price(old), days.max(1)))
        };
        let steps: Vec<_> = filing.table.rows.iter().filter_map(step).collect();
        let mut ratios: Vec<Decimal> = steps.iter().map(|(_, ratio, _)| *ratio).collect();
        ratios.sort();
        // In an even table either of the two in the middle may be meant.
        let middles = [ratios[ratios.len() / 2], ratios[(ratios.len() - 1) / 2]];
        let Some((_, ratio, days)) = steps.iter().find(|(known, ..)| *known == code) else {
            return false;
        };
        middles.iter().any(|middle| {
            let beside = ratio / middle - Decimal::ONE;
            beside * beside <= Decimal::new(1, 2) * Decimal::from(*days)
        })
    }

    /// Whether a row is flagged: in the state of its source, and in every rate that is derived from it.
    fn is_flagged(&self, view: &View, code: Currency, row: &Arc<Fixing>) -> bool {
        let concerns = |flag: &Flag| flag.currency.is_none_or(|flagged| flagged == code);
        let mut rates = view.quotes.values().filter(|inputs| {
            let mut fixings = inputs.pair_state.current.fixings.iter();
            fixings.any(|fixing| fixing == row)
        });
        view.states[&self.case.source.id].flags.iter().any(concerns)
            && rates.all(|inputs| inputs.flags.iter().any(concerns))
    }

    fn has_flag(&self, filing: &Filing) -> bool {
        let mut views = self.views(&filing.book, filing.table.effective_date);
        views.all(|view| !view.states[&self.case.source.id].flags.is_empty())
    }

    /// What is served when the document is fetched, and when it has taken force; each is computed on demand.
    fn views<'b>(&self, book: &'b Book, date: Date) -> impl Iterator<Item = View> + use<'b> {
        let zone = book.record(self.case.source.id).unwrap().zone.clone();
        let noon = date.at(12, 0, 0, 0).to_zoned_datetime(zone).unwrap();
        let instants = [self.case.now, self.case.now.max(noon.timestamp())];
        instants.into_iter().map(|now| book.view(now))
    }

    fn filing(&self, bytes: &[u8]) -> Option<Filing> {
        let table = (self.case.document.parse)(bytes).ok()?;
        let mut book = self.book.clone();
        let filed = book.file(
            self.case.source.id,
            table.clone(),
            Intent::Newest,
            self.case.now,
        );
        let filed = filed.ok()?;
        Some(Filing {
            served: served(self.case, &book),
            holds: !filed.held.is_empty(),
            book,
            table,
        })
    }

    fn document<'b>(&self, book: &'b Book) -> &'b DocumentRecord {
        let record = book.record(self.case.source.id).unwrap();
        record.document(self.case.document.name).unwrap()
    }
}

/// The record of a source, as the service makes it.
fn record(case: &Case) -> SourceRecord {
    let source = case.source;
    let documents = source.documents.iter().map(|document| DocumentRecord {
        name: document.name,
        schedule: document.schedule,
        required: document.required,
        typical_dollar: source.typical_dollar,
        history: History::new(source.revision_policy),
    });
    SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone: TimeZone::get(source.zone).unwrap(),
        documents: documents.collect(),
        attempted: true,
    }
}

fn served(case: &Case, book: &Book) -> AcceptedRows {
    let record = book.record(case.source.id).unwrap();
    let history = &record.document(case.document.name).unwrap().history;
    let tables = history.kept_dates().filter_map(|date| history.table(date));
    let rows = tables.flat_map(|table| {
        let rows = table.rows.iter();
        rows.map(|(code, row)| ((table.effective_date, *code), Arc::clone(row)))
    });
    rows.collect()
}

/// Whether a row has the right rate. Without the bank's change, which is optional, it is served all the same.
fn is_same_rate(right: &Fixing, row: &Fixing) -> bool {
    let (units, value, change) = figures(row);
    figures(right) == (units, value, change.or(right.published_change))
}

/// The numbers of a row.
fn figures(row: &Fixing) -> (u32, Decimal, Option<Decimal>) {
    (row.units, row.value, row.published_change)
}

/// The price of one unit.
fn price(row: &Fixing) -> Decimal {
    row.value / Decimal::from(row.units)
}
