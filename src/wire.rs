//! Between the domain and the contract: values and answers outwards, which cannot fail, requests inwards, and refusals.

mod catalogue;
mod messages;
mod rates;
mod requests;
mod responses;
mod scalars;
mod status;

pub(crate) use catalogue::{to_currencies_response, to_pairs_response};
pub(crate) use messages::{
    from_position, to_message, to_position, to_replica, to_source_detail, to_source_state,
    to_source_states,
};
pub(crate) use rates::{to_fixing, to_flag, to_freshness, to_held, to_rate, to_rates};
pub(crate) use requests::to_subscribe;
pub(crate) use responses::{
    to_convert_response, to_fixings_response, to_history_response, to_past_rate,
    to_past_rate_response, to_past_snapshot_response, to_periods_response, to_rate_response,
    to_snapshot_response, to_sources_response,
};
pub(crate) use scalars::{present, to_timestamp};
