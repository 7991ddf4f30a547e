//! The tables of one document over time: which is in force, which is announced, and which fixing each one repeats.

mod accepted;
mod asked;
mod held;
mod pair_state;
mod partial;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
pub use pair_state::{PairState, REPEATS_MAX, last_in_force, oldest_in_force};

use crate::domain::judged::{Held, HeldOutcome, Window};
use crate::domain::published::{Currency, DateRange, Fixing, Table};

/// How many tables of a document are kept in memory: two months of daily ones, which is longer than any holidays.
pub const TABLES_MAX: usize = 64;

/// The meaning of a second table of the same date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionPolicy {
    /// The bank corrected itself: the old value is kept as superseded.
    Correction,
    /// The market moved on: the newer instant replaces the older one.
    Replacement,
}

/// The outcome of inserting a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsertOutcome {
    /// The rows that are new or changed; empty if all were known.
    Rows(Vec<Arc<Fixing>>),
    /// The table is an older instant of a market date that is kept; nothing was inserted.
    OlderInstant,
}

/// The tables of one document, by the date they print.
#[derive(Debug, Clone)]
pub struct History {
    revision_policy: RevisionPolicy,
    tables_max: usize,
    /// The tables kept, each with at least one accepted row.
    entries: BTreeMap<Date, KeptTable>,
    /// The held rows, of any date.
    held: BTreeMap<(Date, Currency), Arc<Held>>,
    /// The held rows that were settled and not accepted, in the order of their decisions. They are a few in a year, and all
    /// are kept, as a start reads all of them: what is served does not depend on the time of the last start.
    settled: BTreeMap<(Date, Currency), Vec<Settled>>,
    /// What was in force on days before the tables kept, for the changes over a window.
    anchors: BTreeMap<Window, Anchor>,
    /// The oldest date ever filed, kept here or not.
    oldest_filed: Option<Date>,
    /// The newest date that was dropped from memory: up to it, the tables kept have gaps.
    forgotten: Option<Date>,
    /// When the bank was last asked for a table that was due.
    asked: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct KeptTable {
    /// The accepted rows.
    table: Arc<Table>,
    /// Whether it equals the table before, row by row: the date moved on without a new fixing.
    carry: bool,
}

/// A held row that was settled and not accepted.
#[derive(Debug, Clone)]
struct Settled {
    held: Arc<Held>,
    outcome: HeldOutcome,
}

/// The tables that were in force on a range of days before the tables kept.
#[derive(Debug, Clone)]
struct Anchor {
    days: DateRange,
    /// A table of an earlier date has no influence; `None` if any may have.
    complete_since: Option<Date>,
    history: History,
}

impl History {
    /// An empty history that keeps the newest [`TABLES_MAX`] tables.
    pub fn new(revision_policy: RevisionPolicy) -> Self {
        Self {
            revision_policy,
            tables_max: TABLES_MAX,
            entries: BTreeMap::new(),
            held: BTreeMap::new(),
            settled: BTreeMap::new(),
            anchors: BTreeMap::new(),
            oldest_filed: None,
            forgotten: None,
            asked: None,
        }
    }

    /// An empty history that keeps all tables.
    pub fn unbounded(revision_policy: RevisionPolicy) -> Self {
        Self {
            tables_max: usize::MAX,
            ..Self::new(revision_policy)
        }
    }

    /// The meaning of a second table of the same date.
    pub fn revision_policy(&self) -> RevisionPolicy {
        self.revision_policy
    }

    /// Inserts the accepted rows of a table under the date it prints. A table without any is not kept.
    pub fn insert(&mut self, table: Table) -> InsertOutcome {
        let date = table.effective_date;
        let accepted: Vec<(Currency, Arc<Fixing>)> = table
            .rows
            .iter()
            .map(|(code, row)| (*code, Arc::clone(row)))
            .collect();
        let known = self.entries.get(&date);
        let (table, new_rows) = match known.map(|entry| &*entry.table) {
            Some(known)
                if self.revision_policy == RevisionPolicy::Replacement
                    && table.as_of < known.as_of =>
            {
                return InsertOutcome::OlderInstant;
            }
            Some(known) => merged(known, table, self.revision_policy),
            None => {
                let rows = table.rows.values().map(Arc::clone).collect();
                (table, rows)
            }
        };
        if !table.rows.is_empty() {
            for (code, row) in accepted {
                self.forget_held(code, &row);
            }
            let entry = KeptTable {
                table: Arc::new(table),
                carry: false,
            };
            self.entries.insert(date, entry);
            self.after_insert(date);
        }
        InsertOutcome::Rows(new_rows)
    }

