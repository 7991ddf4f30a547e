//! The browser side: pages, the ticker's element, JSON, server-sent events and gRPC-Web, on one port, over HTTP/1.1 and
//! HTTP/2.
//!
//! It is a peer of the gRPC port, not a client of it: both ask the same queries. An answer here holds what the contract's
//! methods answer there, and a stream what `WatchRates` sends, in the JSON that the command line prints. Data is for our
//! own pages and for origins that the operator lists; code is for everyone. Nothing here sets a cookie.
//!
#![doc = include_str!("web/README.md")]

mod handlers;
mod admission;
mod assets;
mod base_path;
mod caching;
mod calls;
mod catalogue;
mod conversion;
mod costs;
mod entity_tag;
mod server;
mod events;
mod chart;
mod display;
mod lines;
mod links;
mod watch;
mod embed;
mod entries;
mod fragment;
mod in_time;
mod locale;
mod cors;
mod query;
mod error;
mod negotiation;
mod pages;
mod picture;
mod prepared;
mod prepared_answers;
mod security;
mod service;
mod tables;
mod tokens;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic_web::GrpcWebLayer;
use tower::Layer;
use tower_http::compression::CompressionLayer;

use crate::access::Gate;
use crate::callers::Quotas;
use crate::config;
use crate::domain::Refusal;
use crate::feed::FrameCache;
use crate::listener::{Admission, Hosts, HostsOf};
use crate::queries::Queries;
use crate::query_threads::THREADS_MAX;
use crate::telemetry::{CallCounts, PortCounts};
use crate::tls::ServerTls;
use crate::web::base_path::BasePath;
use crate::web::chart::ChartRates;
use crate::web::cors::Origins;
use crate::web::error::WebError;
use crate::web::events::EventEncoder;
use crate::web::lines::LineEncoder;
use crate::web::prepared_answers::PreparedAnswers;
use crate::web::service::{Answers, BrowserService, CurrentAnswers};

/// The media type of every answer for programs.
const JSON: &str = "application/json";
/// The media type of a page and of a part of one.
const HTML: &str = "text/html; charset=utf-8";
/// The header with the position of an answer: `epoch:revision`.
const POSITION: &str = "silkrate-position";
/// How long a request may take until its answer begins. Every answer comes from memory but those of historical queries.
/// Without optimization, as in tests, a query is many times as slow.
const REQUEST_TIMEOUT: Duration =
    Duration::from_secs(if cfg!(debug_assertions) { 100 } else { 10 });
/// The longest query: 256 pairs are two KiB, and twice that when the slashes are escaped.
const QUERY_BYTES_MAX: usize = 8 * 1024;
/// The longest body, but that of a call of gRPC-Web: 256 pairs are some three kilobytes.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What every request may use.
#[derive(Debug)]
struct Shared {
    queries: Queries,
    /// The answers about the present that equal requests share.
    answers: PreparedAnswers,
    /// The rates that equal charts share.
    chart_rates: ChartRates,
    /// The turns to make wide snapshots.
    wide: Semaphore,
    /// The address of the page with all rates as readers see it, if the operator named it.
    public_url: Option<String>,
    /// The policy of the page `/embed`.
    embed_policy: HeaderValue,
    /// The events that all readers of a filter share.
    frames: Arc<FrameCache<EventEncoder>>,
    /// The same as lines.
    lines: Arc<FrameCache<LineEncoder>>,
}

type Web = Arc<Shared>;

/// What the port counts.
#[derive(Debug, Clone)]
pub struct WebCounts {
    /// Its connections.
    pub port: Arc<PortCounts>,
    /// Its requests, by route.
    pub calls: Arc<CallCounts>,
    /// Those for another host than its own.
    pub hosts: Hosts,
}

impl Default for WebCounts {
    fn default() -> Self {
        Self {
            port: Arc::default(),
            calls: Arc::new(calls::counts()),
            hosts: Hosts::new(HostsOf::Browsers, &[]),
        }
    }
}

