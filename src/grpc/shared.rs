//! Answers that are encoded once for everybody who wants the same.
//!
//! This service stands in front of the generated one. The three methods whose answers depend on a filter and a position
//! alone are answered with shared bytes, framed for the wire already; every other method, and every request that is
//! unusual or wrong, goes to the generated server as it came. So what is refused, is refused by tonic alone.
//!
//! Accepted cost: these answers are never compressed, whatever `grpc-accept-encoding` offers. A compressed request is
//! the generated server's to judge, which knows no encoding but identity and says so.

mod body;
mod request;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use body::{BatchBody, OnceBody};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use prost::Message;
use request::{Route, framed};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;

use crate::clock::Clock;
use crate::feed::{Step, Subscription, Topic, Topics};
use crate::grpc::stream::end_status;
use crate::grpc::{Rates, rate_answer, snapshot_answer};
use crate::pb::rate_service_server::RateServiceServer;
use crate::pb::{GetRateRequest, GetSnapshotRequest, WatchRatesRequest};
use crate::wire;

/// The service, with the answers that are shared.
#[derive(Debug, Clone)]
pub struct SharedRates {
    rates: Arc<Rates>,
    generated: RateServiceServer<Rates>,
    topics: Arc<Topics>,
    is_sharing: bool,
    request_bytes_max: usize,
}

impl SharedRates {
    /// Stands in front of the generated server; with `is_sharing` off it only passes on.
    pub fn new(rates: Rates, is_sharing: bool, request_bytes_max: usize) -> Self {
        let rates = Arc::new(rates);
        let generated = RateServiceServer::from_arc(Arc::clone(&rates));
        Self {
            rates,
            generated: generated.max_decoding_message_size(request_bytes_max),
            topics: Arc::default(),
            is_sharing,
            request_bytes_max,
        }
    }

    /// What is shared, and how often it was encoded.
    pub fn topics(&self) -> &Arc<Topics> {
        &self.topics
    }

    async fn answer(mut self, route: Route, request: Request<Body>) -> Response<Body> {
        let (parts, mut body) = request.into_parts();
        let read = request::read(&mut body, self.request_bytes_max).await;
        let answered = match &read {
            Ok(message) => self.shared(route, message.clone()),
            Err(_unusual) => None,
        };
        match answered {
            Some(Ok(body)) => ok(body),
            Some(Err(status)) => status.into_http(),
            None => {
                let frame = read.map_or_else(|unusual| unusual, |message| request::frame(&message));
                let body = Body::new(request::Replay::new(frame, body));
                let answer = self.generated.call(Request::from_parts(parts, body)).await;
                answer.unwrap_or_else(|never| match never {})
            }
        }
    }

    /// The answer to a message; none when it is not the message of its method.
    fn shared(&self, route: Route, message: Bytes) -> Option<Result<Body, Status>> {
        Some(match route {
            Route::GetSnapshot => self.snapshot(Message::decode(message).ok()?),
            Route::GetRate => self.rate(&Message::decode(message).ok()?),
            Route::WatchRates => self.watch(Message::decode(message).ok()?),
        })
    }

    fn snapshot(&self, request: GetSnapshotRequest) -> Result<Body, Status> {
        let (filter, snapshot) = self.rates.snapshot_wanted(request)?;
        let topic = self.topics.topic(&filter);
        let encode = || framed(&snapshot_answer(&filter, &snapshot));
        let frame = topic.answer(&snapshot.position, encode);
        Ok(Body::new(OnceBody::new(frame)))
    }

    fn rate(&self, request: &GetRateRequest) -> Result<Body, Status> {
        let (pair, snapshot) = self.rates.rate_wanted(request)?;
        let encode = || rate_answer(pair, &snapshot).map(|answer| framed(&answer));
        let frame = self.topics.rate(pair, &snapshot.position, encode)?;
        Ok(Body::new(OnceBody::new(frame)))
    }

    fn watch(&self, request: WatchRatesRequest) -> Result<Body, Status> {
        let subscription = self.rates.subscribe(request)?;
        let reader = Reader {
            topic: self.topics.topic(subscription.filter()),
            topics: Arc::clone(&self.topics),
            subscription,
            clock: self.rates.clock.clone(),
        };
        Ok(Body::new(BatchBody::new(Box::pin(frames(reader)))))
    }
}

/// A subscriber that takes frames.
struct Reader {
    subscription: Subscription,
    topic: Arc<Topic>,
    topics: Arc<Topics>,
    clock: Clock,
}

impl Reader {
    async fn next(&mut self) -> Result<Bytes, Status> {
        let step = self.subscription.step().await.map_err(end_status)?;
        let encode = || {
            let message = self.subscription.message(&step);
            framed(&wire::to_message(&message, self.clock.now()))
        };
        Ok(match &step {
            // It is of one reader, and small.
            Step::Opening { .. } => encode(),
            Step::Heartbeat(shown) => self.topics.heartbeat(&shown.position, encode),
            Step::Snapshot(snapshot) => self.topic.snapshot(&snapshot.position, encode),
            Step::Update { after, to } => self.topic.update(*after, &to.position, encode),
        })
    }
}

/// The frames of a stream, and the status that ends them, behind which nothing is asked for. Ten thousand of these wait at
/// once: the reader is there once, not beside the place it would be moved to.
fn frames(reader: Reader) -> impl Stream<Item = Result<Bytes, Status>> + Send {
    stream::unfold(reader, |mut reader| async move {
        let next = reader.next().await;
        Some((next, reader))
    })
}

fn ok(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let content_type = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

impl Service<Request<Body>> for SharedRates {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !request::is_grpc(request.headers()) {
            let refusal = request::unsupported_media_type();
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        match Route::of(&request).filter(|_| self.is_sharing) {
            Some(route) => {
                let answer = self.clone().answer(route, request);
                Box::pin(async { Ok(answer.await) })
            }
            None => self.generated.call(request),
        }
    }
}

impl NamedService for SharedRates {
    const NAME: &'static str = <RateServiceServer<Rates> as NamedService>::NAME;
}
