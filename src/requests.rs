//! What is observed of a request: its line in the access log, and its span in a trace.
//!
//! A request is observed from its arrival until its answer has been sent or the client has gone, whichever port it came to.
//! While both are off, all that is left of this are two comparisons for each request and a future around its answer: 45
//! nanoseconds, by `cargo bench -- observation`.

mod arriving;
mod body;
mod query;
mod span;

use std::future::Future;
use std::time::Instant;

pub use arriving::ArrivingBody;
pub use body::ObservedBody;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::Body;
pub use span::note_route;
use tracing::field::display;
use tracing::instrument::{Instrument, Instrumented};
use tracing::{Level, Span};

use crate::callers::Caller;
use crate::requests::query::{shortened, shown_query};

/// What a request is refused with that names no host, or several.
pub const NOT_ONE_HOST: &str = "a request of HTTP/1.1 needs exactly one Host header";

/// Whether a request names one host, as HTTP/1.1 demands: what stands between a client and this service may take another of
/// several for the host than this service. In HTTP/1.0 it may be missing, and HTTP/2 has a field of its own for it.
pub fn names_one_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    match request.version() {
        Version::HTTP_11 => hosts == 1,
        _ => hosts <= 1,
    }
}

/// The target of the lines of the access log, which the log leaves out unless `log.access` is set.
pub const ACCESS: &str = "silkrate::access";

/// The codes of gRPC, by their numbers.
pub const GRPC_CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// The place of the code for a status that has no other one.
pub const UNKNOWN: usize = 2;

/// The place of the code that headers or trailers of gRPC name, if they name one.
pub fn grpc_code(headers: &HeaderMap) -> Option<usize> {
    let status = headers.get("grpc-status")?;
    let number = status.to_str().ok().and_then(|text| text.parse().ok());
    let known = number.filter(|number| *number < GRPC_CODES.len());
    Some(known.unwrap_or(UNKNOWN))
}

/// Whether requests are observed.
fn are_observed() -> bool {
    tracing::event_enabled!(target: ACCESS, Level::INFO) || span::is_wanted()
}

/// A request under way. When it is dropped, its line is logged and its span ends.
#[derive(Debug)]
pub struct Observation {
    span: Span,
    caller: Caller,
    begun: Instant,
    method: Method,
    path: String,
    query: Option<String>,
    is_rpc: bool,
    status: Option<StatusCode>,
    grpc_code: Option<usize>,
    bytes: u64,
    is_complete: bool,
}

impl Observation {
    /// Begins with a request of a caller, if requests are observed.
    pub fn begin<B>(caller: Caller, request: &Request<B>) -> Option<Box<Self>> {
        are_observed().then(|| {
            let (uri, is_rpc) = (request.uri(), is_rpc(request.headers()));
            Box::new(Self {
                span: span::begin(request, is_rpc, caller),
                caller,
                begun: Instant::now(),
                method: request.method().clone(),
                path: shortened(uri.path()),
                query: uri.query().map(shown_query),
                is_rpc,
                status: None,
                grpc_code: None,
                bytes: 0,
                is_complete: false,
            })
        })
    }

    /// Observes the answer too, until its body has been sent or is dropped.
    pub fn answer<F, B>(
        observation: Option<Box<Self>>,
        answer: F,
    ) -> impl Future<Output = Response<ObservedBody<B>>>
    where
        F: Future<Output = Response<B>>,
        B: Body,
    {
        answer.map(move |answer| Self::of_response(observation, answer))
    }

    /// The same for an answer that may be an error.
    pub fn answer_or_error<F, B, E>(
        observation: Option<Box<Self>>,
        answer: F,
    ) -> impl Future<Output = Result<Response<ObservedBody<B>>, E>>
    where
        F: Future<Output = Result<Response<B>, E>>,
        B: Body,
    {
        answer.map(move |answer| Ok(Self::of_response(observation, answer?)))
    }

    /// Begins the answer within the span of the request, and goes on within it.
    pub fn instrument<F>(observation: Option<&Self>, begin: impl FnOnce() -> F) -> Instrumented<F> {
        let span = observation.map_or_else(Span::none, |observation| observation.span.clone());
        span.in_scope(begin).instrument(span)
    }

    fn of_response<B: Body>(
        observation: Option<Box<Self>>,
        response: Response<B>,
    ) -> Response<ObservedBody<B>> {
        let observation = observation.map(|mut observation| {
            observation.status = Some(response.status());
            observation.grpc_code = grpc_code(response.headers());
            observation.is_complete = response.body().is_end_stream();
            observation
        });
        response.map(|body| ObservedBody::new(body, observation))
    }

    /// The code of the answer, as far as it is known.
    fn code(&self) -> &str {
        match (self.is_rpc, self.grpc_code, &self.status) {
            (true, Some(code), _) => GRPC_CODES.get(code).copied().unwrap_or_default(),
            (true, None, Some(status)) if !status.is_success() => status.as_str(),
            (true, None, _) => "CANCELLED",
            (false, _, Some(status)) => status.as_str(),
            (false, _, None) => "none",
        }
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if let (false, Some(status)) = (self.is_rpc, self.status) {
            span::note_status(&self.span, status);
        }
        if let Some(code) = self.grpc_code {
            span::note_code(&self.span, code);
        }
        let microseconds = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (peer, bytes, code) = (self.caller, self.bytes, self.code());
        let proxy = peer.proxy().map(display);
        let complete = self.is_complete;
        if self.is_rpc {
            let method = self.path.trim_start_matches('/');
            tracing::info!(target: ACCESS, %peer, proxy, method, code, microseconds, bytes, complete, "answered an RPC");
        } else {
            let (method, path) = (self.method.as_str(), &self.path);
            let query = self.query.as_deref();
            tracing::info!(target: ACCESS, %peer, proxy, method, path, query, code, microseconds, bytes, complete, "answered a request");
        }
    }
}

/// Whether a request is a call of gRPC. One of gRPC-Web has its code within the body, so it is seen as any other request.
fn is_rpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let rest = content_type.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| !rest.starts_with(b"-web"))
}
