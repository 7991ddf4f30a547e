//! The entries as they were written, without what was served after them: for a log that replicas begin to share.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use crate::domain::{
    Answer, Cause, Check, DecidedBy, Decision, FiledTable, Fixing, Held, HeldOutcome, LedgerEntry,
    Position, SourceId,
};
use crate::ledger::error::StorageError;
use crate::ledger::read::restore::held_change;
use crate::ledger::read::rows::{FIXING_COLUMNS, Stored, StoredFixing, instant, value_of};

/// Makes a name last as long as the process, as the names of sources and documents do; `None` if there are too many.
pub type KeepName = fn(&str) -> Option<&'static str>;

/// The entries after a number, at most `limit` of them, with their facts.
pub(super) fn entries(
    connection: &Connection,
    (after, limit): (u64, u32),
    keep: KeepName,
) -> Result<Vec<LedgerEntry>, StorageError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut entries = heads(connection, (after, limit), keep)?;
    let Some((last, _)) = entries.last_key_value() else {
        return Ok(Vec::new());
    };
    let batch = Batch {
        connection,
        range: (after, *last),
        keep,
    };
    batch.read_filed(&mut entries)?;
    batch.read_held(&mut entries)?;
    batch.read_rest(&mut entries)?;
    Ok(entries.into_values().collect())
}

/// The number of the newest entry; 0 if there is none.
pub(super) fn newest(connection: &Connection) -> Result<u64, StorageError> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(entry) FROM entries", [], |row| row.get(0))?;
    Ok(newest
        .and_then(|entry| u64::try_from(entry).ok())
        .unwrap_or(0))
}

type Entries = BTreeMap<i64, LedgerEntry>;

/// The positions, times and causes.
fn heads(
    connection: &Connection,
    (after, limit): (i64, u32),
    keep: KeepName,
) -> Result<Entries, StorageError> {
    let mut statement = connection.prepare(
        "SELECT entry, epoch, revision, at, cause, source FROM entries WHERE entry > ?1 ORDER BY entry LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, limit])?;
    let mut heads = Entries::new();
    while let Some(row) = rows.next()? {
        let (epoch, at, cause): (String, String, String) = (row.get(1)?, row.get(3)?, row.get(4)?);
        let source: Option<String> = row.get(5)?;
        let source = source
            .map(|id| kept(keep, &id).map(SourceId::new))
            .transpose()?;
        let revision: i64 = row.get(2)?;
        let corrupt = |what: String| StorageError::Corrupt(format!("{what} of entries"));
        let position = Position {
            epoch: epoch.into(),
            revision: u64::try_from(revision)
                .map_err(|_negative| corrupt(format!("the revision {revision}")))?,
        };
        let cause =
            Cause::parse(&cause, source).ok_or_else(|| corrupt(format!("the cause `{cause}`")))?;
        let entry = LedgerEntry::empty(position, instant(&at, "entries")?, cause);
        heads.insert(row.get(0)?, entry);
    }
    Ok(heads)
}

fn kept(keep: KeepName, name: &str) -> Result<&'static str, StorageError> {
    keep(name).ok_or_else(|| StorageError::Corrupt(format!("the name `{name}`")))
}

/// Entries whose facts are read together: but for the rows they have no index by entry.
struct Batch<'a> {
    connection: &'a Connection,
    /// The entry before the first one, and the last one.
    range: (i64, i64),
    keep: KeepName,
}

