//! The span of a request: what a trace says of it, and the caller's span that it belongs to.

use http::{HeaderMap, Request};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::{Empty, display};
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::callers::Caller;
use crate::requests::query::without_keys;

/// The codes of gRPC that say that the server failed, not the client: by the conventions of OpenTelemetry.
const SERVER_ERRORS: [usize; 6] = [2, 4, 12, 13, 14, 15];

/// Whether the spans of requests are wanted.
pub(super) fn is_wanted() -> bool {
    tracing::span_enabled!(Level::INFO)
}

/// The span of a request, within the trace that its headers name.
pub(super) fn begin<B>(request: &Request<B>, is_rpc: bool, caller: Caller) -> Span {
    let path = without_keys(request.uri().path());
    let path = &*path;
    let client = display(caller.address());
    let peer = caller.proxy().map(|proxy| display(proxy.ip()));
    let span = if is_rpc {
        let path = path.trim_start_matches('/');
        let (service, method) = path.split_once('/').unwrap_or_default();
        tracing::info_span!(
            "RPC",
            otel.name = path,
            otel.kind = "server",
            otel.status_code = Empty,
            client.address = client,
            network.peer.address = peer,
            rpc.system = "grpc",
            rpc.service = service,
            rpc.method = method,
            rpc.grpc.status_code = Empty,
        )
    } else {
        let method = request.method().as_str();
        tracing::info_span!(
            "request",
            otel.name = method,
            otel.kind = "server",
            otel.status_code = Empty,
            client.address = client,
            network.peer.address = peer,
            http.request.method = method,
            http.route = Empty,
            http.response.status_code = Empty,
            url.path = path,
        )
    };
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&Headers(request.headers()));
        if let Err(error) = span.set_parent(caller) {
            tracing::trace!(%error, "no layer takes spans");
        }
    }
    span
}

/// Notes in the span of the request under way which route it takes.
pub fn note_route(method: &http::Method, route: &str) {
    if is_wanted() {
        let span = Span::current();
        span.record("http.route", route);
        // The layer has begun the span, and takes no other name by `otel.name` from then on.
        let context = span.context();
        context.span().update_name(format!("{method} {route}"));
    }
}

/// Notes the status of an answer over HTTP.
pub(super) fn note_status(span: &Span, status: http::StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Notes the code of an answer of gRPC.
pub(super) fn note_code(span: &Span, code: usize) {
    span.record("rpc.grpc.status_code", code);
    if SERVER_ERRORS.contains(&code) {
        span.record("otel.status_code", "ERROR");
    }
}

/// The headers of a request, in which a caller names its span: `traceparent` and `tracestate` of the W3C.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
