//! The tables of one document over time: which is in force, which is announced, and what they follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{Currency, Point, Table};

/// How many tables of a document are kept in memory: two months of daily ones, more than the longest holidays.
const TABLES_MAX: usize = 64;

/// What a second table of the same date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revising {
    /// A bank corrected itself: the old figure stays known as superseded.
    Correction,
    /// A market moved on: the newer instant replaces the older one.
    Replacement,
}

/// What became of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It says what was known.
    Unchanged,
    /// It says something new.
    Changed,
    /// It is an older instant of a known market date.
    Outdated,
}

/// The tables of one document, by the date they print.
#[derive(Debug, Clone)]
pub struct History {
    revising: Revising,
    entries: BTreeMap<Date, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    table: Arc<Table>,
    /// Equal row by row to the table before: the date moved on without a new fixing.
    carry: bool,
}

/// What a document says of a pair on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The last real fixing in force; before anything is in force, the first announced one.
    pub current: Point,
    /// The date that fixing has been carried to; its own when it was not repeated.
    pub effective_date: Date,
    /// The newest date that has the pair, announced ones included.
    pub newest: Date,
    /// The last real fixing of an earlier date.
    pub reference: Option<Point>,
    /// The first real fixing that is published and not yet in force.
    pub announced: Option<Point>,
}

impl History {
    /// No tables yet.
    pub fn new(revising: Revising) -> Self {
        Self {
            revising,
            entries: BTreeMap::new(),
        }
    }

    /// Files a table under the date it prints.
    pub fn insert(&mut self, table: Table) -> Inserted {
        let date = table.effective_date;
        let (table, changed) = match self.entries.get(&date).map(|entry| &*entry.table) {
            Some(known) if self.revising == Revising::Replacement && table.as_of < known.as_of => {
                return Inserted::Outdated;
            }
            Some(known) => merged(known, table, self.revising),
            None => (table, true),
        };
        self.entries.insert(
            date,
            Entry {
                table: Arc::new(table),
                carry: false,
            },
        );
        self.mark_carry(date);
        let next = self
            .entries
            .range(date..)
            .map(|(day, _)| *day)
            .find(|day| *day > date);
        if let Some(next) = next {
            self.mark_carry(next);
        }
        if self.entries.len() > TABLES_MAX {
            self.forget_oldest();
        }
        if changed {
            Inserted::Changed
        } else {
            Inserted::Unchanged
        }
    }

    /// The newest table, announced ones included.
    pub fn newest(&self) -> Option<&Arc<Table>> {
        self.entries.last_key_value().map(|(_, entry)| &entry.table)
    }

    /// The oldest date known.
    pub fn oldest_date(&self) -> Option<Date> {
        self.entries.first_key_value().map(|(date, _)| *date)
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

    /// What is in force for a pair on a day, what went before and what is announced.
    pub fn standing(&self, today: Date, from: Currency, to: Currency) -> Option<Standing> {
        let has_path = |(date, entry): (&Date, &Entry)| entry.table.path(from, to).map(|_| *date);
        let in_force = self.entries.range(..=today).rev().find_map(has_path);
        let announced_after = |day: Date| {
            let mut later = self
                .entries
                .range(day..)
                .filter(|(date, entry)| **date > day && !entry.carry);
            later.find_map(has_path)
        };
        let effective_date = in_force.or_else(|| announced_after(today))?;
        let fixed_on = self.fixed_on(effective_date);
        let point = |date: Date| {
            let fixings = self.entries.get(&date)?.table.path(from, to)?;
            Some(Point { fixings, date })
        };
        // A market has no tomorrow: a table dated ahead is a clock that runs fast.
        let announces = self.revising == Revising::Correction;
        let earlier = self.entries.range(..fixed_on).rev().find_map(has_path);
        Some(Standing {
            current: point(fixed_on)?,
            effective_date,
            newest: self.entries.iter().rev().find_map(has_path)?,
            reference: earlier.and_then(|date| point(self.fixed_on(date))),
            announced: in_force
                .filter(|_| announces)
                .and_then(|_| announced_after(today))
                .and_then(point),
        })
    }

    /// The date of the real fixing that a table repeats; its own when it repeats none.
    fn fixed_on(&self, date: Date) -> Date {
        let repeated = self
            .entries
            .range(..=date)
            .rev()
            .find(|(_, entry)| !entry.carry);
        repeated.map_or(date, |(date, _)| *date)
    }

    fn mark_carry(&mut self, date: Date) {
        let before = self
            .entries
            .range(..date)
            .next_back()
            .map(|(_, entry)| Arc::clone(&entry.table));
        if let Some(entry) = self.entries.get_mut(&date) {
            entry.carry = before.is_some_and(|before| before.same_figures(&entry.table));
        }
    }

    /// Drops the oldest table all of whose currencies stand in a newer one: a value that is not published any more
    /// stays visible, with its own date.
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
        if let Some(next) = self.entries.range(date..).next().map(|(next, _)| *next) {
            self.mark_carry(next);
        }
    }
}

/// The second table of a date laid over the first, and whether it says anything new. A row it lacks keeps its figure.
fn merged(known: &Table, table: Table, revising: Revising) -> (Table, bool) {
    let mut rows = known.rows.clone();
    for (code, row) in &table.rows {
        let mut row = (**row).clone();
        if let (Some(old), Revising::Correction) = (known.rows.get(code), revising) {
            row.superseded_value = if old.same_figure(&row) {
                old.superseded_value
            } else {
                Some(old.value)
            };
        }
        rows.insert(*code, Arc::new(row));
    }
    let changed = rows != known.rows;
    (Table { rows, ..table }, changed)
}
