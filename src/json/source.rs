//! Sources as JSON objects.

use serde::Serialize;

use crate::json::rate::Flag;
use crate::json::{HeldFixing, instant, list, short};
use crate::pb;

/// The state of a source at a revision.
#[derive(Debug, Serialize)]
pub struct SourceState<'a> {
    id: &'a str,
    name: &'a str,
    attribution: Option<&'a str>,
    freshness: &'static str,
    freshness_reason: Option<&'a str>,
    newest_effective_date: Option<&'a str>,
    next_publication_time: Option<String>,
    next_publication_due_time: Option<String>,
    missed_publications: u32,
    held: Vec<HeldFixing<'a>>,
    flags: Vec<Flag<'a>>,
}

/// A source with its state and the results of polling it.
#[derive(Debug, Serialize)]
pub struct SourceDetail<'a> {
    #[serde(flatten)]
    state: SourceState<'a>,
    polling: &'static str,
    last_verified_time: Option<String>,
    last_attempt_time: Option<String>,
    next_attempt_time: Option<String>,
    consecutive_failures: u32,
    last_error: Option<&'a str>,
    dropped_rows: Vec<DroppedRow<'a>>,
    home_currency: Option<&'a str>,
    page: &'a str,
    terms: &'a str,
    requests_today: u32,
    requests_per_day: u32,
}

/// How a replica of a service stands to the others.
#[derive(Debug, Serialize)]
pub struct Replica<'a> {
    detached: bool,
    since_time: Option<String>,
    reason: Option<&'a str>,
}

impl<'a> From<&'a pb::Replica> for Replica<'a> {
    fn from(replica: &'a pb::Replica) -> Self {
        let pb::Replica {
            detached,
            since_time,
            reason,
        } = replica;
        Self {
            detached: *detached,
            since_time: since_time.as_ref().and_then(instant),
            reason: reason.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct DroppedRow<'a> {
    currency: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a pb::SourceState> for SourceState<'a> {
    fn from(state: &'a pb::SourceState) -> Self {
        let pb::SourceState {
            id,
            name,
            attribution,
            freshness: _,
            freshness_reason,
            newest_effective_date,
            next_publication_time,
            next_publication_due_time,
            missed_publications,
            held,
            flags,
        } = state;
        Self {
            id,
            name,
            attribution: attribution.as_deref(),
            freshness: short(state.freshness().as_str_name(), "FRESHNESS_"),
            freshness_reason: freshness_reason.as_deref(),
            newest_effective_date: newest_effective_date.as_deref(),
            next_publication_time: next_publication_time.as_ref().and_then(instant),
            next_publication_due_time: next_publication_due_time.as_ref().and_then(instant),
            missed_publications: *missed_publications,
            held: list(held),
            flags: list(flags),
        }
    }
}

impl<'a> SourceDetail<'a> {
    /// Returns `None` for a source without a state, which no server sends.
    pub fn of(detail: &'a pb::SourceDetail) -> Option<Self> {
        let pb::SourceDetail {
            state,
            polling: _,
            last_verified_time,
            last_attempt_time,
            next_attempt_time,
            consecutive_failures,
            last_error,
            dropped_rows,
            home_currency,
            page,
            terms,
            requests_today,
            requests_per_day,
        } = detail;
        Some(Self {
            state: SourceState::from(state.as_ref()?),
            polling: short(detail.polling().as_str_name(), "POLLING_"),
            last_verified_time: last_verified_time.as_ref().and_then(instant),
            last_attempt_time: last_attempt_time.as_ref().and_then(instant),
            next_attempt_time: next_attempt_time.as_ref().and_then(instant),
            consecutive_failures: *consecutive_failures,
            last_error: last_error.as_deref(),
            dropped_rows: list(dropped_rows),
            home_currency: home_currency.as_deref(),
            page,
            terms,
            requests_today: *requests_today,
            requests_per_day: *requests_per_day,
        })
    }
}

impl<'a> From<&'a pb::DroppedRow> for DroppedRow<'a> {
    fn from(row: &'a pb::DroppedRow) -> Self {
        let pb::DroppedRow { currency, reason } = row;
        Self { currency, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;

    #[test]
    fn a_source_tells_when_it_publishes_next_and_what_it_missed() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let state = pb::SourceState {
            id: "nbk".to_owned(),
            next_publication_time: at(1_775_120_400),
            next_publication_due_time: at(1_775_124_000),
            missed_publications: 2,
            ..pb::SourceState::default()
        };
        let detail = pb::SourceDetail {
            state: Some(state),
            ..pb::SourceDetail::default()
        };
        let printed = text(&SourceDetail::of(&detail)).unwrap();
        let expected = r#""next_publication_time":"2026-04-02T09:00:00Z","next_publication_due_time":"2026-04-02T10:00:00Z","missed_publications":2,"held":[],"flags":[],"#;
        assert!(printed.contains(expected), "{printed}");
        assert!(SourceDetail::of(&pb::SourceDetail::default()).is_none());
    }
}
