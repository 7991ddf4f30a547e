//! Handing a table of the past to the server.

use crate::cli::backfill::GivenUp;
use crate::cli::backfill::pace::Pace;
use crate::cli::backfill::tally::Tally;
use crate::client::{Admin, ClientError};
use crate::domain::{SourceId, Table};
use crate::pb::admin as wire;

/// How often the server is asked before it is believed to be gone: it restarts within seconds.
const SERVER_ATTEMPTS_MAX: u32 = 4;
/// The word of the server for a table it cannot take at all.
const INVALID_TABLE: &str = "INVALID_TABLE";

/// Hands a table in, and counts what became of it.
///
/// # Errors
/// When the server is gone, or does not want to hear of this source.
pub(super) async fn hand_in(
    admin: &Admin,
    pace: Pace,
    source: SourceId,
    table: &Table,
) -> Result<Outcome, GivenUp> {
    let mut failures = 0;
    loop {
        let error = match admin.file_table(message(source, table)).await {
            Ok(answer) => return Ok(Outcome::of(answer)),
            Err(ClientError::Refused {
                reason, message, ..
            }) if reason == INVALID_TABLE => {
                return Ok(Outcome::Refused(message));
            }
            Err(error) => error,
        };
        failures += 1;
        if error.is_permanent() || failures >= SERVER_ATTEMPTS_MAX {
            return Err(GivenUp::from(error));
        }
        tokio::time::sleep(pace.back_off.wait(failures, error.retry_after())).await;
    }
}

/// What the server made of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is filed.
    Filed {
        /// Whether it told the server anything.
        news: bool,
        /// How many of its rows wait for a decision.
        held_rows: u32,
    },
    /// It is not believed, for this reason.
    Refused(String),
}

impl Outcome {
    fn of(answer: wire::FileTableResponse) -> Self {
        let wire::FileTableResponse {
            refused,
            news,
            held_rows,
        } = answer;
        if refused.is_empty() {
            Self::Filed { news, held_rows }
        } else {
            Self::Refused(refused)
        }
    }

    /// Adds it to the counts.
    pub(super) fn count(self, table: &Table, tally: &mut Tally) {
        match self {
            Self::Filed { news, held_rows } => {
                let count = if news {
                    &mut tally.filed
                } else {
                    &mut tally.known
                };
                *count = count.saturating_add(1);
                tally.held_rows = tally.held_rows.saturating_add(held_rows);
            }
            Self::Refused(reason) => {
                let (document, date) = (table.document, table.effective_date);
                tally.refuse(format!("{document} {date}: {reason}"));
            }
        }
    }
}

/// A table as the contract writes it: every digit as printed.
fn message(source: SourceId, table: &Table) -> wire::Table {
    let rows = table.rows.values().map(|row| wire::Row {
        currency: row.currency.to_string(),
        units: row.units.to_string(),
        value: row.value.to_string(),
        home_currency: row.home_currency.to_string(),
        published_change: row.published_change.map(|change| change.to_string()),
    });
    wire::Table {
        source: source.to_string(),
        document: table.document.to_owned(),
        pivot: table.pivot.to_string(),
        effective_date: table.effective_date.to_string(),
        as_of_time: table.as_of.map(|instant| prost_types::Timestamp {
            seconds: instant.as_second(),
            nanos: instant.subsec_nanosecond(),
        }),
        rows: rows.collect(),
    }
}
