//! One more attempt for a request that was sent on a kept-alive connection which the bank had closed meanwhile.
//!
//! A bank closes an idle connection whenever it likes, often at the moment at which the next request is on its way. That says
//! nothing about the bank, and a GET may be sent twice. A request that fails on a new connection, that timed out or that was
//! answered is never sent again: the next poll does that.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use reqwest::ClientBuilder;
use reqwest::retry::{self, Builder};
use tower::util::MapRequestLayer;

use crate::budget::RequestBudget;
use crate::causes::causes;

/// How often a request is sent again: once. The pool keeps one connection at most, so the second attempt opens a new one.
const RETRIES_MAX: u32 = 1;

/// The budget of a client, once it has one: redirects and retries count too.
pub(super) type SharedBudget = Arc<OnceLock<RequestBudget>>;

/// Counts the connections of a client, to tell a kept-alive one from a new one.
#[derive(Debug, Clone, Default)]
struct Connections {
    opened: Arc<AtomicU64>,
    /// How many had been opened when the last response came.
    opened_at_response: Arc<AtomicU64>,
}

/// Lets a client send a request once more on a new connection when a kept-alive one broke before the response.
pub(super) fn retry_broken_once(
    client: ClientBuilder,
    host: &str,
    budget: SharedBudget,
) -> ClientBuilder {
    let connections = Connections::default();
    let opened = Arc::clone(&connections.opened);
    let counting = MapRequestLayer::new(move |target| {
        opened.fetch_add(1, Ordering::Relaxed);
        target
    });
    client
        .connector_layer(counting)
        .retry(connections.retry(host.to_owned(), budget))
}

impl Connections {
    fn retry(self, host: String, budget: SharedBudget) -> Builder {
        retry::for_host(host)
            // The limit of one retry for a request is the budget.
            .no_budget()
            .max_retries_per_request(RETRIES_MAX)
            .classify_fn(move |attempt| match attempt.error() {
                None => {
                    let opened = self.opened.load(Ordering::Relaxed);
                    self.opened_at_response.store(opened, Ordering::Relaxed);
                    attempt.success()
                }
                Some(error)
                    if self.was_kept_alive()
                        && is_broken(error)
                        && budget.get().is_none_or(RequestBudget::take_another) =>
                {
                    attempt.retryable()
                }
                Some(_) => attempt.success(),
            })
    }

    /// Whether the request that failed was sent on a connection that had carried a response. A client sends one request at a
    /// time.
    fn was_kept_alive(&self) -> bool {
        let opened = self.opened.load(Ordering::Relaxed);
        opened > 0 && opened == self.opened_at_response.load(Ordering::Relaxed)
    }
}

/// Whether an error is that the connection ended before the response.
fn is_broken(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let ended = cause.downcast_ref::<hyper::Error>();
        let ended = ended.is_some_and(hyper::Error::is_incomplete_message);
        let reset = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
                    | ErrorKind::UnexpectedEof
            )
        });
        ended || reset
    })
}
