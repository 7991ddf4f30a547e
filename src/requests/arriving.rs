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
pub struct ArrivingBody<B>(B);

impl<B> ArrivingBody<B> {
    /// A body that arrives over HTTP/2.
    pub fn new(body: B) -> Self {
        Self(body)
    }
}

impl<B: Body + Unpin> Body for ArrivingBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match ready!(Pin::new(&mut self.0).poll_frame(context)) {
            Some(Err(_)) => Poll::Pending,
            None if !self.0.is_end_stream() => Poll::Pending,
            next => Poll::Ready(next),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