impl Batch<'_> {
    fn kept(&self, row: &Row<'_>, column: &str) -> Result<&'static str, StorageError> {
        kept(self.keep, &row.get::<_, String>(column)?)
    }

    fn read_filed(&self, entries: &mut Entries) -> Result<(), StorageError> {
        let sql = format!(
            "SELECT {FIXING_COLUMNS}, fixings.entry AS in_entry, fixings.source, fixings.document, tables.id AS of_table, pivot, as_of
             FROM fixings JOIN tables ON tables.id = table_id
             WHERE fixings.entry > ?1 AND fixings.entry <= ?2 ORDER BY fixings.entry, fixings.id"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query(self.range)?;
        let mut last_table = None;
        while let Some(row) = rows.next()? {
            let source = SourceId::new(self.kept(row, "source")?);
            let stored = StoredFixing::of(row, source)?;
            let replaced = stored.supersedes();
            let replaced = replaced
                .map(|id| value_of(self.connection, id))
                .transpose()?;
            let fixing = Fixing {
                superseded_value: replaced.map(|(_units, value, _older)| value),
                ..stored.fixing
            };
            let (number, table): (i64, i64) = (row.get("in_entry")?, row.get("of_table")?);
            let Some(entry) = entries.get_mut(&number) else {
                continue;
            };
            if last_table.replace((number, table)) != Some((number, table)) {
                let head = Stored::of(row, "tables")?;
                entry.filed.push(FiledTable {
                    source,
                    document: self.kept(row, "document")?,
                    pivot: head.currency("pivot")?,
                    effective_date: fixing.effective_date,
                    as_of: head.optional_time("as_of")?,
                    rows: Vec::new(),
                });
            }
            if let Some(filed) = entry.filed.last_mut() {
                filed.rows.push(Arc::new(fixing));
            }
        }
        Ok(())
    }

    fn read_held(&self, entries: &mut Entries) -> Result<(), StorageError> {
        let held = "SELECT held.*, held.entry AS in_entry FROM held
             WHERE held.entry > ?1 AND held.entry <= ?2 ORDER BY held.id";
        self.each(held, |row, number| {
            let held = Arc::new(self.held(row)?);
            if let Some(entry) = entries.get_mut(&number) {
                entry.held.push(held);
            }
            Ok(())
        })?;
        let decided = "SELECT held.*, decisions.entry AS in_entry, outcome, decided_by, note
             FROM decisions JOIN held ON held.id = decisions.held
             WHERE decisions.entry > ?1 AND decisions.entry <= ?2 ORDER BY held.id";
        self.each(decided, |row, number| {
            let stored = Stored::of(row, "decisions")?;
            let (outcome, by): (String, String) =
                (stored.get("outcome")?, stored.get("decided_by")?);
            let unknown =
                |column, name: &str| stored.corrupt(column, &format!("`{name}` is unknown"));
            let decision = Decision {
                held: Arc::new(self.held(row)?),
                outcome: HeldOutcome::parse(&outcome)
                    .ok_or_else(|| unknown("outcome", &outcome))?,
                by: DecidedBy::parse(&by).ok_or_else(|| unknown("decided_by", &by))?,
                note: stored.get("note")?,
            };
            if let Some(entry) = entries.get_mut(&number) {
                entry.decided.push(decision);
            }
            Ok(())
        })
    }

    fn held(&self, row: &Row<'_>) -> Result<Held, StorageError> {
        let stored = Stored::of(row, "held")?;
        let name: String = stored.get("check_name")?;
        let unknown = || stored.corrupt("check_name", &format!("there is no check `{name}`"));
        Ok(Held {
            document: self.kept(row, "document")?,
            code: stored.currency("row_currency")?,
            fixing: Arc::new(Fixing {
                source: SourceId::new(self.kept(row, "source")?),
                currency: stored.currency("currency")?,
                units: stored.get("units")?,
                value: stored.decimal("value")?,
                home_currency: stored.currency("home_currency")?,
                effective_date: stored.time("effective_date")?,
                published_change: stored.optional_decimal("published_change")?,
                superseded_value: stored.optional_decimal("superseded_value")?,
            }),
            check: Check::parse(&name).ok_or_else(unknown)?,
            detail: stored.get("detail")?,
            since: stored.time("since")?,
            change: held_change(stored)?,
        })
    }

    /// The sources whose first attempt had ended, and the answers without a table.
    fn read_rest(&self, entries: &mut Entries) -> Result<(), StorageError> {
        let attempted = "SELECT entry AS in_entry, source FROM attempted
             WHERE entry > ?1 AND entry <= ?2 ORDER BY source";
        self.each(attempted, |row, number| {
            let source = SourceId::new(self.kept(row, "source")?);
            if let Some(entry) = entries.get_mut(&number) {
                entry.attempted.push(source);
            }
            Ok(())
        })?;
        let answers = "SELECT entry AS in_entry, source, document, asked_at FROM answers
             WHERE entry > ?1 AND entry <= ?2 ORDER BY id";
        self.each(answers, |row, number| {
            let answer = Answer {
                source: SourceId::new(self.kept(row, "source")?),
                document: self.kept(row, "document")?,
                asked_at: instant(&row.get::<_, String>("asked_at")?, "answers")?,
            };
            if let Some(entry) = entries.get_mut(&number) {
                entry.answered.push(answer);
            }
            Ok(())
        })
    }

    /// Every row of a query, with the number of its entry.
    fn each(
        &self,
        sql: &str,
        mut read: impl FnMut(&Row<'_>, i64) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(self.range)?;
        while let Some(row) = rows.next()? {
            read(row, row.get("in_entry")?)?;
        }
        Ok(())
    }
}
