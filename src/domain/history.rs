//! The tables of one document over time: which is in force, which is announced, and what they follow.

mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
pub use standing::{LOOK_BACK_DAYS, Standing};

use crate::domain::{Currency, Fixing, Held, Table, Window};

/// How many tables of a document are kept in memory: two months of daily ones, more than the longest holidays.
pub const TABLES_MAX: usize = 64;

/// What a second table of the same date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revising {
    /// A bank corrected itself: the old figure stays known as superseded.
    Correction,
    /// A market moved on: the newer instant replaces the older one.
    Replacement,
}

/// What became of the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// The ones that say something new, or nothing when all was known.
    Rows(Vec<Arc<Fixing>>),
    /// It is an older instant of a known market date.
    Outdated,
}

/// The tables of one document, by the date they print.
#[derive(Debug, Clone)]
pub struct History {
    revising: Revising,
    tables_max: usize,
    entries: BTreeMap<Date, Entry>,
    /// What was in force on days before the entries, where a change over a window asks for it.
    anchors: BTreeMap<Window, Anchor>,
    /// The oldest date ever filed, kept here or not.
    began: Option<Date>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// The rows that are believed.
    table: Arc<Table>,
    /// The rows that wait.
    held: BTreeMap<Currency, Arc<Held>>,
    /// The rows that a person rejected.
    rejected: BTreeMap<Currency, Arc<Fixing>>,
    /// Equal row by row to the table before: the date moved on without a new fixing.
    carry: bool,
}

/// What was in force on a day that the entries do not reach.
#[derive(Debug, Clone)]
struct Anchor {
    day: Date,
    rows: Table,
}

impl Entry {
    /// Every row that was printed, believed or not.
    fn printed(&self) -> BTreeMap<Currency, &Arc<Fixing>> {
        let rejected = self.rejected.iter();
        let held = self.held.iter().map(|(code, held)| (code, &held.fixing));
        let rows = rejected.chain(held).chain(&self.table.rows);
        rows.map(|(code, row)| (*code, row)).collect()
    }

    fn repeats(&self, before: &Self) -> bool {
        let (rows, rows_before) = (self.printed(), before.printed());
        self.table.pivot == before.table.pivot
            && rows.len() == rows_before.len()
            && rows
                .into_iter()
                .zip(rows_before)
                .all(|((code, row), (code_before, row_before))| {
                    code == code_before && row.same_figure(row_before)
                })
    }
}

impl History {
    /// No tables yet; the newest [`TABLES_MAX`] will be kept.
    pub fn new(revising: Revising) -> Self {
        Self {
            revising,
            tables_max: TABLES_MAX,
            entries: BTreeMap::new(),
            anchors: BTreeMap::new(),
            began: None,
        }
    }

    /// No tables yet; all will be kept.
    pub fn unbounded(revising: Revising) -> Self {
        Self {
            tables_max: usize::MAX,
            ..Self::new(revising)
        }
    }

    /// What a second table of the same date means.
    pub fn revising(&self) -> Revising {
        self.revising
    }

    /// Files the believed rows of a table under the date it prints.
    pub fn insert(&mut self, table: Table) -> Inserted {
        let date = table.effective_date;
        let known = self.entries.get(&date);
        let (table, news) = match known.map(|entry| &*entry.table) {
            Some(known) if self.revising == Revising::Replacement && table.as_of < known.as_of => {
                return Inserted::Outdated;
            }
            Some(known) => merged(known, table, self.revising),
            None => {
                let rows = table.rows.values().map(Arc::clone).collect();
                (table, rows)
            }
        };
        let entry = self.entry(date, table.pivot, table.document);
        for code in table.rows.keys() {
            entry.held.remove(code);
        }
        entry.table = Arc::new(table);
        self.settle(date);
        Inserted::Rows(news)
    }

    /// Lets a row wait under its date, in place of what waited there for its currency.
    pub fn hold(&mut self, held: Arc<Held>) {
        let date = held.fixing.effective_date;
        let entry = self.entry(date, held.pivot(), held.document);
        entry.held.insert(held.code, held);
        self.settle(date);
    }

    /// Takes a waiting row out of its date.
    pub fn unhold(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        if let Some(entry) = self.entries.get_mut(&date) {
            entry.held.remove(&held.code);
            self.settle(date);
        }
    }

    /// Remembers a row that a person rejected, so that it is not held again.
    pub fn reject(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        let entry = self.entry(date, held.pivot(), held.document);
        entry.held.remove(&held.code);
        entry.rejected.insert(held.code, Arc::clone(&held.fixing));
        self.settle(date);
    }

    /// Whether a person rejected this very figure.
    pub fn is_rejected(&self, code: Currency, row: &Fixing) -> bool {
        let entry = self.entries.get(&row.effective_date);
        let rejected = entry.and_then(|entry| entry.rejected.get(&code));
        rejected.is_some_and(|rejected| rejected.same_figure(row))
    }

    /// The rows that wait, by date and currency.
    pub fn held(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.entries.values().flat_map(|entry| entry.held.values())
    }

    /// The row that waits for a currency at a date.
    pub fn held_at(&self, date: Date, code: Currency) -> Option<&Arc<Held>> {
        self.entries.get(&date)?.held.get(&code)
    }

    /// The table of a date: its believed rows.
    pub fn table(&self, date: Date) -> Option<&Arc<Table>> {
        self.entries.get(&date).map(|entry| &entry.table)
    }

    /// Whether the table of a date repeats the one before.
    pub fn is_carry(&self, date: Date) -> bool {
        self.entries.get(&date).is_some_and(|entry| entry.carry)
    }

    /// The date of the table before a date.
    pub fn date_before(&self, date: Date) -> Option<Date> {
        self.entries
            .range(..date)
            .next_back()
            .map(|(date, _)| *date)
    }

