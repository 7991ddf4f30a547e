//! Answers that are encoded once for all requests that need the same.
//!
//! This service stands in front of the generated one. The three methods whose answers depend on a filter and a position
//! alone are answered with shared bytes, framed for the wire already; every other method, and every request that is about a
//! past day, unusual or malformed, goes to the generated server as it came. So tonic alone refuses a message that cannot be
//! read.
//!
//! The generated server encodes and compresses an answer on the thread that sends it, where every stream would wait. So its
//! long answers are encoded on another thread.
//!
//! Clients that accept gzip share compressed frames, which are made when the first of them asks. A client that does not
//! accept it costs nothing more.

mod body;
mod encoding;
mod long;
mod request;
mod service;
mod stream;

use std::sync::Arc;

pub use body::ResponseBody;
use bytes::Bytes;
use encoding::{Encoding, accepted_encoding, encode_frame, restore_frame, sent_encoding};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body::Body as HttpBody;
use prost::Message;
use request::CachedMethod;
pub use request::arrived;
use stream::{FrameEncoder, refused_long, stream_frames};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{Service, StdError as BoxError};

use crate::access::Identity;
use crate::callers::{Arrivals, Caller, Quotas};
use crate::domain::{Pair, RateFilter, Refusal};
use crate::feed::{AnswerCache, EncodedStream, FrameCache};
use crate::grpc::Rates;
use crate::listener::Recipient;
use crate::pb::rate_service_server::RateServiceServer;
use crate::pb::{GetRateRequest, GetSnapshotRequest, WatchRatesRequest};
use crate::queries::{FilterCache, Queries, parse_pair};
use crate::query_threads::{THREADS_MAX, render};
use crate::wire;

/// How many filters have a snapshot kept for them: a site has a handful of tickers; further filters are experiments of single readers.
const SNAPSHOTS_MAX: usize = 64;
/// How many bytes of snapshots are kept: two dozen of the widest filter.
const SNAPSHOT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest request whose answer is made where it is asked for, unless it is about every pair: some thirty pairs.
const SHORT_REQUEST_BYTES_MAX: usize = 300;
/// How many pairs have a rate kept for them: more than exist, at half a kilobyte each.
const RATES_MAX: usize = 1024;

/// The service, with a cache of its answers.
#[derive(Debug, Clone)]
pub struct SharedRates {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rates: Arc<Rates>,
    generated: RateServiceServer<Rates>,
    plain: Frames,
    compressed: Frames,
    /// Rates are too short to compress.
    pairs: AnswerCache<Pair, Bytes>,
    filters: FilterCache<RateFilter>,
    /// The turns to make wide snapshots.
    wide: Semaphore,
    is_sharing: bool,
    request_bytes_max: usize,
    /// The calls whose message has not come.
    arrivals: Arrivals,
}

/// Whom a stream is for, and the key that it came with.
type Client<'a> = (Recipient, Option<&'a Identity>);

/// What is shared by the clients that accept an encoding.
#[derive(Debug)]
struct Frames {
    messages: Arc<FrameCache<FrameEncoder>>,
    snapshots: AnswerCache<RateFilter, Bytes>,
}

impl Frames {
    fn new(encoding: Encoding, queries: Queries) -> Self {
        Self {
            messages: Arc::new(FrameCache::new(FrameEncoder { encoding, queries })),
            snapshots: AnswerCache::new(SNAPSHOTS_MAX)
                .with_bytes_max(SNAPSHOT_BYTES_MAX, Bytes::len),
        }
    }

    fn encoded(&self) -> u64 {
        let snapshots = self.snapshots.encoded();
        self.messages.encoded().saturating_add(snapshots)
    }
}

