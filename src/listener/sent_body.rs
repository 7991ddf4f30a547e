//! Bodies of answers whose pieces count as waiting until they are sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
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

/// A piece of an answer. A long one counts as waiting until it is dropped: HTTP drops it when it has written the last of it.
#[derive(Debug)]
pub(super) struct SentPiece {
    bytes: Bytes,
    /// How many of them are written.
    written: usize,
    /// None of a short one.
    count: Option<PieceCount>,
}

/// Where a long piece counts.
#[derive(Debug)]
struct PieceCount {
    output: Arc<ConnectionOutput>,
    waiting: Arc<Waiting>,
}

impl SentPiece {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }
}

impl Buf for SentPiece {
    fn remaining(&self) -> usize {
        self.rest().len()
    }

    fn chunk(&self) -> &[u8] {
        self.rest()
    }

    fn advance(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(bytes);
        if let Some(count) = &self.count {
            count.waiting.taken(bytes);
        }
    }
}

impl Drop for SentPiece {
    fn drop(&mut self) {
        if let Some(count) = &self.count {
            count.output.remove(&self.bytes);
            count.waiting.sent();
        }
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
    fn count(&mut self, bytes: Bytes) -> SentPiece {
        let is_long = bytes.len() >= COUNTED_BYTES_MIN;
        let Some(request) = self.request.as_ref().filter(|_| is_long) else {
            note(Polled::Yielded);
            return SentPiece {
                bytes,
                written: 0,
                count: None,
            };
        };
        let output = request.output();
        let waiting = Waiting::begin();
        self.waiting = Some(Arc::clone(&waiting));
        note(Polled::Counted(Arc::clone(&waiting)));
        output.add(&bytes);
        let output = Arc::clone(output);
        SentPiece {
            bytes,
            written: 0,
            count: Some(PieceCount { output, waiting }),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for SentBody<B> {
    type Data = SentPiece;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<SentPiece>, B::Error>>> {
        if let Some(waiting) = &self.waiting {
            ready!(waiting.poll_sent(cx));
            self.waiting = None;
        }
        note(Polled::Waits);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| Ok(frame?.map_data(|bytes| self.count(bytes)))))
    }

    /// A piece that waits keeps its stream, so that the stream can be cut.
    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
