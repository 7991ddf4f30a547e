//! The services of each port: the rates, those that browsers reach, and the operators'.

use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Either;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, Version};
use hyper::service::service_fn;
use tokio::time::timeout;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::pb::health_server::{HealthServer, SERVICE_NAME as HEALTH};
use tower::ServiceExt;

use crate::access::{Gate, Rejection, Scope, counted_in};
use crate::admin::{Operators, needs_http2};
use crate::app::reflection::add_reflection;
use crate::callers::{Arrivals, Caller, QuotaExceeded, Quotas, costs};
use crate::domain::Refusal;
use crate::grpc::{
    Dispatcher, DrainingHealth, Rates, SharedRates, arrived, code_place, explain, is_open,
    method_place, opening_response, refusal_response, request_timeout,
};
use crate::listener::{Listener, Recipient, RequestBody};
use crate::pb::admin::admin_service_server::{AdminServiceServer, SERVICE_NAME as ADMIN_SERVICE};
use crate::pb::rate_service_server::{RateServiceServer, SERVICE_NAME as RATES};
use crate::requests::{NOT_ONE_HOST, names_one_host};
use crate::telemetry::{CallCounts, PendingCall};

/// The largest request: 256 pairs and a position are some 4 KiB.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// The largest request of an operator: a table with a thousand rows is some 100 KiB.
const ADMIN_REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a request may take until its response begins: nearly every response comes from memory.
/// Without optimization, as in tests, a query is many times as slow.
const REQUEST_TIMEOUT: Duration =
    Duration::from_secs(if cfg!(debug_assertions) { 100 } else { 10 });

/// Serves rates, and the other services beside them, until draining. Responses that many clients share bypass the router.
pub async fn serve_rates(
    listener: Listener,
    (rates, others): (SharedRates, Routes),
    calls: Arc<CallCounts>,
    gate: Gate,
) {
    let routes = others.add_service(rates.clone());
    let dispatcher = Dispatcher::new(rates, routes, REQUEST_TIMEOUT).counted(calls);
    let dispatcher = Arc::new(dispatcher.guarded(gate, Scope::Read));
    let answer = move |request, recipient| dispatcher.answer(request, recipient);
    listener.serve_http2(answer).await;
}

/// What the port of gRPC serves beside rates: health, and, if that is wanted, the reflection of both.
///
/// # Errors
/// When a descriptor is refused.
pub(super) fn services_of_grpc(
    health: HealthServer<DrainingHealth>,
    has_reflection: bool,
) -> Result<Routes, tonic_reflection::server::Error> {
    let routes = Routes::new(health);
    if has_reflection {
        add_reflection(routes, &[RATES, HEALTH])
    } else {
        Ok(routes)
    }
}

/// The services that gRPC-Web reaches.
pub(super) fn services_for_browsers(
    (rates, health, calls): (Rates, HealthServer<DrainingHealth>, Arc<CallCounts>),
    gate: Gate,
) -> Router {
    let (quotas, arrivals) = (rates.quotas(), Arrivals::default());
    let rates = RateServiceServer::new(rates.over_grpc_web())
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let services = Routes::new(rates).add_service(health).into_axum_router();
    services.layer(from_fn(move |request: Request, next: Next| {
        let (calls, gate, quotas) = (Arc::clone(&calls), gate.clone(), quotas.clone());
        let arrivals = arrivals.clone();
        async move {
            let path = request.uri().path().to_owned();
            let call = PendingCall::begin(calls, method_place(&path));
            let mut answer = admitted((&gate, &quotas, &arrivals), request, next).await;
            explain(&mut answer, &path, REQUEST_BYTES_MAX);
            call.answered(code_place(&answer));
            answer
        }
    }))
}

