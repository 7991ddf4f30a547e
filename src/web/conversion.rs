//! The parameters of a conversion.

use serde::Deserialize;

use crate::pb::ConvertAmountRequest;
use crate::web::error::WebError;
use crate::web::query;

/// Parameters of `/v1/convert`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversion {
    #[serde(default)]
    pub(super) amount: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    pub(super) date: String,
    pub(super) round: Option<String>,
}

impl Conversion {
    /// The message of the contract.
    pub(super) fn request(self) -> Result<ConvertAmountRequest, WebError> {
        Ok(ConvertAmountRequest {
            amount: self.amount,
            from_currency: self.from,
            to_currency: self.to,
            date: Some(self.date),
            round_to_minor_unit: query::flag("round", self.round.as_deref())?,
        })
    }
}
