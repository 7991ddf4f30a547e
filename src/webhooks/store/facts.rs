//! The rows of what is known.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::{Row, Transaction, params};

use crate::config::EventKind;
use crate::webhooks::store::wrong;
use crate::webhooks::subject::{Fact, Subject};

/// Reads a row of kind, subject, state, told, since, unseen, sent.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(Subject, Fact)> {
    let kind: String = row.get(0)?;
    let kind = EventKind::parse(&kind).ok_or_else(|| wrong(0, "no kind of event"))?;
    let subject = Subject {
        kind,
        name: row.get(1)?,
    };
    let since: Option<String> = row.get(4)?;
    let since = since.map(|since| since.parse()).transpose();
    let fact = Fact {
        state: row.get(2)?,
        told: row.get(3)?,
        since: since.map_err(|_not_a_date| wrong(4, "no date"))?,
        unseen: dates(row, 5)?,
        sent: dates(row, 6)?,
    };
    Ok((subject, fact))
}

fn dates(row: &Row<'_>, index: usize) -> rusqlite::Result<BTreeSet<Date>> {
    let text: String = row.get(index)?;
    let dates = text.split_whitespace().map(str::parse);
    let dates: Result<_, _> = dates.collect();
    dates.map_err(|_not_dates| wrong(index, "no dates"))
}

fn text(dates: &BTreeSet<Date>) -> String {
    let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
    dates.join(" ")
}

/// Replaces the row of a subject.
pub(super) fn write(
    transaction: &Transaction<'_>,
    webhook: &str,
    Subject { kind, name }: &Subject,
    fact: &Fact,
) -> rusqlite::Result<()> {
    let since = fact.since.map(|since| since.to_string());
    let (unseen, sent) = (text(&fact.unseen), text(&fact.sent));
    transaction.execute(
        "INSERT INTO known (webhook, kind, subject, state, told, since, unseen, sent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (webhook, kind, subject) DO UPDATE SET state = excluded.state, told = excluded.told,
             since = excluded.since, unseen = excluded.unseen, sent = excluded.sent",
        params![webhook, kind.as_str(), name, fact.state, fact.told, since, unseen, sent],
    )?;
    Ok(())
}