    /// The table of a date: its accepted rows.
    pub fn table(&self, date: Date) -> Option<&Arc<Table>> {
        self.entries.get(&date).map(|entry| &entry.table)
    }

    /// Whether the table of a date repeats the one before.
    pub fn is_carry(&self, date: Date) -> bool {
        self.entries.get(&date).is_some_and(|entry| entry.carry)
    }

    /// The newest table, including announced ones.
    pub fn newest(&self) -> Option<&Arc<Table>> {
        self.entries.last_key_value().map(|(_, entry)| &entry.table)
    }

    /// The oldest date kept.
    pub fn oldest_date(&self) -> Option<Date> {
        self.entries.first_key_value().map(|(date, _)| *date)
    }

    /// Whether a table of a date would be kept: it is newer than the dropped ones, and there is room or it is not the
    /// oldest.
    pub fn would_keep(&self, date: Date) -> bool {
        let after_forgotten = self.forgotten.is_none_or(|forgotten| date > forgotten);
        let room = self.entries.len() < self.tables_max;
        after_forgotten && (room || self.oldest_date().is_none_or(|oldest| date > oldest))
    }

    /// The dates kept, oldest first.
    pub fn kept_dates(&self) -> impl DoubleEndedIterator<Item = Date> {
        self.entries.keys().copied()
    }

    /// The dates of real fixings kept, oldest first.
    pub fn fixing_dates(&self) -> impl DoubleEndedIterator<Item = Date> {
        let real = self.entries.iter().filter(|(_, entry)| !entry.carry);
        real.map(|(date, _)| *date)
    }

    /// The dates of the tables that contain the newest row of some currency: nearly always one.
    pub fn dates_of_rows(&self, today: Date) -> BTreeSet<Date> {
        let mut seen = BTreeSet::new();
        let mut dates = BTreeSet::new();
        for (date, entry) in self.entries.range(..=today).rev() {
            let unseen = entry.table.rows.keys().filter(|code| seen.insert(**code));
            if unseen.count() > 0 {
                dates.insert(*date);
            }
        }
        dates
    }

    /// The newest date in force on a day.
    pub fn date_in_force(&self, today: Date) -> Option<Date> {
        self.entries
            .range(..=today)
            .next_back()
            .map(|(date, _)| *date)
    }

    /// The date in force on a day, or the first announced one, and the date of the real fixing it repeats.
    pub fn dates(&self, today: Date) -> Option<(Date, Date)> {
        let date = self.date_in_force(today).or_else(|| self.oldest_date())?;
        Some((date, self.fixed_on(date)))
    }

    /// Whether the fixing in force on a day and the real one before it are both known.
    pub fn has_reference(&self, today: Date) -> bool {
        self.entries
            .range(..=today)
            .filter(|(_, entry)| !entry.carry)
            .count()
            >= 2
    }

    /// Every currency of the tables kept, including their pivots.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.entries
            .values()
            .flat_map(|entry| entry.table.rows.keys().copied().chain([entry.table.pivot]))
    }

    /// The oldest date ever filed, kept in memory or not.
    pub fn oldest_filed(&self) -> Option<Date> {
        self.oldest_filed
    }

    /// Records that a table of a date was filed.
    pub fn record_filed(&mut self, date: Date) {
        let oldest = self.oldest_filed.map_or(date, |oldest| oldest.min(date));
        self.oldest_filed = Some(oldest);
    }

    /// The date of the real fixing that a table repeats; the date itself if it repeats none.
    pub fn fixed_on(&self, date: Date) -> Date {
        let repeated = self
            .entries
            .range(..=date)
            .rev()
            .find(|(_, entry)| !entry.carry);
        repeated.map_or(date, |(date, _)| *date)
    }

    /// The date of the table before a date, accepted or not.
    pub fn date_before(&self, date: Date) -> Option<Date> {
        let first = (date, Currency::FIRST);
        let accepted = self.entries.range(..date).next_back();
        let held = self.held.range(..first).next_back();
        let mut discarded = self.settled.range(..first).rev();
        let discarded = discarded.find(|(_, settled)| settled.iter().any(Settled::is_discarded));
        let dates = [
            accepted.map(|(date, _)| *date),
            held.map(|((date, _), _)| *date),
            discarded.map(|((date, _), _)| *date),
        ];
        dates.into_iter().flatten().max()
    }

    /// The newest date that has an accepted or a held row.
    pub fn newest_printed(&self) -> Option<Date> {
        let accepted = self.entries.last_key_value().map(|(date, _)| *date);
        let held = self.held.last_key_value().map(|((date, _), _)| *date);
        accepted.max(held)
    }

