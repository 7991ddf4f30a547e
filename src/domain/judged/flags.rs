//! Flags: findings about tables that are served. A flagged value is served unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::judged::{Check, DocumentRecord, Flag, RevisionPolicy, SourceRecord, triangle};
use crate::domain::published::{Currency, Fixing, SourceId};

impl DocumentRecord {
    /// The flags of the table of a date, compared with the table before it.
    pub fn flags(&self, date: Date) -> Vec<Flag> {
        let history = &self.history;
        let Some(before) = history.date_before(date) else {
            return Vec::new();
        };
        if history.revision_policy() == RevisionPolicy::Replacement {
            return Vec::new();
        }
        let mut flags = self.calendar_flags(before, date);
        flags.extend(self.row_flags(before, date));
        flags
    }

    /// The flags of its date: the bank does not publish for it, or a table that was due before it is missing.
    fn calendar_flags(&self, before: Date, date: Date) -> Vec<Flag> {
        let flag = |detail| Flag {
            check: Check::Calendar,
            currency: None,
            detail,
        };
        let mut flags = Vec::new();
        if self.is_odd_date(before, date) {
            flags.push(flag(format!(
                "no fixing of this bank is due to take force on {date}"
            )));
        }
        let missing_dates = self.missing_dates(before, date);
        if let Some(missing) = missing_dates.first() {
            flags.push(flag(match missing_dates.len().saturating_sub(1) {
                0 => format!("the table for {missing} is not known"),
                more => format!("the table for {missing} is not known, nor {more} after it"),
            }));
        }
        flags
    }

    /// The flags of its rows: one is missing, one is new, or the printed change differs from the difference.
    fn row_flags(&self, before: Date, date: Date) -> Vec<Flag> {
        let (rows, rows_before) = (self.history.printed(date), self.history.printed(before));
        let flag = |check, currency: &Currency, detail| Flag {
            check,
            currency: Some(*currency),
            detail,
        };
        let missing = rows_before.keys().filter(|code| !rows.contains_key(code));
        let missing = missing.map(|code| {
            let detail = format!("the table for {before} had a row for {code}, this one has none");
            flag(Check::MissingRow, code, detail)
        });
        let of_row = |(code, row): (&Currency, &Arc<Fixing>)| {
            let Some(last) = rows_before.get(code) else {
                let detail =
                    format!("no table before had a row for {code}: nothing to compare with");
                return (!self.history.prices_until(before, *code))
                    .then(|| flag(Check::NewRow, code, detail));
            };
            let (theirs, ours) = row.published_change.zip(row.difference_from(last))?;
            (ours != theirs).then(|| {
                let detail = format!(
                    "the bank prints a change of {theirs}; {} after {} on {before} is {ours}",
                    row.value, last.value
                );
                flag(Check::PublishedChange, code, detail)
            })
        };
        missing.chain(rows.iter().filter_map(of_row)).collect()
    }
}

/// The flags of every table that is served, computed once a commit.
#[derive(Debug, Default)]
pub struct FlagBook {
    flags: BTreeMap<(SourceId, &'static str, Date), Vec<Flag>>,
    /// The tables that are in force or newest. Of the others, only the rows that still stand count.
    reported_tables: BTreeSet<(SourceId, &'static str, Date)>,
}

impl FlagBook {
    /// Collects the flags of each document: of the table in force, the newest one, the fixings that these repeat (a
    /// repeated table has the flags of its fixing), and older tables in which some row still stands.
    pub fn of(records: &BTreeMap<SourceId, Arc<SourceRecord>>, now: Timestamp) -> Self {
        let mut book = Self::default();
        for record in records.values() {
            let today = record.today(now);
            for document in &record.documents {
                let history = &document.history;
                let in_force = history.dates(today).map(|(date, _)| date);
                let newest = history.kept_dates().next_back();
                let reported: BTreeSet<Date> = [in_force, newest].into_iter().flatten().collect();
                for date in history.dates_of_rows(today).union(&reported) {
                    let fixed_on = history.fixed_on(*date);
                    let mut found = document.flags(fixed_on);
                    found.extend(document.flags(*date));
                    found.extend(triangle_flags(records, record, document, fixed_on));
                    let table = (record.id, document.name, fixed_on);
                    add_new(book.flags.entry(table).or_default(), found);
                }
                let reported = reported.into_iter().map(|date| history.fixed_on(date));
                let reported = reported.map(|date| (record.id, document.name, date));
                book.reported_tables.extend(reported);
            }
        }
        book
    }

    /// The flags of a source's tables in force and newest, in the order of their documents and dates.
    pub fn of_source(&self, source: SourceId) -> impl Iterator<Item = &Flag> {
        let of_source = self
            .reported_tables
            .iter()
            .filter(move |(id, ..)| *id == source);
        of_source.flat_map(|table| self.flags.get(table).into_iter().flatten())
    }

    /// The flags of one table that concern a pair: those of its rows, and those of the whole table.
    pub fn of_pair(
        &self,
        (source, document, date): (SourceId, &'static str, Date),
        pair: [Currency; 2],
    ) -> Vec<Flag> {
        let flags = self.flags.get(&(source, document, date));
        let concerns = |flag: &&Flag| flag.currency.is_none_or(|code| pair.contains(&code));
        let flags = flags.into_iter().flatten().filter(concerns);
        flags.cloned().collect()
    }
}

/// Adds the flags that are not in the list yet.
fn add_new(flags: &mut Vec<Flag>, found: Vec<Flag>) {
    for flag in found {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
}

/// The accepted rows of the table of a date with which no other source that quotes their currency agrees. Only the US dollar
/// and the five are compared: several banks print good prices for them.
fn triangle_flags(
    records: &BTreeMap<SourceId, Arc<SourceRecord>>,
    record: &SourceRecord,
    document: &DocumentRecord,
    date: Date,
) -> Vec<Flag> {
    let Some(table) = document.history.table(date) else {
        return Vec::new();
    };
    let with_dollar = triangle::with_dollar(record, table);
    let compared = |code: &&Currency| **code == Currency::USD || code.is_of_the_five();
    let flag = |code: &Currency| {
        let currency = triangle::priced_currency(*code, table.pivot);
        let ours = triangle::per_dollar(&with_dollar, currency)?;
        let witnesses = triangle::witnesses(records, record.id, currency, date);
        if witnesses.is_empty() || witnesses.iter().any(|witness| witness.agrees(&ours)) {
            return None;
        }
        let others: Vec<String> = witnesses.iter().map(triangle::Witness::describe).collect();
        let ours = ours.significant(4).unwrap_or_default();
        Some(Flag {
            check: Check::Triangle,
            currency: Some(*code),
            detail: format!(
                "a dollar costs {ours} {currency} by this table; {}",
                others.join(", ")
            ),
        })
    };
    table
        .rows
        .keys()
        .filter(compared)
        .filter_map(flag)
        .collect()
}
