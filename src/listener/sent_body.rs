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
    /// The long piece that waits, or one that counts as such.
    waiting: Option<Arc<Waiting>>,
}

/// A piece of an answer. It counts until it is dropped: HTTP drops it when it has written the last of it.
#[derive(Debug)]
pub(super) struct SentPiece {
    bytes: Bytes,
    /// How many of them are written.
    written: usize,
    /// None of an answer to no request.
    count: Option<PieceCount>,
}

/// Where a piece counts as waiting.
#[derive(Debug)]
struct PieceCount {
    output: Arc<ConnectionOutput>,
    /// Whether it is a short one of a connection that gets no long ones.
    is_besides: bool,
    /// None of a short one, until too many of them wait for the client.
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
        let Some(count) = &self.count else {
            return;
        };
        let (output, bytes) = (&count.output, self.bytes.len());
        if count.is_besides {
            output.remove_short(bytes);
        }
        match &count.waiting {
            None => output.remove_uncounted(bytes),
            Some(waiting) => {
                // The body goes on when it is counted no more.
                let _ended = waiting.end();
                output.remove(waiting);
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
        let count = output.map(|output| {
            let is_short = bytes.len() < COUNTED_BYTES_MIN;
            let is_besides = is_short && output.add_short(bytes.len());
            let is_uncounted = is_short && output.add_uncounted(bytes.len());
            let waiting = (!is_uncounted).then(|| output.add(&bytes));
            PieceCount {
                output: Arc::clone(output),
                is_besides,
                waiting,
            }
        });
        self.waiting = count.as_ref().and_then(|count| count.waiting.clone());
        note(match &self.waiting {
            Some(waiting) => Polled::Counted(Arc::clone(waiting)),
            None => Polled::Yielded,
        });
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
