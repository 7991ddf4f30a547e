//! Bodies of responses: shared frames, and the status in the trailers.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

/// The body of a response.
#[derive(Debug)]
pub struct ResponseBody(Kind);

#[derive(Debug)]
enum Kind {
    Once(OnceBody),
    Stream(StreamBody),
    /// It may hold a place among the streams of its kind.
    Generated(tonic::body::Body, Option<OwnedSemaphorePermit>),
}

impl ResponseBody {
    /// The frame of one message, and the status OK.
    pub(super) fn once(frame: Bytes) -> Self {
        Self(Kind::Once(OnceBody::new(frame)))
    }

    /// Frames of a stream, and the status that ends it.
    pub(super) fn stream(frames: Frames) -> Self {
        Self(Kind::Stream(StreamBody {
            frames,
            is_ended: false,
        }))
    }

    /// The body of a generated server's response.
    pub(in crate::grpc) fn generated(body: tonic::body::Body) -> Self {
        Self(Kind::Generated(body, None))
    }

    /// The same, which holds a place until it ends or is dropped.
    pub(in crate::grpc) fn with_place(
        body: tonic::body::Body,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self(Kind::Generated(body, place))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut self.0 {
            Kind::Once(body) => Pin::new(body).poll_frame(context).map_err(never),
            Kind::Stream(body) => Pin::new(body).poll_frame(context).map_err(never),
            Kind::Generated(body, _place) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Once(body) => body.is_end_stream(),
            Kind::Stream(body) => body.is_end_stream(),
            Kind::Generated(body, _place) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Once(body) => body.size_hint(),
            Kind::Stream(body) => body.size_hint(),
            Kind::Generated(body, _place) => body.size_hint(),
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

    /// The trailers follow, so HTTP must not announce a length.
    fn size_hint(&self) -> SizeHint {
        let length = self.frame.as_ref().map_or(0, Bytes::len);
        let mut hint = SizeHint::new();
        hint.set_lower(u64::try_from(length).unwrap_or(u64::MAX));
        hint
    }
}

pub(super) type Frames = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// Frames as they come, uncopied, and the status that ends the stream.
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

/// The status of a response, as its trailers.
fn trailers(status: &Status) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    if let Err(unwritable) = status.add_header(&mut headers) {
        tracing::error!(%unwritable, "could not write a status into the trailers");
    }
    Frame::trailers(headers)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::{StreamExt, stream};

    use super::*;

    fn drain(body: ResponseBody) -> Vec<Result<Bytes, String>> {
        let mut body = Box::pin(body);
        let mut received = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut context) {
            received.push(frame.into_data().map_err(|frame| {
                let trailers = frame.into_trailers().unwrap();
                trailers["grpc-status"].to_str().unwrap().to_owned()
            }));
        }
        received
    }

    fn frames(items: Vec<Result<Bytes, Status>>) -> Frames {
        // Nothing after the items is ready yet.
        Box::pin(stream::iter(items).chain(stream::pending()))
    }

    #[test]
    fn a_frame_is_sent_uncopied() {
        let frame = Bytes::from_static(b"frame");
        let received = drain(ResponseBody::stream(frames(vec![Ok(frame.clone())])));
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].as_ref().unwrap().as_ptr(), frame.as_ptr());
    }

    #[test]
    fn the_status_follows_the_frames_and_nothing_follows_it() {
        let items = vec![
            Ok("a".into()),
            Ok("bc".into()),
            Err(Status::unavailable("")),
            Ok("d".into()),
        ];
        let received = drain(ResponseBody::stream(frames(items)));
        let expected = [Ok("a".into()), Ok("bc".into()), Err("14".to_owned())];
        assert_eq!(received, expected);
    }

    #[test]
    fn a_single_frame_ends_with_the_status_ok() {
        let received = drain(ResponseBody::once("a".into()));
        assert_eq!(received, [Ok("a".into()), Err("0".to_owned())]);
    }
}
