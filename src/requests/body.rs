//! The body of an answer that is observed while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use crate::requests::{Observation, grpc_code};

/// The body of an answer. It ends the observation of the request when it has been sent or is dropped.
#[derive(Debug)]
pub struct ObservedBody<B> {
    body: B,
    /// Boxed: ten thousand of these wait at once, and most are not observed.
    observation: Option<Box<Observation>>,
}

impl<B> ObservedBody<B> {
    pub(super) fn new(body: B, observation: Option<Box<Observation>>) -> Self {
        Self { body, observation }
    }
}

impl<B: Body + Unpin> Body for ObservedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        let next = ready!(Pin::new(&mut this.body).poll_frame(context));
        if let Some(observation) = &mut this.observation {
            match &next {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        let bytes = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
                        observation.bytes = observation.bytes.saturating_add(bytes);
                    }
                    if let Some(trailers) = frame.trailers_ref() {
                        observation.grpc_code = grpc_code(trailers);
                        observation.is_complete = true;
                    }
                    observation.is_complete |= this.body.is_end_stream();
                }
                Some(Err(_)) => {}
                None => observation.is_complete = true,
            }
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
