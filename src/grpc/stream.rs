//! The messages of a stream as the generated server sends them.

use futures_util::{Stream, stream};
use tonic::Status;

use crate::domain::Refusal;
use crate::feed::Subscription;
use crate::pb;
use crate::queries::Queries;
use crate::wire::to_message;

/// The messages of a subscription, and the status that ends them.
pub(super) fn messages(
    subscription: Subscription,
    queries: Queries,
) -> impl Stream<Item = Result<pb::WatchRatesResponse, Status>> + Send {
    stream::unfold(Some(subscription), move |subscription| {
        let queries = queries.clone();
        async move {
            let mut subscription = subscription?;
            match subscription.next().await {
                Ok(message) => {
                    let message = to_message(&message, queries.now());
                    Some((Ok(message), Some(subscription)))
                }
                Err(end) => Some((Err(Refusal::from(end).into()), None)),
            }
        }
    })
}
