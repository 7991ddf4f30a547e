//! Long answers: a page of a list, and the rates of a day. A thousand rates take some milliseconds to encode, and more to
//! compress.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::query_threads::render;

/// The paths of the methods with long answers. The generated server answers `GetSnapshot` of a past day alone.
const PATHS: [&str; 5] = [
    "/silkrate.v1.RateService/GetSnapshot",
    "/silkrate.v1.RateService/ListFixings",
    "/silkrate.v1.RateService/ListPairs",
    "/silkrate.v1.RateService/ListPeriodRates",
    "/silkrate.v1.RateService/ListRateHistory",
];

/// Whether a path is that of a method with long answers.
pub(super) fn is_long(path: &str) -> bool {
    PATHS.contains(&path)
}

/// An answer with its body encoded. The generated server encodes a message when the body is polled, so the body is polled on
/// a thread for queries until it ends.
pub(super) async fn encoded(answer: Response<Body>) -> Response<Body> {
    let (head, body) = answer.into_parts();
    match render(move || EncodedBody::of(body)).await {
        Ok(body) => Response::from_parts(head, Body::new(body)),
        Err(refusal) => Status::from(refusal).into_http(),
    }
}

/// The frames of a body that were polled, and the body that the others come from: nothing follows the frames of one message.
struct EncodedBody {
    frames: std::vec::IntoIter<Result<Frame<Bytes>, Status>>,
    rest: Body,
}

impl EncodedBody {
    fn of(mut rest: Body) -> Self {
        let mut frames = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        // A body that waits for something is polled again by the connection, with the waker of its task.
        while let Poll::Ready(polled) = Pin::new(&mut rest).poll_frame(&mut context) {
            let Some(frame) = polled else {
                rest = Body::empty();
                break;
            };
            frames.push(frame);
        }
        Self {
            frames: frames.into_iter(),
            rest,
        }
    }
}

impl HttpBody for EncodedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.frames.next() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.len() == 0 && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let frames = self.frames.as_slice().iter();
        let data = frames.filter_map(|frame| frame.as_ref().ok()?.data_ref());
        let length: usize = data.map(Bytes::len).sum();
        let mut hint = SizeHint::new();
        hint.set_lower(u64::try_from(length).unwrap_or(u64::MAX));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use http::HeaderMap;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::*;
    use crate::pb;

    /// A body of some frames, which notes the threads that it is polled on. `None` waits for its next poll.
    struct Noted {
        frames: VecDeque<Option<Frame<Bytes>>>,
        threads: Arc<Mutex<Vec<Option<String>>>>,
    }

    impl HttpBody for Noted {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            let thread = thread::current().name().map(ToOwned::to_owned);
            self.threads.lock().unwrap().push(thread);
            match self.frames.pop_front() {
                Some(Some(frame)) => Poll::Ready(Some(Ok(frame))),
                Some(None) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }
    }

    /// The data and the trailers of a body that was encoded, and how often each thread polled it.
    async fn drained(frames: Vec<Option<Frame<Bytes>>>) -> (Vec<Bytes>, usize, [usize; 2]) {
        let threads = Arc::<Mutex<Vec<_>>>::default();
        let body = Noted {
            frames: frames.into(),
            threads: Arc::clone(&threads),
        };
        let answer = encoded(Response::new(Body::new(body))).await;
        let (mut body, mut data, mut trailers) = (answer.into_body(), Vec::new(), 0);
        let mut next =
            async || std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        while let Some(frame) = next().await {
            match frame.unwrap().into_data() {
                Ok(bytes) => data.push(bytes),
                Err(_trailers) => trailers += 1,
            }
        }
        let threads = threads.lock().unwrap();
        let is_query = |name: &&Option<String>| name.as_deref() == Some("silkrate-query");
        let of_queries = threads.iter().filter(is_query).count();
        (data, trailers, [of_queries, threads.len() - of_queries])
    }

    #[tokio::test]
    async fn a_body_is_encoded_on_a_thread_for_queries_to_its_end() {
        let data = Some(Frame::data(Bytes::from_static(b"rates")));
        let trailers = Some(Frame::trailers(HeaderMap::new()));
        let (data, trailers, polls) = drained(vec![data, trailers]).await;
        assert_eq!((data, trailers), (vec![Bytes::from_static(b"rates")], 1));
        assert_eq!(polls, [3, 0]);
    }

    #[tokio::test]
    async fn a_body_that_waits_is_polled_on_by_its_connection() {
        let data = |text: &'static str| Some(Frame::data(Bytes::from_static(text.as_bytes())));
        let (data, trailers, polls) = drained(vec![data("a"), None, data("b")]).await;
        assert_eq!((data.concat(), trailers), (b"ab".to_vec(), 0));
        assert_eq!(polls, [2, 2]);
    }

    #[test]
    fn the_long_methods_are_those_of_the_contract() {
        let descriptor = FileDescriptorSet::decode(pb::DESCRIPTOR_SET).unwrap();
        let services = descriptor.file.iter().flat_map(|file| &file.service);
        let rates = services.filter(|service| service.name() == "RateService");
        let methods = rates.flat_map(|service| &service.method);
        let paths = methods.map(|method| format!("/silkrate.v1.RateService/{}", method.name()));
        let long = paths.filter(|path| is_long(path)).count();
        assert_eq!(long, PATHS.len());
    }
}
