//! Refusals as statuses of gRPC, with the details that a program can act on.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, QuotaViolation, StatusExt};

use crate::backoff::jitter;
use crate::domain::{Field, OtherReplica, Refusal, RefusalKind, TablePart, plain_sentence};

/// The domain of every reason.
const DOMAIN: &str = "silkrate";
/// The metadata of a refusal that another replica takes the request: its name, and the URL where operators reach it.
const LEADER: &str = "leader";
const LEADER_ADDRESS: &str = "leader_address";

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let message = plain_sentence(&refusal.to_string());
        let mut details = error_info(&refusal);
        if let (RefusalKind::InvalidArgument, Some(field)) = (refusal.kind(), refusal.field()) {
            let violation = FieldViolation::new(field_name(field), message.clone());
            details.set_bad_request(vec![violation]);
        }
        if let Some(quota) = refusal.quota() {
            details.set_quota_failure(vec![QuotaViolation::new(quota, message.clone())]);
        }
        if let Some(bounds) = refusal.retry_delay() {
            details.set_retry_info(Some(jitter(bounds)));
        }
        Self::with_error_details(code(refusal.kind()), message, details)
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "the library wants a HashMap; its order is not seen"
)]
fn error_info(refusal: &Refusal) -> ErrorDetails {
    let mut metadata = std::collections::HashMap::new();
    if let Refusal::NotLeader(OtherReplica { node, address }) = refusal {
        let known = [(LEADER, node), (LEADER_ADDRESS, address)].into_iter();
        let known = known.filter(|(_, text)| !text.is_empty());
        metadata.extend(known.map(|(key, text)| (key.to_owned(), text.clone())));
    }
    ErrorDetails::with_error_info(refusal.reason().as_str(), DOMAIN, metadata)
}

fn code(kind: RefusalKind) -> Code {
    match kind {
        RefusalKind::InvalidArgument => Code::InvalidArgument,
        RefusalKind::NotFound => Code::NotFound,
        RefusalKind::FailedPrecondition => Code::FailedPrecondition,
        RefusalKind::ResourceExhausted => Code::ResourceExhausted,
        RefusalKind::Unavailable => Code::Unavailable,
        RefusalKind::DeadlineExceeded => Code::DeadlineExceeded,
        RefusalKind::Unimplemented => Code::Unimplemented,
        RefusalKind::Unauthenticated => Code::Unauthenticated,
        RefusalKind::PermissionDenied => Code::PermissionDenied,
        RefusalKind::Internal => Code::Internal,
    }
}

/// The path of a field in the messages of the contract.
fn field_name(field: Field) -> String {
    match field {
        Field::Pair => "pair".to_owned(),
        Field::FilterPairs => "filter.pairs".to_owned(),
        Field::FilterPair(index) => format!("filter.pairs[{index}]"),
        Field::MinInterval => "min_interval".to_owned(),
        Field::Amount => "amount".to_owned(),
        Field::FromCurrency => "from_currency".to_owned(),
        Field::ToCurrency => "to_currency".to_owned(),
        Field::Date => "date".to_owned(),
        Field::Step => "step".to_owned(),
        Field::Period => "period".to_owned(),
        Field::StartDate => "start_date".to_owned(),
        Field::EndDate => "end_date".to_owned(),
        Field::Source => "source".to_owned(),
        Field::Document => "document".to_owned(),
        Field::Currency => "currency".to_owned(),
        Field::PageSize => "page_size".to_owned(),
        Field::PageToken => "page_token".to_owned(),
        Field::HeldValue => "value".to_owned(),
        Field::Table(TablePart::Pivot) => "table.pivot".to_owned(),
        Field::Table(TablePart::EffectiveDate) => "table.effective_date".to_owned(),
        Field::Table(TablePart::AsOfTime) => "table.as_of_time".to_owned(),
        Field::Table(TablePart::Rows) => "table.rows".to_owned(),
        Field::Table(TablePart::Row(index)) => format!("table.rows[{index}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{FilterError, InvalidCurrency, RateFilter};

    #[test]
    fn a_status_names_the_reason_and_the_field_of_the_contract() {
        let error = RateFilter::parse(&["KZT/USD", "KZT"]).unwrap_err();
        assert!(matches!(error, FilterError::InvalidPair { .. }));
        let status = Status::from(Refusal::InvalidFilter(error));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "INVALID_PAIR");
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, "filter.pairs[1]");
        let status = Status::from(Refusal::InvalidCurrency(Field::ToCurrency));
        assert_eq!(status.message(), InvalidCurrency.to_string());
    }

    #[test]
    fn a_status_of_a_replica_that_follows_has_the_address_of_the_one_that_leads() {
        let refusal = Refusal::NotLeader(OtherReplica {
            node: "one".to_owned(),
            address: "http://10.0.0.1:9464".to_owned(),
        });
        let status = Status::from(refusal);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains("`one`"), "{}", status.message());
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, "NOT_LEADER");
        assert_eq!(info.metadata["leader"], "one");
        assert_eq!(info.metadata["leader_address"], "http://10.0.0.1:9464");
    }

    #[test]
    fn a_status_of_a_full_server_names_the_quota_and_the_delay() {
        let details = Status::from(Refusal::TooManyStreams { streams_max: 3 }).get_error_details();
        let quota = &details.quota_failure().unwrap().violations[0];
        assert_eq!(quota.subject, "streams");
        let delay = details.retry_info().unwrap().retry_delay.unwrap();
        assert!((Duration::from_secs(5)..=Duration::from_secs(15)).contains(&delay));
    }
}
