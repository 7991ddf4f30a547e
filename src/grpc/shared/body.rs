//! Bodies of answers: shared frames, and the status behind them.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

/// The body of an answer.
#[derive(Debug)]
pub struct Answer(Kind);

#[derive(Debug)]
enum Kind {
    Once(OnceBody),
    Stream(StreamBody),
    Generated(tonic::body::Body),
}

impl Answer {
    /// One message, framed.
    pub(super) fn once(frame: Bytes) -> Self {
        Self(Kind::Once(OnceBody::new(frame)))
    }

    /// Messages, framed, and the status they end with.
    pub(super) fn stream(frames: Frames) -> Self {
        Self(Kind::Stream(StreamBody {
            frames,
            is_ended: false,
        }))
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
            Kind::Stream(body) => Pin::new(body).poll_frame(context).map_err(never),
            Kind::Generated(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Once(body) => body.is_end_stream(),
            Kind::Stream(body) => body.is_end_stream(),
            Kind::Generated(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Once(body) => body.size_hint(),
            Kind::Stream(body) => body.size_hint(),
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

/// Messages as they come, each as it is, uncopied, and the status they end with.
struct StreamBody {
    frames: Frames,
    is_ended: bool,
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StreamBody").finish_non_exhaustive()
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.frames.as_mut().poll_next(context));
        self.is_ended = !matches!(next, Some(Ok(_)));
        Poll::Ready(next.map(|next| {
            Ok(match next {
                Ok(frame) => Frame::data(frame),
                Err(status) => trailers(&status),
            })
        }))
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

    fn drain(body: Answer) -> Vec<Result<Bytes, String>> {
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
    fn a_message_is_handed_on_uncopied() {
        let frame = Bytes::from_static(b"frame");
        let seen = drain(Answer::stream(frames(vec![Ok(frame.clone())])));
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].as_ref().unwrap().as_ptr(), frame.as_ptr());
    }

    #[test]
    fn the_status_is_behind_the_messages_and_nothing_is_behind_it() {
        let items = vec![
            Ok("a".into()),
            Ok("bc".into()),
            Err(Status::unavailable("")),
            Ok("d".into()),
        ];
        let seen = drain(Answer::stream(frames(items)));
        let expected = [Ok("a".into()), Ok("bc".into()), Err("14".to_owned())];
        assert_eq!(seen, expected);
    }

    #[test]
    fn one_answer_ends_well() {
        let seen = drain(Answer::once("a".into()));
        assert_eq!(seen, [Ok("a".into()), Err("0".to_owned())]);
    }
}
