//! Requests to the server: which dates it has, and the upload of a table.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::backfill::{Aborted, DateRange, Stats, Throttle};
use crate::client::{Admin, ClientError};
use crate::domain::{Reason, SourceId, Table};
use crate::pb::admin as pb;
use crate::sources::Document;

/// Attempts before the server counts as gone: it restarts within seconds.
const ATTEMPTS_MAX: u32 = 4;

/// The dates for which the server has a table of a document.
pub(super) async fn filed(
    admin: &Admin,
    source: SourceId,
    document: &Document,
    dates: DateRange,
) -> Result<BTreeSet<Date>, ClientError> {
    let range = (dates.first, dates.last);
    let response = admin
        .filed_dates(source.as_str(), document.name, range)
        .await?;
    // A date that cannot be parsed is requested from the bank once more.
    let dates = response.dates.iter().filter_map(|date| date.parse().ok());
    Ok(dates.collect())
}

/// Uploads a table; a server that is busy or restarting is tried again.
///
/// # Errors
/// When the server is gone, or refuses every table of this source.
pub(super) async fn upload(
    admin: &Admin,
    throttle: Throttle,
    source: SourceId,
    table: &Table,
) -> Result<UploadResult, Aborted> {
    let mut failures = 0;
    loop {
        let error = match admin.file_table(message(source, table)).await {
            Ok(response) => return Ok(UploadResult::from(response)),
            Err(ClientError::Refused {
                reason: Some(Reason::InvalidTable),
                message,
                ..
            }) => {
                return Ok(UploadResult::Refused(message));
            }
            Err(error) => error,
        };
        failures += 1;
        if error.is_permanent() || failures >= ATTEMPTS_MAX {
            return Err(Aborted::from(error));
        }
        let delay = throttle.backoff.delay(failures, error.retry_after());
        tokio::time::sleep(delay).await;
    }
}

/// The server's response to an uploaded table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UploadResult {
    /// It is filed.
    Filed {
        /// Whether it added anything.
        has_changes: bool,
        /// How many of its rows are held for a decision.
        held_rows: u32,
    },
    /// It failed the server's checks, for this reason.
    Refused(String),
}

impl From<pb::FileTableResponse> for UploadResult {
    fn from(response: pb::FileTableResponse) -> Self {
        let pb::FileTableResponse {
            refused,
            news,
            held_rows,
        } = response;
        match refused {
            Some(reason) => Self::Refused(reason),
            None => Self::Filed {
                has_changes: news,
                held_rows,
            },
        }
    }
}

impl UploadResult {
    /// Adds it to the counts.
    pub(super) fn count(self, table: &Table, stats: &mut Stats) {
        match self {
            Self::Filed {
                has_changes,
                held_rows,
            } => {
                let count = if has_changes {
                    &mut stats.filed
                } else {
                    &mut stats.already_filed
                };
                *count = count.saturating_add(1);
                stats.held_rows = stats.held_rows.saturating_add(held_rows);
            }
            Self::Refused(reason) => {
                let (document, date) = (table.document, table.effective_date);
                stats.add_refusal(format!("{document} {date}: {reason}"));
            }
        }
    }
}

/// A table as a message, every digit as printed.
fn message(source: SourceId, table: &Table) -> pb::Table {
    let rows = table.rows.values().map(|row| pb::Row {
        currency: row.currency.to_string(),
        units: row.units.to_string(),
        value: row.value.to_string(),
        home_currency: row.home_currency.to_string(),
        published_change: row.published_change.map(|change| change.to_string()),
    });
    pb::Table {
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
