//! The body of a request while it arrives.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};

/// The body of a request over HTTP/2. Where its client resets the stream, or the connection ends, it neither ends nor fails: it
/// stays pending, until hyper drops the request with the stream.
///
/// hyper shows such a body as failed, or as ended if the reset has no reason. The request would then be answered, and counted, as
/// if its client had sent half a message and waited for the answer.
#[derive(Debug)]
pub struct ArrivingBody<B> {
    body: B,
    /// Whether it fails as hyper shows it.
    fails: bool,
}

impl<B> ArrivingBody<B> {
    /// A body that arrives over HTTP/2.
    pub fn new(body: B) -> Self {
        Self { body, fails: false }
    }

    /// The same for a service that reads it in a task of its own: hyper does not drop that with the stream, so the body has to
    /// fail.
    pub fn failing(body: B) -> Self {
        Self { body, fails: true }
    }
}

impl<B: Body + Unpin> Body for ArrivingBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            next if self.fails => Poll::Ready(next),
            Some(Err(_)) => Poll::Pending,
            None if !self.body.is_end_stream() => Poll::Pending,
            next => Poll::Ready(next),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
