//! Messages as JSON objects: the names of the contract, decimals as strings, enums without their prefix, `null` for what is
//! absent. A type here is the JSON form of the message of the same name. The web side serves them and the command line
//! prints them, so that a message has one shape in both; `tests/it/contract/differences.rs` lists the deliberate differences
//! from the contract.

mod catalogue;
mod period;
mod rate;
mod replicas;
mod responses;
mod source;
mod stream;

use serde::Serialize;

pub use self::catalogue::{Currency, ListCurrenciesResponse, ListPairsResponse, Pair};
pub use self::period::{ListPeriodRatesResponse, PeriodRates};
pub use self::rate::{Fixing, Flag, HeldFixing, Rate};
pub use self::replicas::{ListReplicasResponse, ReplicaReport, StepDownResponse};
pub use self::responses::{
    ConvertAmountResponse, Decision, GetRateResponse, GetSnapshotResponse, ListFixingsResponse,
    ListHeldResponse, ListRateHistoryResponse, ListSourcesResponse,
};
pub use self::source::{Replica, SourceDetail, SourceState};
pub use self::stream::WatchRatesResponse;
use crate::pb;

/// One state of one server.
#[derive(Debug, Serialize)]
pub struct Position<'a> {
    epoch: &'a str,
    revision: u64,
}

impl<'a> From<&'a pb::Position> for Position<'a> {
    fn from(position: &'a pb::Position) -> Self {
        let pb::Position { epoch, revision } = position;
        Self {
            epoch,
            revision: *revision,
        }
    }
}

/// One line of JSON.
pub fn text(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// Converts each item.
pub(crate) fn list<'a, T: 'a, J: From<&'a T>>(items: &'a [T]) -> Vec<J> {
    items.iter().map(J::from).collect()
}

/// The name of an enum's value without the prefix that all its values have.
pub(crate) fn short(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// An instant to the second, in UTC.
pub(crate) fn instant(instant: &prost_types::Timestamp) -> Option<String> {
    let instant = jiff::Timestamp::from_second(instant.seconds).ok()?;
    Some(instant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_in_utc_to_the_second() {
        let seconds = prost_types::Timestamp {
            seconds: 1_775_120_400,
            nanos: 5,
        };
        assert_eq!(instant(&seconds).as_deref(), Some("2026-04-02T09:00:00Z"));
    }
}
