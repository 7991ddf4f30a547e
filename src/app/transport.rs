//! The services of each port: the rates, those that browsers reach, and the operators'.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use futures_util::FutureExt;
use futures_util::future::Either;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tower::ServiceExt;

use crate::admin::{Operators, needs_http2};
use crate::app::reflection::add_reflection;
use crate::grpc::{Dispatcher, DrainingHealth, Rates, SharedRates, explain};
use crate::listener::Listener;
use crate::pb::admin::admin_service_server::{AdminServiceServer, SERVICE_NAME as ADMIN_SERVICE};
use crate::pb::rate_service_server::RateServiceServer;

/// The largest request: 256 pairs and a position are some 4 KiB.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// The largest request of an operator: a table with a thousand rows is some 100 KiB.
const ADMIN_REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a request may take until its response begins: nearly every response comes from memory.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves rates, and the other services beside them, until draining. Responses that many clients share bypass the router.
pub async fn serve_rates(listener: Listener, rates: SharedRates, others: Routes) {
    let routes = others.add_service(rates.clone());
    let dispatcher = Arc::new(Dispatcher::new(rates, routes, REQUEST_TIMEOUT));
    let answer = move |request| dispatcher.answer(request);
    listener.serve_http2(answer).await;
}

/// The services that gRPC-Web reaches.
pub(super) fn services_for_browsers(rates: Rates, health: HealthServer<DrainingHealth>) -> Router {
    let rates = RateServiceServer::new(rates.over_grpc_web())
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let services = Routes::new(rates).add_service(health).into_axum_router();
    services.layer(from_fn(async |request: Request, next: Next| {
        let path = request.uri().path().to_owned();
        let mut answer = next.run(request).await;
        explain(&mut answer, &path, REQUEST_BYTES_MAX);
        answer
    }))
}

/// Serves operators until draining: their service to calls of gRPC, and `pages` to every other request, over HTTP/1.1 too,
/// as the probes of a supervisor speak it.
///
/// # Errors
/// When the descriptor of their service is refused.
pub(super) fn serve_operators(
    listener: Listener,
    operators: Operators,
    pages: Router,
) -> Result<impl Future<Output = ()> + Send, tonic_reflection::server::Error> {
    let admin = AdminServiceServer::new(operators)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(ADMIN_REQUEST_BYTES_MAX);
    let routes = add_reflection(Routes::new(admin), &[ADMIN_SERVICE])?;
    let dispatcher = Dispatcher::without_shared(routes, REQUEST_TIMEOUT, ADMIN_REQUEST_BYTES_MAX);
    let dispatcher = Arc::new(dispatcher);
    let answer = move |request: http::Request<Incoming>| {
        if !is_grpc(request.headers()) {
            return Either::Right(Either::Right(pages.clone().oneshot(request)));
        }
        if request.version() != Version::HTTP_2 {
            return Either::Right(Either::Left(ready(Ok(needs_http2()))));
        }
        let answer = dispatcher.answer(request);
        Either::Left(answer.map(|answer| Ok::<_, Infallible>(answer.map(Body::new))))
    };
    Ok(listener.serve_http(service_fn(answer)))
}

/// Whether a request is a call of gRPC, with whatever encoding of its messages.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