/// The browsers' side, whose settings may be replaced while it serves. Clones share them.
#[derive(Debug, Clone)]
pub struct Browsers {
    queries: Queries,
    grpc: Router,
    /// What counts the requests for other hosts.
    hosts: Hosts,
    answers: CurrentAnswers,
    gate: Option<Gate>,
    quotas: Quotas,
}

impl Browsers {
    /// The side for browsers under its settings. `grpc` holds the services that gRPC-Web reaches, by their full paths; `counts`
    /// are those of its port.
    pub fn new(settings: &config::Web, queries: Queries, grpc: Router, counts: &WebCounts) -> Self {
        let hosts = counts.hosts.clone();
        let answers = answers(settings, queries.clone(), grpc.clone(), &hosts);
        Self {
            queries,
            grpc,
            hosts,
            answers: CurrentAnswers::new(answers),
            quotas: Quotas::default(),
            gate: None,
        }
    }

    /// The same, which admits requests by the keys of their clients.
    #[must_use]
    pub fn guarded(self, gate: Gate) -> Self {
        Self {
            gate: Some(gate),
            ..self
        }
    }

    /// The same, where what a request costs is taken from the quota of its client.
    #[must_use]
    pub fn limited(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// Answers every further request under these settings; the address of the port stays. Streams go on. Afterwards the board
    /// must publish a next revision: caches take a page of one revision for the same.
    pub fn set(&self, settings: &config::Web) {
        let (queries, grpc) = (self.queries.clone(), self.grpc.clone());
        let answers = answers(settings, queries, grpc, &self.hosts);
        self.answers.set(answers);
    }

    /// Serves until draining, over TLS if there is one. `admission` says who is admitted.
    pub fn serve(
        &self,
        (listener, tls, counts): (TcpListener, Option<Arc<ServerTls>>, &WebCounts),
        admission: Admission,
        draining: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (answers, calls) = (self.answers.clone(), Arc::clone(&counts.calls));
        let service =
            BrowserService::new(answers, calls, self.gate.clone()).limited(self.quotas.clone());
        let listener = server::listener(listener, (Arc::clone(&counts.port), admission), draining);
        listener.secured(tls).serve_http(service)
    }
}

/// What answers requests under some settings, with nothing prepared.
fn answers(settings: &config::Web, queries: Queries, grpc: Router, hosts: &Hosts) -> Answers {
    let origins = Origins::new(&settings.allowed_origins).reached_under(settings.served_hosts());
    let shared = Arc::new(Shared {
        frames: Arc::new(FrameCache::new(EventEncoder::new(queries.clone()))),
        lines: Arc::new(FrameCache::new(LineEncoder::new(queries.clone()))),
        queries,
        answers: PreparedAnswers::default(),
        chart_rates: ChartRates::default(),
        wide: Semaphore::new(THREADS_MAX),
        public_url: settings.public_url.clone(),
        embed_policy: embed::policy(&settings.frame_ancestors),
    });
    let router = router(Arc::clone(&shared), origins.clone(), grpc);
    let hosts = hosts.with(settings.served_hosts());
    let base_path = BasePath::new(&settings.path);
    Answers::new((hosts, base_path), shared, origins, router)
}

fn router(shared: Web, origins: Origins, grpc: Router) -> Router {
    let grpc = middleware::from_fn(calls_alone).layer(GrpcWebLayer::new().layer(grpc));
    let compressed = Router::new()
        .route("/v1/fixings/{source}/{currency}", get(handlers::fixings))
        .route("/v1/history/{base}/{quote}", get(handlers::history))
        .route("/v1/history", get(handlers::histories))
        .route("/v1/history.csv", get(handlers::histories))
        .route("/v1/history.ndjson", get(handlers::histories))
        .route("/v1/periods", get(handlers::periods))
        .route("/v1/periods.csv", get(handlers::periods))
        .route("/v1/periods.ndjson", get(handlers::periods))
        .route("/v1/currencies", get(catalogue::currencies))
        .route("/v1/currencies.csv", get(catalogue::currencies))
        .route("/v1/currencies.ndjson", get(catalogue::currencies))
        .route("/v1/pairs", get(catalogue::pairs))
        .route("/v1/pairs.csv", get(catalogue::pairs))
        .route("/v1/pairs.ndjson", get(catalogue::pairs))
        .route("/v1/sources", get(handlers::sources))
        .route("/v1/sources.csv", get(handlers::sources))
        .route("/v1/sources.ndjson", get(handlers::sources))
        .route("/v1/convert", get(handlers::convert))
        .route("/v1/convert.csv", get(handlers::convert))
        .route("/v1/convert.ndjson", get(handlers::convert))
        .layer(middleware::from_fn(tables::vary_by_accept))
        .layer(CompressionLayer::new())
        .layer(middleware::map_response(turns::between_parts));
    // Their answers about the present are compressed once for all requests, those about the past for each.
    let compressed_if_past = Router::new()
        .route("/v1/snapshot", get(handlers::accepted_snapshot))
        .route("/v1/rates/{base}/{quote}", get(handlers::rate))
        .layer(middleware::from_fn(tables::vary_by_accept))
        .route("/v1/snapshot.json", get(handlers::snapshot))
        .route("/v1/snapshot.csv", get(tables::snapshot))
        .route("/v1/snapshot.ndjson", get(tables::snapshot))
        .layer(CompressionLayer::new().compress_when(caching::is_past))
        .layer(middleware::map_response(turns::between_parts));
    let data = Router::new()
        .merge(compressed)
        .merge(compressed_if_past)
        // These compress their answers once for all requests; events are not compressed.
        .route("/v1/watch", get(watch::watch))
        .route("/ticker.html", get(fragment::ticker))
        .route("/chart/{name}", get(chart::chart))
        .route("/", get(pages::home))
        .route("/{code}", get(pages::currency))
        .route("/{code}/", get(pages::below))
        .route("/embed", get(embed::embed))
        .route("/ticker.svg", get(picture::ticker))
        .route(
            "/v1/tokens",
            post(tokens::make)
                .fallback(async || WebError::PostAlone)
                .layer((
                    Extension(origins.clone()),
                    DefaultBodyLimit::max(BODY_BYTES_MAX),
                )),
        )
        .method_not_allowed_fallback(async || WebError::MethodNotAllowed)
        .route_service("/silkrate.v1.RateService/{*method}", grpc.clone())
        .route_service("/grpc.health.v1.Health/{*method}", grpc)
        .layer(middleware::from_fn(in_time))
        .layer(origins.cors())
        .layer(middleware::from_fn_with_state(origins, cors::guard));
    Router::new()
        .fallback(get(pages::nowhere).fallback(async || WebError::MethodNotAllowed))
        .method_not_allowed_fallback(async || WebError::MethodNotAllowed)
        .merge(data)
        .layer(middleware::from_fn(bounded))
        .with_state(shared)
}

/// Refuses an endless query before anything reads it, and puts the headers that keep a browser safe on every answer.
async fn bounded(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let mut response = if query.len() > QUERY_BYTES_MAX {
        WebError::QueryTooLong.into_response()
    } else {
        next.run(request).await
    };
    security::protect(response.headers_mut());
    response
}

/// Says what a path of gRPC-Web takes. What serves it refuses everything else without a reason.
async fn calls_alone(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        let allowed = [(ALLOW, HeaderValue::from_static("POST"))];
        return (allowed, WebError::PostAlone).into_response();
    }
    let answer = next.run(request).await;
    if answer.status().is_client_error() && !answer.headers().contains_key(CONTENT_TYPE) {
        return WebError::NotACall.into_response();
    }
    answer
}

/// Ends a request whose answer does not begin in time.
async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    answer.unwrap_or_else(|_late| {
        WebError::from(Refusal::DeadlineExceeded(REQUEST_TIMEOUT)).into_response()
    })
}
