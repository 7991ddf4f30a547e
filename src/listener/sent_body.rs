//! Bodies of answers whose pieces count as waiting until they are sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::listener::output::{COUNTED_BYTES_MIN, ConnectionOutput, OpenRequest};
use crate::listener::waiting::{Polled, Waiting, note};

/// A body that yields its next frame when its last long piece was sent: each stream waits with one long piece at most.
#[derive(Debug)]
pub(super) struct SentBody<B> {
    body: B,
    /// Of an answer to no request nothing is counted.
    request: Option<OpenRequest>,
    /// The long piece that waits.
    waiting: Option<Arc<Waiting>>,
}

/// Bytes that count as waiting until they are dropped: HTTP drops them when it has written the last of them.
struct CountedBytes {
    bytes: Bytes,
    output: Arc<ConnectionOutput>,
    waiting: Arc<Waiting>,
}

impl AsRef<[u8]> for CountedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for CountedBytes {
    fn drop(&mut self) {
        self.output.remove(&self.bytes);
        self.waiting.sent();
    }
}

impl<B> SentBody<B> {
    pub(super) fn new(body: B, request: Option<OpenRequest>) -> Self {
        Self {
            body,
            request,
            waiting: None,
        }
    }

    /// Counts a long piece.
    fn count(&mut self, bytes: Bytes) -> Bytes {
        let is_long = bytes.len() >= COUNTED_BYTES_MIN;
        let Some(request) = self.request.as_ref().filter(|_| is_long) else {
            note(Polled::Yielded);
            return bytes;
        };
        let output = request.output();
        let waiting = Waiting::begin();
        self.waiting = Some(Arc::clone(&waiting));
        note(Polled::Counted(Arc::clone(&waiting)));
        output.add(&bytes);
        Bytes::from_owner(CountedBytes {
            bytes,
            output: Arc::clone(output),
            waiting,
        })
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for SentBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(waiting) = &self.waiting {
            ready!(waiting.poll_sent(cx));
            self.waiting = None;
        }
        note(Polled::Waits);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = match frame?.into_data() {
                Ok(bytes) => Frame::data(self.count(bytes)),
                Err(trailers) => trailers,
            };
            Ok(frame)
        }))
    }

    /// A piece that waits keeps its stream, so that the stream can be cut.
    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
