//! The pages of the operators' port over HTTP: plain text for the probes of a supervisor, for Prometheus, and
//! for a person with `curl`.

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{ALLOW, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get};

use crate::access::{Gate, Rejection, Scope, challenge};
use crate::admin::readiness::Check;
use crate::admin::text::text;
use crate::admin::{Metrics, Readiness};
use crate::domain::{Refusal, RefusalKind};
use crate::listener::{Hosts, HostsOf};

/// The methods of every page.
const READING: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// What a request for an unknown path is answered with.
const PATHS: &str = "\
nothing is at this path; this port has
  /livez      200 while the process serves
  /readyz     200 when it is ready, else 503; ?verbose gives the reasons
  /startupz   200 once it has started, else 503; ?verbose gives the reasons
  /metrics    figures for Prometheus
  /version    the name and the version of the program
and the gRPC service silkrate.admin.v1.AdminService over HTTP/2
";
/// What a probe is answered before the ledger is open.
const OPENING: &str = "opening the ledger\n";
const ONLY_READ: &str =
    "this path can be read with GET and HEAD; gRPC needs the content type application/grpc\n";
const NEEDS_HTTP2: &str = "gRPC is served over HTTP/2 alone\n";

/// The pages of a running service, for requests to these hosts.
pub fn pages((readiness, metrics): (Readiness, Metrics), hosts: Hosts, gate: Gate) -> Router {
    let metrics = get(move |headers| metrics.clone().answer(headers));
    let ready = get(ready).with_state(readiness.clone());
    let started = get(started).with_state(readiness);
    served([metrics, ready, started], hosts, gate)
}

/// The pages of a service that opens its ledger.
pub fn opening_pages(hosts: Hosts, gate: Gate) -> Router {
    let opening = || get(async || text(StatusCode::SERVICE_UNAVAILABLE, OPENING));
    served([opening(), opening(), opening()], hosts, gate)
}

/// All pages, of which these tell of the service.
fn served([metrics, ready, started]: [MethodRouter; 3], hosts: Hosts, gate: Gate) -> Router {
    Router::new()
        .route("/metrics", metrics)
        .route("/version", get(async || text(StatusCode::OK, VERSION)))
        // What follows is open to all: a supervisor has no key.
        .route_layer(from_fn_with_state(gate, admit))
        .route("/livez", get(async || text(StatusCode::OK, "alive\n")))
        .route("/readyz", ready)
        .route("/startupz", started)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(async || text(StatusCode::NOT_FOUND, PATHS))
        .layer(from_fn_with_state(hosts, guard))
}

/// Answers a request for a served host.
async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let Some(host) = hosts.foreign(&request) else {
        return next.run(request).await;
    };
    let setting = HostsOf::Operators.setting();
    let refusal = format!(
        "this port is not served as `{host}`: use its address, or add the name to {setting}\n"
    );
    text(StatusCode::MISDIRECTED_REQUEST, refusal)
}

/// Answers a request whose client is an operator, if the port demands a key.
async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get().copied();
    match gate.admit(request.headers(), Scope::Admin, caller) {
        Ok(_identity) => next.run(request).await,
        Err(Rejection { refusal, delay }) => {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let mut answer = text(unauthorized(&refusal), format!("{refusal}\n"));
            if let Some(challenge) = challenge(&refusal) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            answer
        }
    }
}

/// The status of a refusal for a key.
fn unauthorized(refusal: &Refusal) -> StatusCode {
    if refusal.kind() == RefusalKind::PermissionDenied {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::UNAUTHORIZED
    }
}

const VERSION: &str = concat!("silkrate ", env!("CARGO_PKG_VERSION"), "\n");

/// The answer to a call of gRPC over HTTP/1.1.
///
/// No client of gRPC makes one, but the script of a page could, which a browser lets through where a name leads to this
/// machine: no script may decide on held values. Browsers speak HTTP/2 over TLS alone.
pub fn needs_http2() -> Response {
    text(StatusCode::HTTP_VERSION_NOT_SUPPORTED, NEEDS_HTTP2)
}

async fn ready(State(readiness): State<Readiness>, RawQuery(query): RawQuery) -> Response {
    verdict(
        &readiness.checks(),
        query.as_deref(),
        ["ready", "not ready"],
    )
}

async fn started(State(readiness): State<Readiness>, RawQuery(query): RawQuery) -> Response {
    let checks = readiness.startup_checks();
    verdict(&checks, query.as_deref(), ["started", "not started"])
}

/// 200 if every check passed, else 503; each check is a line if the query has `verbose`.
fn verdict(checks: &[Check], query: Option<&str>, [passed, failed]: [&str; 2]) -> Response {
    let (status, word) = if checks.iter().any(Check::is_failed) {
        (StatusCode::SERVICE_UNAVAILABLE, failed)
    } else {
        (StatusCode::OK, passed)
    };
    let mut page = String::new();
    if is_verbose(query.unwrap_or_default()) {
        for check in checks {
            page.push_str(&check.to_string());
            page.push('\n');
        }
    }
    page.push_str(word);
    page.push('\n');
    text(status, page)
}

/// Whether a query has the parameter `verbose`, with or without a value.
fn is_verbose(query: &str) -> bool {
    let mut names = query.split('&').map(|parameter| {
        let name = parameter.split_once('=');
        name.map_or(parameter, |(name, _)| name)
    });
    names.any(|name| name == "verbose")
}

async fn method_not_allowed() -> Response {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, ONLY_READ);
    answer.headers_mut().insert(ALLOW, READING);
    answer
}