/// The answer to a call of gRPC-Web, if its client is admitted and has not used its quota.
async fn admitted(
    (gate, quotas, arrivals): (&Gate, &Quotas, &Arrivals),
    mut request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get().copied();
    let admitted = if is_open(request.uri().path()) {
        Ok(None)
    } else {
        gate.admit(request.headers(), Scope::Read, caller)
    };
    match admitted {
        Ok(Some(identity)) => {
            request.extensions_mut().insert(identity);
        }
        Ok(None) => {}
        Err(Rejection { refusal, delay }) => {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            return refusal_response(refusal);
        }
    }
    if let Err(exceeded) = charge(quotas, &request) {
        return refusal_response(exceeded.into());
    }
    run(arrivals, request, next).await
}

/// The answer to a call of gRPC-Web once its message has arrived: none goes on sending after its answer began.
async fn run(arrivals: &Arrivals, request: Request, next: Next) -> Response {
    let limit = request_timeout(request.headers(), REQUEST_TIMEOUT);
    let client = request.extensions().get().map(Caller::network);
    let message = arrived(request, REQUEST_BYTES_MAX);
    match timeout(limit, arrivals.wait(client, message)).await {
        Ok(Ok(request)) => next.run(request.map(Body::new)).await,
        Ok(Err(exceeded)) => refusal_response(exceeded.into()),
        Err(_late) => refusal_response(Refusal::DeadlineExceeded(limit)),
    }
}

/// Takes what a call of gRPC-Web costs from the quota of its client.
fn charge(quotas: &Quotas, request: &Request) -> Result<(), QuotaExceeded> {
    match counted_in(request.extensions()) {
        Some(client) => quotas.charge(&client, costs::call(request.uri().path())),
        None => Ok(()),
    }
}

/// What operators reach once the service runs: their service to calls of gRPC, and the pages to every other request.
#[derive(Debug, Clone)]
pub(super) struct OperatorServices {
    dispatcher: Arc<Dispatcher>,
    pages: Router,
}

impl OperatorServices {
    /// The services, whose calls are counted.
    ///
    /// # Errors
    /// When the descriptor of the service of operators is refused.
    pub(super) fn new(
        operators: Operators,
        pages: Router,
        calls: Arc<CallCounts>,
        gate: Gate,
    ) -> Result<Self, tonic_reflection::server::Error> {
        let admin = AdminServiceServer::new(operators)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(ADMIN_REQUEST_BYTES_MAX);
        let routes = add_reflection(Routes::new(admin), &[ADMIN_SERVICE])?;
        let bytes_max = ADMIN_REQUEST_BYTES_MAX;
        let dispatcher = Dispatcher::without_shared(routes, REQUEST_TIMEOUT, bytes_max);
        Ok(Self {
            dispatcher: Arc::new(dispatcher.counted(calls).guarded(gate, Scope::Admin)),
            pages,
        })
    }
}

/// Serves operators until draining, over HTTP/1.1 too, as the probes of a supervisor speak it. Until there are `services`, every
/// call is refused, and `opening` answers every other request.
pub(super) async fn serve_operators(
    listener: Listener,
    services: Arc<OnceLock<OperatorServices>>,
    opening: Router,
) {
    let answer = move |request: http::Request<RequestBody>| {
        let services = services.get();
        if !names_one_host(&request) {
            let refusal = (StatusCode::BAD_REQUEST, format!("{NOT_ONE_HOST}\n"));
            return Either::Right(Either::Left(ready(Ok(refusal.into_response()))));
        }
        if !is_grpc(request.headers()) {
            let pages = services.map_or(&opening, |services| &services.pages);
            return Either::Right(Either::Right(pages.clone().oneshot(request)));
        }
        let refused = |refusal| Either::Right(Either::Left(ready(Ok(refusal))));
        if request.version() != Version::HTTP_2 {
            return refused(needs_http2());
        }
        let Some(services) = services else {
            return refused(opening_response());
        };
        let extensions = request.extensions();
        let recipient = Recipient {
            caller: extensions.get::<Caller>().copied(),
            output: extensions.get().cloned(),
        };
        let answer = services.dispatcher.answer(request, recipient);
        Either::Left(answer.map(|answer| Ok::<_, Infallible>(answer.map(Body::new))))
    };
    listener.serve_http(service_fn(answer)).await;
}

/// Whether a request is a call of gRPC, with whatever encoding of its messages.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