    /// Every row that was printed for a date, accepted or not.
    pub fn printed(&self, date: Date) -> BTreeMap<Currency, Arc<Fixing>> {
        let of_date = (date, Currency::FIRST)..=(date, Currency::LAST);
        let settled = self.settled.range(of_date.clone());
        let discarded = settled.filter_map(|((_, code), settled)| {
            let last = settled.iter().rev().find(|one| one.is_discarded())?;
            Some((*code, Arc::clone(&last.held.fixing)))
        });
        let held = self.held.range(of_date);
        let held = held.map(|((_, code), held)| (*code, Arc::clone(&held.fixing)));
        let mut rows: BTreeMap<_, _> = discarded.chain(held).collect();
        if let Some(table) = self.table(date) {
            let accepted = table.rows.iter();
            rows.extend(accepted.map(|(code, row)| (*code, Arc::clone(row))));
        }
        rows
    }

    /// Whether the rows printed for a date are those of the table before it, row by row.
    pub(super) fn repeats_the_one_before(&self, date: Date) -> bool {
        let before = self.date_before(date);
        before.is_some_and(|before| self.repeats(date, before))
    }

    /// Whether the tables of two dates are equal row by row.
    fn repeats(&self, date: Date, before: Date) -> bool {
        let (rows, rows_before) = (self.printed(date), self.printed(before));
        rows.len() == rows_before.len()
            && rows
                .iter()
                .zip(&rows_before)
                .all(|((code, row), (code_before, row_before))| {
                    code == code_before
                        && row.home_currency == row_before.home_currency
                        && row.same_value(row_before)
                })
    }

    /// Updates, after accepted rows of a date were inserted, what depends on the tables kept.
    fn after_insert(&mut self, date: Date) {
        self.record_filed(date);
        self.forget_anchors_on(date);
        self.update_carries(date);
        if self.entries.len() > self.tables_max {
            self.forget_oldest();
        }
    }

    /// Updates, after the rows of a date have changed, which tables are repeats: its own and the next one.
    fn update_carries(&mut self, date: Date) {
        self.mark_carry(date);
        let later = self.entries.range(date..);
        let next = later.map(|(day, _)| *day).find(|day| *day > date);
        if let Some(next) = next {
            self.mark_carry(next);
        }
    }

    /// Updates which tables are repeats, after many rows have changed.
    fn update_all_carries(&mut self) {
        for date in self.kept_dates().collect::<Vec<_>>() {
            self.mark_carry(date);
        }
    }

    fn mark_carry(&mut self, date: Date) {
        let carry = self.repeats_the_one_before(date);
        if let Some(entry) = self.entries.get_mut(&date) {
            entry.carry = carry;
        }
    }

    /// Drops the oldest table whose currencies all stand in a newer one. A value that is no longer published stays
    /// visible, with its own date.
    fn forget_oldest(&mut self) {
        let newer_has = |date: Date, code: &Currency| {
            self.entries
                .range(date..)
                .skip(1)
                .any(|(_, newer)| newer.table.rows.contains_key(code))
        };
        let mut oldest_first = self.entries.iter().map(|(date, entry)| (*date, entry));
        let dispensable = oldest_first
            .find(|(date, entry)| entry.table.rows.keys().all(|code| newer_has(*date, code)));
        let Some((date, _)) = dispensable else { return };
        self.entries.remove(&date);
        self.forgotten = self.forgotten.max(Some(date));
        if let Some(next) = self.entries.range(date..).next().map(|(next, _)| *next) {
            self.mark_carry(next);
        }
    }
}

/// Merges the second table of a date into the first. Returns the merged table and the rows that are new or changed; a
/// row that the second one lacks keeps its value.
fn merged(
    known: &Table,
    table: Table,
    revision_policy: RevisionPolicy,
) -> (Table, Vec<Arc<Fixing>>) {
    let mut rows = known.rows.clone();
    let mut new_rows = Vec::new();
    for (code, row) in &table.rows {
        let old = known.rows.get(code);
        let repeats = old.is_some_and(|old| old.same_value(row));
        if repeats && old.is_some_and(|old| old.published_change == row.published_change) {
            continue;
        }
        let mut row = (**row).clone();
        if revision_policy == RevisionPolicy::Correction {
            row.superseded_value = if repeats {
                old.and_then(|old| old.superseded_value)
            } else {
                old.map(|old| old.value)
            };
        }
        let row = Arc::new(row);
        new_rows.push(Arc::clone(&row));
        rows.insert(*code, row);
    }
    (Table { rows, ..table }, new_rows)
}
