//! The tasks that send answers: one that waits too long for its reader is cut.
//!
//! hyper runs each stream of HTTP/2 as a future of an executor, and polls no body while the window of its reader is closed. So a stream
//! whose reader takes nothing cannot end itself: its future is dropped here, which resets the stream (`CANCEL`) and frees what
//! it was to send. Over HTTP/1.1 the future of the connection polls the one body under way, and is dropped in the same way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::Executor;
use hyper_util::rt::TokioExecutor;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::listener::output::OutputBudget;
use crate::listener::stall::Stall;
use crate::listener::waiting::{Polled, Waiting, note, noted};

/// Runs the streams of connections.
#[derive(Debug, Clone, Default)]
pub struct StreamExecutor {
    budget: Arc<OutputBudget>,
}

impl StreamExecutor {
    /// Runs streams within a budget.
    pub fn new(budget: Arc<OutputBudget>) -> Self {
        Self { budget }
    }
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        TokioExecutor::new().execute(StreamTask {
            stream,
            wait: Wait::of_stream(Arc::clone(&self.budget)),
        });
    }
}

/// Since when a stream waits for its reader.
#[derive(Debug)]
enum Since {
    /// It waits for its own next frame.
    Nothing,
    /// HTTP holds a short piece.
    Held(Instant),
    /// A long piece is being sent.
    Sending(Arc<Waiting>),
}

impl Since {
    /// When it began to wait for its reader.
    fn began(&self) -> Option<Instant> {
        match self {
            Self::Nothing => None,
            Self::Held(since) => Some(*since),
            Self::Sending(waiting) => waiting.since(),
        }
    }
}

pin_project! {
    struct StreamTask<F> {
        #[pin]
        stream: F,
        wait: Wait,
    }
}

/// How a stream waits for its reader.
pub(super) struct Wait {
    since: Since,
    /// Whether HTTP holds a short piece until its reader takes it.
    holds_short: bool,
    stall: Stall,
    budget: Arc<OutputBudget>,
}

impl Wait {
    fn of_stream(budget: Arc<OutputBudget>) -> Self {
        Self {
            since: Since::Nothing,
            holds_short: true,
            stall: Stall::default(),
            budget,
        }
    }

    /// That of the answers over a connection of HTTP/1.1, one after the other. A short piece is held until the socket takes it, for
    /// which the socket has a deadline.
    pub(super) fn of_connection(budget: Arc<OutputBudget>) -> Self {
        Self {
            holds_short: false,
            ..Self::of_stream(budget)
        }
    }

    /// Polls what sends; ready with nothing when its reader took too little.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        send: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        note(Polled::Not);
        if let Poll::Ready(sent) = send(cx) {
            return Poll::Ready(Some(sent));
        }
        self.update(noted());
        self.poll_late(cx).map(|()| None)
    }

    /// Takes over what the body of the stream has told.
    fn update(&mut self, polled: Polled) {
        match polled {
            Polled::Not => {}
            Polled::Waits => {
                // A long piece that is being sent stays; one that was sent has no beginning any more.
                if !matches!(self.since, Since::Sending(_)) {
                    self.since = Since::Nothing;
                }
            }
            Polled::Yielded if self.holds_short => self.since = Since::Held(Instant::now()),
            Polled::Yielded => self.since = Since::Nothing,
            Polled::Counted(waiting) => self.since = Since::Sending(waiting),
        }
    }

    /// Ready when it waited too long, or makes room for others.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waiting = match &self.since {
            Since::Sending(waiting) => Some(waiting),
            Since::Nothing | Since::Held(_) => None,
        };
        let is_cut = waiting.is_some_and(|waiting| waiting.poll_cut(cx).is_ready());
        if !is_cut {
            let (since, budget) = (&self.since, &self.budget);
            let late = self.stall.poll(cx, || since.began(), || budget.stall_max());
            ready!(late);
            if let Some(waiting) = waiting {
                budget.cut(waiting);
            }
        }
        self.budget.count_cut();
        Poll::Ready(())
    }
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = self.project();
        let sent = task.wait.poll(cx, |cx| task.stream.poll(cx));
        sent.map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use bytes::{Buf, Bytes};
    use http_body_util::BodyExt;
    use tokio::sync::oneshot;
    use tokio::time::sleep;

    use super::*;
    use crate::listener::output::OpenRequest;
    use crate::listener::sent_body::SentBody;

    /// The length of an answer, and how often its reader takes some of it.
    const LENGTH: usize = 400_000;
    const EVERY: Duration = Duration::from_secs(20);

    /// Sends an answer to a reader that takes some bytes at a time; returns whether it gets all of them.
    async fn arrives(bytes: usize) -> bool {
        let budget = Arc::<OutputBudget>::default();
        let output = budget.connection(None);
        let (sender, arrived) = oneshot::channel();
        StreamExecutor::new(budget).execute(async move {
            let body = Body::from(Bytes::from(vec![1; LENGTH]));
            let mut body = SentBody::new(body, Some(OpenRequest::begin(&output)));
            let frame = body.frame().await.unwrap().unwrap();
            let mut piece = frame.into_data().unwrap();
            while piece.has_remaining() {
                sleep(EVERY).await;
                piece.advance(bytes.min(piece.remaining()));
            }
            sender.send(()).unwrap();
        });
        arrived.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_of_a_long_piece_is_cut_when_it_stops_and_not_when_it_is_slow() {
        let began = Instant::now();
        assert!(arrives(20_000).await);
        assert_eq!(began.elapsed(), 20 * EVERY);
        let began = Instant::now();
        assert!(!arrives(1_000).await);
        assert!(began.elapsed() < 2 * EVERY, "{:?}", began.elapsed());
    }
}
