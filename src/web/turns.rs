//! Turns between the parts of a body that is compressed while it is sent. Some kilobytes take half a millisecond to compress,
//! and the connection polls for as long as its peer reads: without a turn the other tasks of the thread would wait for all of
//! an answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_ENCODING;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// Lets other tasks run between the parts of an answer that is encoded.
pub(super) async fn between_parts(response: Response) -> Response {
    if response.headers().contains_key(CONTENT_ENCODING) {
        response.map(|body| Body::new(TakingTurns::new(body)))
    } else {
        response
    }
}

/// A body that is ready for its next part when the other tasks had a turn.
struct TakingTurns {
    body: Body,
    had_part: bool,
}

impl TakingTurns {
    fn new(body: Body) -> Self {
        Self {
            body,
            had_part: false,
        }
    }
}

impl HttpBody for TakingTurns {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.had_part {
            self.had_part = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let part = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.had_part = part.is_some();
        Poll::Ready(part)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use futures_util::stream;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_body_waits_for_a_turn_of_the_other_tasks_after_each_part() {
        let parts = ["a", "b"].map(|part| Ok::<_, Infallible>(Bytes::from(part)));
        let body = Body::from_stream(stream::iter(parts));
        let mut body = TakingTurns::new(body);
        let counted = Arc::<Wakes>::default();
        let waker = Waker::from(Arc::clone(&counted));
        let mut context = Context::from_waker(&waker);
        let mut next = || match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => "pending".to_owned(),
            Poll::Ready(None) => "end".to_owned(),
            Poll::Ready(Some(part)) => {
                let data = part.unwrap().into_data().unwrap();
                String::from_utf8(data.to_vec()).unwrap()
            }
        };
        let polled: Vec<String> = (0..5).map(|_| next()).collect();
        assert_eq!(polled, ["a", "pending", "b", "pending", "end"]);
        assert_eq!(counted.0.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_encoded_takes_no_turns() {
        for (encoding, expected) in [(None, 1), (Some("gzip"), 2)] {
            let mut response = Response::new(Body::from("rates"));
            if let Some(encoding) = encoding {
                let headers = response.headers_mut();
                headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
            }
            let mut body = between_parts(response).await.into_body();
            let mut polls = 0;
            let mut context = Context::from_waker(Waker::noop());
            let is_end = |polled: Poll<Option<_>>| matches!(polled, Poll::Ready(None));
            while !is_end(Pin::new(&mut body).poll_frame(&mut context)) {
                polls += 1;
            }
            assert_eq!(polls, expected, "{encoding:?}");
        }
    }
}
