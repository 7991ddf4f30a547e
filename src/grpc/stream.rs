//! The messages of a stream as the generated server takes them, and the status that ends them.

use futures_util::{Stream, stream};
use tonic::Status;

use crate::clock::Clock;
use crate::feed::{StreamEnd, Subscription};
use crate::pb;
use crate::wire::{self, refusal};

/// The messages of a subscription, and the status that ends them.
pub(super) fn messages(
    subscription: Subscription,
    clock: Clock,
) -> impl Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send {
    stream::unfold(Some(subscription), move |subscription| {
        let clock = clock.clone();
        async move {
            let mut subscription = subscription?;
            match subscription.next().await {
                Ok(message) => Some((
                    Ok(wire::to_message(&message, clock.now())),
                    Some(subscription),
                )),
                Err(end) => Some((Err(end_status(end)), None)),
            }
        }
    })
}

/// What a reader is told at the end of its stream.
pub(super) fn end_status(end: StreamEnd) -> Status {
    match end {
        StreamEnd::Draining => refusal::draining(),
        StreamEnd::Aged => refusal::aged(),
    }
}
