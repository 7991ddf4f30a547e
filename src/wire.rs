//! Between the domain and the contract: values outwards, which cannot fail, requests inwards, which can, and refusals.

pub(crate) mod inwards;
mod messages;
mod rates;
pub(crate) mod refusal;

pub(crate) use messages::{
    from_duration, from_position, to_message, to_position, to_source_detail, to_source_states,
    to_timestamp,
};
pub(crate) use rates::{to_fixing, to_flag, to_freshness, to_held, to_rate, to_rates};
