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

pub use body::Answer;
use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body::Body as HttpBody;
use prost::Message;
use request::{Route, encode_frame};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError as BoxError};
use tonic::server::NamedService;

use crate::domain::{RateFilter, Refusal};
use crate::feed::{FilterFrames, FrameCache, Step, Subscription};
use crate::grpc::Rates;
use crate::pb::rate_service_server::RateServiceServer;
use crate::pb::{GetRateRequest, GetSnapshotRequest, WatchRatesRequest};
use crate::queries::{FilterCache, parse_pair};
use crate::wire;

/// The service, with the answers that are shared.
#[derive(Debug, Clone)]
pub struct SharedRates {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rates: Arc<Rates>,
    generated: RateServiceServer<Rates>,
    topics: FrameCache,
    filters: FilterCache<RateFilter>,
    is_sharing: bool,
    request_bytes_max: usize,
}

impl SharedRates {
    /// Stands in front of the generated server; with `is_sharing` off it only passes on.
    pub fn new(rates: Rates, is_sharing: bool, request_bytes_max: usize) -> Self {
        let rates = Arc::new(rates);
        let generated = RateServiceServer::from_arc(Arc::clone(&rates));
        let inner = Inner {
            rates,
            generated: generated.max_decoding_message_size(request_bytes_max),
            topics: FrameCache::default(),
            filters: FilterCache::default(),
            is_sharing,
            request_bytes_max,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What is shared, and how often it was encoded.
    pub fn topics(&self) -> &FrameCache {
        &self.inner.topics
    }

    /// The method of a request that can be answered with shared bytes.
    pub(super) fn route<B>(&self, request: &Request<B>) -> Option<Route> {
        let route = Route::of(request).filter(|_| self.inner.is_sharing);
        route.filter(|_| request::is_grpc(request.headers()))
    }

    pub(super) fn answer<B>(
        &self,
        route: Route,
        request: Request<B>,
    ) -> impl Future<Output = Response<Answer>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        let shared = self.clone();
        let (parts, mut body) = request.into_parts();
        async move {
            let read = request::read(&mut body, shared.inner.request_bytes_max).await;
            let answered = match &read {
                Ok(message) => shared.shared(route, message),
                Err(_unusual) => Err(Unanswered::Unreadable),
            };
            match answered {
                Ok(body) => ok(body),
                Err(Unanswered::Refused(refusal)) => status_response(refusal),
                Err(Unanswered::Unreadable) => {
                    let frame =
                        read.map_or_else(|odd| odd, |message| request::restore_frame(&message));
                    let body = Body::new(request::Replay::new(frame, body));
                    let mut generated = shared.inner.generated.clone();
                    let answer = generated.call(Request::from_parts(parts, body)).await;
                    let answer = answer.unwrap_or_else(|never| match never {});
                    answer.map(Answer::generated)
                }
            }
        }
    }

    fn shared(&self, route: Route, message: &Bytes) -> Result<Answer, Unanswered> {
        match route {
            Route::GetSnapshot => self.snapshot(message),
            Route::GetRate => Ok(self.rate(&decode(message)?)?),
            Route::WatchRates => Ok(self.watch(decode(message)?)?),
        }
    }

    fn snapshot(&self, message: &Bytes) -> Result<Answer, Unanswered> {
        let Inner {
            rates,
            topics,
            filters,
            ..
        } = &*self.inner;
        let snapshot = rates.queries.snapshot()?;
        let filter = filters.get_or_parse(message, || {
            let request: GetSnapshotRequest = decode(message)?;
            Ok::<_, Unanswered>(rates.filter(request.filter)?)
        })?;
        let encode = || {
            let rates = snapshot.rates(&filter);
            encode_frame(&wire::to_snapshot_response(&snapshot, &rates))
        };
        let frame = topics.topic(&filter).answer(&snapshot.position, encode);
        Ok(Answer::once(frame))
    }

    fn rate(&self, request: &GetRateRequest) -> Result<Answer, Refusal> {
        let Inner { rates, topics, .. } = &*self.inner;
        let snapshot = rates.queries.snapshot()?;
        let pair = parse_pair(&request.pair)?;
        let encode = || {
            let rate = rates.queries.rate(&snapshot, pair)?;
            Ok::<_, Refusal>(encode_frame(&wire::to_rate_response(&snapshot, &rate)))
        };
        let frame = topics.rate(pair, &snapshot.position, encode)?;
        Ok(Answer::once(frame))
    }

    fn watch(&self, request: WatchRatesRequest) -> Result<Answer, Refusal> {
        let subscription = self.inner.rates.subscribe(request)?;
        let reader = Reader {
            topic: self.inner.topics.topic(subscription.filter()),
            shared: Arc::clone(&self.inner),
            subscription,
        };
        Ok(Answer::stream(Box::pin(frames(reader))))
    }
}

/// Why a request is not answered here.
enum Unanswered {
    /// It is not the message of its method: the generated server says what is wrong with it.
    Unreadable,
    Refused(Refusal),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn decode<M: Message + Default>(message: &Bytes) -> Result<M, Unanswered> {
    Message::decode(message.clone()).map_err(|_said_by_the_generated| Unanswered::Unreadable)
}

/// A subscriber that takes frames.
struct Reader {
    subscription: Subscription,
    topic: Arc<FilterFrames>,
    shared: Arc<Inner>,
}

impl Reader {
    /// The next message; the opening with what it is owed, if that is there, for a crowd that comes at once waits with
    /// half as many pieces.
    async fn next(&mut self) -> Result<Bytes, Status> {
        let frame = self.message().await?;
        if self.subscription.owes_rows() {
            let rows = self.message().await?;
            return Ok([frame, rows].concat().into());
        }
        Ok(frame)
    }

    async fn message(&mut self) -> Result<Bytes, Status> {
        let step = self.subscription.step().await.map_err(Refusal::from)?;
        let encode = || {
            let message = self.subscription.message(&step);
            encode_frame(&wire::to_message(&message, self.shared.rates.queries.now()))
        };
        Ok(match &step {
            // It is of one reader, and small.
            Step::Opening { .. } => encode(),
            Step::Heartbeat(shown) => self.shared.topics.heartbeat(&shown.position, encode),
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

/// An answer that is a status alone.
pub(super) fn status_response(refusal: Refusal) -> Response<Answer> {
    Status::from(refusal).into_http().map(Answer::generated)
}

fn ok(body: Answer) -> Response<Answer> {
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
        if let Some(route) = self.route(&request) {
            let answer = self.answer(route, request);
            return Box::pin(answer.map(|answer| Ok(answer.map(Body::new))));
        }
        if request::is_grpc(request.headers()) {
            self.inner.generated.clone().call(request)
        } else {
            let refusal = request::unsupported_media_type();
            Box::pin(std::future::ready(Ok(refusal)))
        }
    }
}

impl NamedService for SharedRates {
    const NAME: &'static str = <RateServiceServer<Rates> as NamedService>::NAME;
}
