//! An attempt at an event that has ended.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::webhooks::store::Delivery;

/// An attempt at an event that has ended.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) delivery: Delivery,
    pub(super) at: Timestamp,
    pub(super) end: End,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    Delivered,
    Gone,
    /// It is due again at an instant, or given up.
    Failed {
        reason: String,
        again: Option<Timestamp>,
    },
}

/// The attempt of a webhook that ended and is not in the file yet. The courier of the webhook holds it as long as it runs; the one
/// that a reload puts in its place records what is left, so that the event is not sent again.
pub(super) type Unrecorded = Arc<Mutex<Option<Attempt>>>;