impl SharedRates {
    /// A cache in front of the generated server. With `is_sharing` off, every request goes to the generated server.
    pub fn new(rates: Rates, is_sharing: bool, request_bytes_max: usize) -> Self {
        let frames = |encoding| Frames::new(encoding, rates.queries.clone());
        let (plain, compressed) = (frames(Encoding::Identity), frames(Encoding::Gzip));
        let rates = Arc::new(rates);
        let generated = RateServiceServer::from_arc(Arc::clone(&rates))
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        let inner = Inner {
            rates,
            generated: generated.max_decoding_message_size(request_bytes_max),
            plain,
            compressed,
            pairs: AnswerCache::new(RATES_MAX),
            filters: FilterCache::default(),
            wide: Semaphore::new(THREADS_MAX),
            is_sharing,
            request_bytes_max,
            arrivals: Arrivals::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The longest message of a request that is read.
    pub(super) fn request_bytes_max(&self) -> usize {
        self.inner.request_bytes_max
    }

    /// The calls whose message has not come.
    pub(super) fn arrivals(&self) -> Arrivals {
        self.inner.arrivals.clone()
    }

    /// The quotas of clients.
    pub(super) fn quotas(&self) -> Quotas {
        self.inner.rates.quotas()
    }

    /// How many answers and messages that follow from commits were encoded to be shared. It grows with commits and filters,
    /// not with requests and subscribers.
    pub fn encoded(&self) -> u64 {
        let Inner {
            plain,
            compressed,
            pairs,
            ..
        } = &*self.inner;
        let counts = [plain.encoded(), compressed.encoded(), pairs.encoded()];
        counts.into_iter().fold(0, u64::saturating_add)
    }

    fn frames(&self, encoding: Encoding) -> &Frames {
        match encoding {
            Encoding::Identity => &self.inner.plain,
            Encoding::Gzip => &self.inner.compressed,
        }
    }

    /// The method of a request that the cache can answer.
    pub(super) fn cached_method<B>(&self, request: &Request<B>) -> Option<CachedMethod> {
        let method = CachedMethod::of(request).filter(|_| self.inner.is_sharing);
        method.filter(|_| request::is_grpc(request.headers()))
    }

    /// The answer to a request of a cached method.
    pub(super) fn answer<B>(
        &self,
        method: CachedMethod,
        request: Request<B>,
        recipient: Recipient,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError> + Send + Unpin> + Send + Unpin + 'static,
    {
        let shared = self.clone();
        let headers = request.headers();
        let (sent, accepted) = (sent_encoding(headers), accepted_encoding(headers));
        let identity = request.extensions().get::<Identity>().cloned();
        let caller = recipient.caller;
        let (mut parts, mut body) = request.into_parts();
        async move {
            let message = request::read(&mut body, sent, shared.inner.request_bytes_max);
            let client = caller.as_ref().map(Caller::network);
            let read = match shared.inner.arrivals.wait(client, message).await {
                Ok(read) => read,
                Err(exceeded) => return status_response(exceeded.into()),
            };
            let answered = match (&read, method) {
                (Ok(message), CachedMethod::GetSnapshot) => {
                    shared.any_snapshot(message, accepted, &recipient).await
                }
                (Ok(message), CachedMethod::GetRate) => shared.rate(message),
                (Ok(message), CachedMethod::WatchRates) => {
                    shared.watch(message, accepted, (recipient, identity.as_ref()))
                }
                (Err(_incomplete), _) => Err(Unanswered::NotShared),
            };
            match answered {
                Ok(answer) => answer,
                Err(Unanswered::Refused(refusal)) => status_response(refusal),
                Err(Unanswered::NotShared) => {
                    if let Some(caller) = caller {
                        parts.extensions.insert(caller);
                    }
                    let before =
                        read.map_or_else(|unread| unread, |message| restore_frame(&message).into());
                    let body = Body::new(request::PrefixedBody::new(before, body));
                    let answer = shared.generated(Request::from_parts(parts, body)).await;
                    answer.map(ResponseBody::generated)
                }
            }
        }
    }

    /// The answer of the generated server.
    fn generated(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Response<Body>> + Send + use<> {
        let is_long = self.inner.is_sharing && long::is_long(request.uri().path());
        let answer = self.inner.generated.clone().call(request);
        async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            if is_long {
                long::encoded(answer).await
            } else {
                answer
            }
        }
    }

    /// A snapshot, wherever it is made.
    async fn any_snapshot(
        &self,
        message: &Bytes,
        accepted: Encoding,
        recipient: &Recipient,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        if let Some(filter) = self.inner.filters.get(message) {
            return self.snapshot(&filter, accepted);
        }
        if message.len() <= SHORT_REQUEST_BYTES_MAX && !request::names_every_pair(message) {
            return self.first_snapshot(message, accepted);
        }
        // It takes a millisecond or more: it is about many pairs, which no client has asked for.
        match refused_long(recipient) {
            Some(refusal) => Err(Unanswered::Refused(refusal)),
            None => self.rendered(message, accepted).await,
        }
    }

    /// A snapshot that is made on a thread for queries.
    async fn rendered(
        &self,
        message: &Bytes,
        accepted: Encoding,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        // Who waits here and gives up leaves no work behind.
        let _turn = self.inner.wide.acquire().await;
        let (shared, message) = (self.clone(), message.clone());
        let rendered = render(move || shared.first_snapshot(&message, accepted));
        rendered.await.map_err(Unanswered::Refused)?
    }

    /// A snapshot for a request that may not have been parsed before.
    fn first_snapshot(
        &self,
        message: &Bytes,
        accepted: Encoding,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        let Inner { rates, filters, .. } = &*self.inner;
        // A service that serves nothing now says so, whatever it is asked: its client then asks another one.
        rates.queries.snapshot()?;
        let filter = filters.get_or_parse(message, || {
            let request: GetSnapshotRequest = decode(message)?;
            check_latest(request.date.as_deref())?;
            Ok::<_, Unanswered>(rates.wanted(request.filter)?)
        })?;
        self.snapshot(&filter, accepted)
    }

    fn snapshot(
        &self,
        filter: &Arc<RateFilter>,
        accepted: Encoding,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        let Inner { rates, .. } = &*self.inner;
        let snapshot = rates.queries.snapshot()?;
        let filter = rates.queries.resolved(filter);
        let encode = || {
            let rates = snapshot.rates(&filter);
            let response = wire::to_snapshot_response(&snapshot, &rates);
            Ok::<_, Refusal>(encode_frame(&response, accepted))
        };
        let snapshots = &self.frames(accepted).snapshots;
        let frame = snapshots.get_or_encode(&*filter, &snapshot.position, encode)?;
        Ok(ok(ResponseBody::once(frame), accepted))
    }

    fn rate(&self, message: &Bytes) -> Result<Response<ResponseBody>, Unanswered> {
        let request: GetRateRequest = decode(message)?;
        check_latest(request.date.as_deref())?;
        let Inner { rates, pairs, .. } = &*self.inner;
        let snapshot = rates.queries.snapshot()?;
        let pair = parse_pair(&request.pair)?;
        let encode = || {
            let rate = rates.queries.rate(&snapshot, pair)?;
            let response = wire::to_rate_response(&snapshot, &rate);
            Ok::<_, Refusal>(encode_frame(&response, Encoding::Identity))
        };
        let frame = pairs.get_or_encode(&pair, &snapshot.position, encode)?;
        Ok(ok(ResponseBody::once(frame), Encoding::Identity))
    }

    fn watch(
        &self,
        message: &Bytes,
        accepted: Encoding,
        (recipient, identity): Client<'_>,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        let request: WatchRatesRequest = decode(message)?;
        let Recipient { caller, output } = recipient;
        let subscription = self.inner.rates.subscribe(request, (caller, identity))?;
        let messages = Arc::clone(&self.frames(accepted).messages);
        let frames = stream_frames(EncodedStream::new(subscription, messages), output);
        Ok(ok(ResponseBody::stream(Box::pin(frames)), accepted))
    }
}

/// Why the cache does not answer a request.
enum Unanswered {
    /// The body is not the message of the method, or asks about a past day. The generated server answers, and says what is
    /// wrong.
    NotShared,
    Refused(Refusal),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn decode<M: Message + Default>(message: &Bytes) -> Result<M, Unanswered> {
    Message::decode(message.clone())
        .map_err(|_refused_by_the_generated_server| Unanswered::NotShared)
}

/// Whether a request asks about the present: the answer about a past day does not follow from a position.
fn check_latest(date: Option<&str>) -> Result<(), Unanswered> {
    match date {
        None | Some("") => Ok(()),
        Some(_past) => Err(Unanswered::NotShared),
    }
}

/// A response that is a status alone.
pub(super) fn status_response(refusal: Refusal) -> Response<ResponseBody> {
    Status::from(refusal)
        .into_http()
        .map(ResponseBody::generated)
}

fn ok(body: ResponseBody, encoding: Encoding) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    let content_type = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    if encoding == Encoding::Gzip {
        let gzip = HeaderValue::from_static(encoding::GZIP);
        response.headers_mut().insert(encoding::ENCODING, gzip);
    }
    response
}
