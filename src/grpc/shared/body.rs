//! Bodies of answers: shared frames, and the status behind them.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

/// Messages that are ready together go out as one piece of at most about so many bytes: it saves a write for each, and
/// past some ten messages there is nothing left to save.
const BATCH_BYTES_MAX: usize = 32 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub struct Answer(Kind);

#[derive(Debug)]
enum Kind {
    Once(OnceBody),
    Batch(BatchBody),
    Generated(tonic::body::Body),
}

impl Answer {
    /// One message, framed.
    pub(super) fn once(frame: Bytes) -> Self {
        Self(Kind::Once(OnceBody::new(frame)))
    }

    /// Messages, framed, and the status they end with.
    pub(super) fn stream(frames: Frames) -> Self {
        Self(Kind::Batch(BatchBody::new(frames)))
    }

    /// What a generated server answers.
    pub(in crate::grpc) fn generated(body: tonic::body::Body) -> Self {
        Self(Kind::Generated(body))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut self.0 {
            Kind::Once(body) => Pin::new(body).poll_frame(context).map_err(never),
            Kind::Batch(body) => Pin::new(body).poll_frame(context).map_err(never),
            Kind::Generated(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Once(body) => body.is_end_stream(),
            Kind::Batch(body) => body.is_end_stream(),
            Kind::Generated(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Once(body) => body.size_hint(),
            Kind::Batch(body) => body.size_hint(),
            Kind::Generated(body) => body.size_hint(),
        }
    }
}

fn never(never: Infallible) -> Status {
    match never {}
}

/// One message and the status OK.
#[derive(Debug)]
struct OnceBody {
    frame: Option<Bytes>,
    is_ended: bool,
}

impl OnceBody {
    fn new(frame: Bytes) -> Self {
        Self {
            frame: Some(frame),
            is_ended: false,
        }
    }
}

impl Body for OnceBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(frame) = self.frame.take() {
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        if self.is_ended {
            return Poll::Ready(None);
        }
        self.is_ended = true;
        Poll::Ready(Some(Ok(trailers(&Status::ok("")))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }
}

pub(super) type Frames = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// Messages as they come, and the status they end with.
struct BatchBody {
    frames: Frames,
    /// The status that came behind the last batch.
    status: Option<Status>,
    is_ended: bool,
}

impl fmt::Debug for BatchBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BatchBody").finish_non_exhaustive()
    }
}

impl BatchBody {
    fn new(frames: Frames) -> Self {
        Self {
            frames,
            status: None,
            is_ended: false,
        }
    }

    /// What else is ready, behind the first frame. A frame that is alone is handed on as it is, uncopied.
    fn batch(&mut self, first: Bytes, context: &mut Context<'_>) -> Bytes {
        let mut batch = BytesMut::new();
        let mut length = first.len();
        while length < BATCH_BYTES_MAX {
            match self.frames.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    if batch.is_empty() {
                        batch.extend_from_slice(&first);
                    }
                    batch.extend_from_slice(&frame);
                    length = batch.len();
                }
                Poll::Ready(Some(Err(status))) => {
                    self.status = Some(status);
                    break;
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        if batch.is_empty() {
            first
        } else {
            batch.freeze()
        }
    }
}

impl Body for BatchBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let next = match self.status.take() {
            Some(status) => Some(Err(status)),
            None => std::task::ready!(self.frames.as_mut().poll_next(context)),
        };
        let frame = match next {
            Some(Ok(first)) => Frame::data(self.batch(first, context)),
            Some(Err(status)) => {
                self.is_ended = true;
                trailers(&status)
            }
            None => {
                self.is_ended = true;
                return Poll::Ready(None);
            }
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }
}

/// The status of an answer, where its end is.
fn trailers(status: &Status) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    if let Err(unwritable) = status.add_header(&mut headers) {
        tracing::error!(%unwritable, "a status cannot be written");
    }
    Frame::trailers(headers)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::{StreamExt, stream};

    use super::*;

    fn drain(body: impl Body<Data = Bytes, Error = Infallible>) -> Vec<Result<Bytes, String>> {
        let mut body = Box::pin(body);
        let mut seen = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut context) {
            seen.push(frame.into_data().map_err(|frame| {
                let trailers = frame.into_trailers().unwrap();
                trailers["grpc-status"].to_str().unwrap().to_owned()
            }));
        }
        seen
    }

    fn frames(items: Vec<Result<Bytes, Status>>) -> Frames {
        // What comes after the items is not ready yet.
        Box::pin(stream::iter(items).chain(stream::pending()))
    }

    #[test]
    fn a_frame_that_is_alone_is_handed_on_uncopied() {
        let frame = Bytes::from_static(b"frame");
        let seen = drain(BatchBody::new(frames(vec![Ok(frame.clone())])));
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].as_ref().unwrap().as_ptr(), frame.as_ptr());
    }

    #[test]
    fn frames_that_are_ready_together_go_out_together_and_the_status_after_them() {
        let items = vec![
            Ok("a".into()),
            Ok("bc".into()),
            Err(Status::unavailable("")),
        ];
        let seen = drain(BatchBody::new(frames(items)));
        assert_eq!(seen, [Ok("abc".into()), Err("14".to_owned())]);
    }

    #[test]
    fn a_batch_is_cut_near_its_limit_and_loses_nothing() {
        let piece = Bytes::from(vec![7; BATCH_BYTES_MAX / 2]);
        let seen = drain(BatchBody::new(frames(vec![Ok(piece); 5])));
        let lengths: Vec<usize> = seen
            .iter()
            .map(|seen| seen.as_ref().unwrap().len())
            .collect();
        assert_eq!(
            lengths,
            [BATCH_BYTES_MAX, BATCH_BYTES_MAX, BATCH_BYTES_MAX / 2]
        );
    }

    #[test]
    fn one_answer_ends_well() {
        let seen = drain(OnceBody::new("a".into()));
        assert_eq!(seen, [Ok("a".into()), Err("0".to_owned())]);
    }
}
