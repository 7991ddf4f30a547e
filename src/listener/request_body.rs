//! The body of a request over HTTP/1.1, which counts as arriving until it has come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::listener::ConnectionOutput;

/// The body of a request.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    /// Nothing once it has come, and where no one looks.
    arriving: Option<Arriving>,
}

/// The request of a connection counts as arriving until this is dropped.
#[derive(Debug)]
struct Arriving(Arc<ConnectionOutput>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.set_arriving(false);
    }
}

impl RequestBody {
    /// The body of a request, which may be all of it already. Over HTTP/2 the end of a stream is a frame of its own.
    pub(super) fn new(body: Incoming, connection: Option<&Arc<ConnectionOutput>>) -> Self {
        let connection = connection.filter(|_| !body.is_end_stream());
        let arriving = connection.map(|connection| {
            connection.set_arriving(true);
            Arriving(Arc::clone(connection))
        });
        Self { body, arriving }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if !matches!(next, Some(Ok(_))) || self.body.is_end_stream() {
            self.arriving = None;
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
