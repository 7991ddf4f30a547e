//! What is odd about a table that is served: marks, never corrections.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::assessment::difference;
use crate::domain::{
    Check, Currency, DocumentRecord, Flag, Revising, SourceId, SourceRecord, triangle,
};

impl DocumentRecord {
    /// What is odd about the table of a date, seen from the one before it.
    pub fn flags(&self, date: Date) -> Vec<Flag> {
        let history = &self.history;
        let Some(before) = history.date_before(date) else {
            return Vec::new();
        };
        if history.is_carry(date) || history.revising() == Revising::Replacement {
            return Vec::new();
        }
        let (rows, rows_before) = (history.printed(date), history.printed(before));
        let mut flags = Vec::new();
        let mut flag = |check, currency, detail| {
            flags.push(Flag {
                check,
                currency,
                detail,
            });
        };
        if !self.schedule.takes_force_on(date) {
            let detail = format!("no fixing of this bank is due to take force on {date}");
            flag(Check::Calendar, None, detail);
        }
        let between = self.schedule.dates_between(before, date);
        if let Some(missing) = between.first() {
            let detail = match between.len().saturating_sub(1) {
                0 => format!("the table for {missing} is not known"),
                more => format!("the table for {missing} is not known, nor {more} after it"),
            };
            flag(Check::Calendar, None, detail);
        }
        for code in rows_before.keys().filter(|code| !rows.contains_key(code)) {
            let detail = format!("the table for {before} had a row for {code}, this one has none");
            flag(Check::MissingRow, Some(*code), detail);
        }
        for (code, row) in &rows {
            let Some((theirs, last)) = row.published_change.zip(rows_before.get(code)) else {
                continue;
            };
            if let Some(ours) = difference(row, last)
                && ours != theirs
            {
                let detail = format!(
                    "the bank prints a change of {theirs}; {} after {} on {before} is {ours}",
                    row.value, last.value
                );
                flag(Check::PublishedChange, Some(*code), detail);
            }
        }
        flags
    }
}

/// The flags of every table that is served now, computed once a commit.
#[derive(Debug, Default)]
pub struct FlagBook {
    flags: BTreeMap<(SourceId, &'static str, Date), Vec<Flag>>,
}

impl FlagBook {
    /// Looks at each document's fixing in force and its newest one.
    pub fn of(records: &BTreeMap<SourceId, Arc<SourceRecord>>, now: Timestamp) -> Self {
        let mut flags = BTreeMap::new();
        for record in records.values() {
            let today = record.today(now);
            for document in &record.documents {
                let history = &document.history;
                let in_force = history.dates(today).map(|(_, fixed_on)| fixed_on);
                let newest = history.fixing_dates().next_back();
                for date in [in_force, newest].into_iter().flatten() {
                    let mut of_table = document.flags(date);
                    of_table.extend(triangle_flags(records, record, document, date));
                    flags.insert((record.id, document.name, date), of_table);
                }
            }
        }
        Self { flags }
    }

    /// The flags of a source's tables, in the order of their documents and dates.
    pub fn of_source(&self, source: SourceId) -> impl Iterator<Item = &Flag> {
        let of_source = self.flags.iter().filter(move |((id, ..), _)| *id == source);
        of_source.flat_map(|(_, flags)| flags)
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

/// The believed rows, in force on a day, that no other source which quotes their currency agrees with: of the dollar
/// and the five, whose prices several banks print well.
fn triangle_flags(
    records: &BTreeMap<SourceId, Arc<SourceRecord>>,
    record: &SourceRecord,
    document: &DocumentRecord,
    date: Date,
) -> Vec<Flag> {
    let Some(table) = document.history.table(date) else {
        return Vec::new();
    };
    let compared = |code: &&Currency| **code == Currency::USD || code.is_of_the_five();
    let flag = |code: &Currency| {
        let subject = triangle::subject(*code, table.pivot);
        let ours = triangle::per_dollar(table, subject)?;
        let witnesses = triangle::witnesses(records, record.id, subject, date);
        if witnesses.is_empty() || witnesses.iter().any(|witness| witness.agrees(&ours)) {
            return None;
        }
        let others: Vec<String> = witnesses.iter().map(triangle::Witness::says).collect();
        let ours = ours.significant(4).unwrap_or_default();
        Some(Flag {
            check: Check::Triangle,
            currency: Some(*code),
            detail: format!(
                "a dollar costs {ours} {subject} by this table; {}",
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
