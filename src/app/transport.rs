//! The services of each port: the rates, those that browsers reach, and the operators'.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

use crate::admin::Admin;
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
    let rates = RateServiceServer::new(rates)
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

/// Serves operators until draining.
///
/// # Errors
/// When the descriptor of their service is refused.
pub(super) fn serve_operators(
    listener: Listener,
    admin: Admin,
) -> Result<impl Future<Output = ()> + Send, tonic_reflection::server::Error> {
    let admin = AdminServiceServer::new(admin)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(ADMIN_REQUEST_BYTES_MAX);
    let routes = add_reflection(Routes::new(admin), &[ADMIN_SERVICE])?;
    let dispatcher = Dispatcher::without_shared(routes, REQUEST_TIMEOUT, ADMIN_REQUEST_BYTES_MAX);
    let dispatcher = Arc::new(dispatcher);
    let answer = move |request| dispatcher.answer(request);
    Ok(listener.serve_http2(answer))
}
