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

/// A piece of an answer. One that counts does so until it is dropped: HTTP drops it when it has written the last of it.
#[derive(Debug)]
pub(super) struct SentPiece {
    bytes: Bytes,
    /// How many of them are written.
    written: usize,
    /// None of a short one, unless the connection gets no long ones.
    count: Option<PieceCount>,
}

/// Where a piece counts as waiting.
#[derive(Debug)]
struct PieceCount {
    output: Arc<ConnectionOutput>,
    /// None of a short one.
    waiting: Option<Arc<Waiting>>,
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
        let count = self.count.as_ref();
        if let Some(waiting) = count.and_then(|count| count.waiting.as_ref()) {
            waiting.taken(bytes);
        }
    }
}

impl Drop for SentPiece {
    fn drop(&mut self) {
        match &self.count {
            None => {}
            Some(PieceCount {
                output,
                waiting: None,
            }) => output.remove_short(self.bytes.len()),
            Some(PieceCount {
                output,
                waiting: Some(waiting),
            }) => {
                output.remove(&self.bytes);
                waiting.sent();
            }
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

    /// Counts a piece.
    fn count(&mut self, bytes: Bytes) -> SentPiece {
        let output = self.request.as_ref().map(OpenRequest::output);
        let count = match output {
            Some(output) if bytes.len() >= COUNTED_BYTES_MIN => {
                let waiting = Waiting::begin();
                self.waiting = Some(Arc::clone(&waiting));
                note(Polled::Counted(Arc::clone(&waiting)));
                output.add(&bytes);
                Some(PieceCount {
                    output: Arc::clone(output),
                    waiting: Some(waiting),
                })
            }
            _ => {
                note(Polled::Yielded);
                let counted = output.filter(|output| output.add_short(bytes.len()));
                counted.map(|output| PieceCount {
                    output: Arc::clone(output),
                    waiting: None,
                })
            }
        };
        SentPiece {
            bytes,
            written: 0,
            count,
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