    /// Every row that was printed for a date, believed or not.
    pub fn printed(&self, date: Date) -> BTreeMap<Currency, Arc<Fixing>> {
        let rows = self.entries.get(&date).map(Entry::printed);
        let rows = rows.unwrap_or_default().into_iter();
        rows.map(|(code, row)| (code, Arc::clone(row))).collect()
    }

    /// The believed row nearest to a date for a currency: of that date, else the newest before, else the oldest after.
    pub fn nearest(&self, date: Date, code: Currency) -> Option<Arc<Fixing>> {
        let row = |(_, entry): (&Date, &'_ Entry)| entry.table.rows.get(&code).map(Arc::clone);
        let before = self.entries.range(..=date).rev().find_map(row);
        before.or_else(|| self.entries.range(date..).find_map(row))
    }

    /// Whether a believed row prices a currency at a date or before it.
    pub fn prices_until(&self, date: Date, code: Currency) -> bool {
        let mut earlier = self.entries.range(..=date);
        earlier.any(|(_, entry)| entry.table.rows.contains_key(&code))
    }

    /// The newest table, announced ones included.
    pub fn newest(&self) -> Option<&Arc<Table>> {
        self.entries.last_key_value().map(|(_, entry)| &entry.table)
    }

    /// The oldest date kept.
    pub fn oldest_date(&self) -> Option<Date> {
        self.entries.first_key_value().map(|(date, _)| *date)
    }

    /// The dates kept, oldest first.
    pub fn known_dates(&self) -> impl DoubleEndedIterator<Item = Date> {
        self.entries.keys().copied()
    }

    /// The dates of real fixings kept, oldest first.
    pub fn fixing_dates(&self) -> impl DoubleEndedIterator<Item = Date> {
        let real = self.entries.iter().filter(|(_, entry)| !entry.carry);
        real.map(|(date, _)| *date)
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

    /// Every currency that any known table prices, beside the pivot.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.entries.values().flat_map(|entry| {
            entry
                .table
                .rows
                .keys()
                .copied()
                .chain((!entry.table.rows.is_empty()).then_some(entry.table.pivot))
        })
    }

    /// The oldest date ever filed.
    pub fn began(&self) -> Option<Date> {
        self.began
    }

    /// Notes that older tables than the ones kept have been filed.
    pub fn began_on(&mut self, date: Date) {
        self.began = Some(self.began.map_or(date, |began| began.min(date)));
    }

    /// The date of the real fixing that a table repeats; its own when it repeats none.
    pub fn fixed_on(&self, date: Date) -> Date {
        let repeated = self
            .entries
            .range(..=date)
            .rev()
            .find(|(_, entry)| !entry.carry);
        repeated.map_or(date, |(date, _)| *date)
    }

    fn entry(&mut self, date: Date, pivot: Currency, document: &'static str) -> &mut Entry {
        self.entries.entry(date).or_insert_with(|| Entry {
            table: Arc::new(Table {
                document,
                pivot,
                effective_date: date,
                as_of: None,
                rows: BTreeMap::new(),
                dropped: Vec::new(),
            }),
            held: BTreeMap::new(),
            rejected: BTreeMap::new(),
            carry: false,
        })
    }

    /// After the rows of a date have changed: who repeats whom, and what is too old to keep.
    fn settle(&mut self, date: Date) {
        self.began_on(date);
        self.mark_carry(date);
        let next = self
            .entries
            .range(date..)
            .map(|(day, _)| *day)
            .find(|day| *day > date);
        if let Some(next) = next {
            self.mark_carry(next);
        }
        if self.entries.len() > self.tables_max {
            self.forget_oldest();
        }
    }

    fn mark_carry(&mut self, date: Date) {
        let before = self.entries.range(..date).next_back();
        let entry = self.entries.get(&date);
        let carry = before
            .zip(entry)
            .is_some_and(|((_, before), entry)| entry.repeats(before));
        if let Some(entry) = self.entries.get_mut(&date) {
            entry.carry = carry;
        }
    }

    /// Drops the oldest table all of whose currencies stand in a newer one: a value that is not published any more
    /// stays visible, with its own date, and so does one that waits.
    fn forget_oldest(&mut self) {
        let newer_has = |date: Date, code: &Currency| {
            self.entries
                .range(date..)
                .skip(1)
                .any(|(_, newer)| newer.table.rows.contains_key(code))
        };
        let mut oldest_first = self.entries.iter().map(|(date, entry)| (*date, entry));
        let dispensable = oldest_first.find(|(date, entry)| {
            let rows = &entry.table.rows;
            entry.held.is_empty() && rows.keys().all(|code| newer_has(*date, code))
        });
        let Some((date, _)) = dispensable else { return };
        self.entries.remove(&date);
        if let Some(next) = self.entries.range(date..).next().map(|(next, _)| *next) {
            self.mark_carry(next);
        }
    }
}

/// The second table of a date laid over the first, and the rows that say anything new. A row it lacks keeps its figure.
fn merged(known: &Table, table: Table, revising: Revising) -> (Table, Vec<Arc<Fixing>>) {
    let mut rows = known.rows.clone();
    let mut news = Vec::new();
    for (code, row) in &table.rows {
        let old = known.rows.get(code);
        // All of the row stays, its change too: nothing of what is no news is written down.
        if old.is_some_and(|old| old.same_figure(row)) {
            continue;
        }
        let mut row = (**row).clone();
        if revising == Revising::Correction {
            row.superseded_value = old.map(|old| old.value);
        }
        let row = Arc::new(row);
        news.push(Arc::clone(&row));
        rows.insert(*code, row);
    }
    (Table { rows, ..table }, news)
}
