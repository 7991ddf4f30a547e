//! The two gRPC ports: the rates, and the operators' services.

use std::sync::Arc;
use std::time::Duration;

use tonic::service::Routes;

use crate::grpc::{Dispatcher, SharedRates};
use crate::listener::Listener;

/// The largest request: 256 pairs and a position are some 4 KiB.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a request may take until its response begins: nearly every response comes from memory.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves rates, and the other services beside them, until draining. Responses that many clients share bypass the router.
pub async fn serve_rates(listener: Listener, rates: SharedRates, others: Routes) {
    let routes = others.add_service(rates.clone());
    let dispatcher = Arc::new(Dispatcher::new(rates, routes, REQUEST_TIMEOUT));
    let answer = move |request| dispatcher.answer(request);
    listener.serve_http2(answer).await;
}

/// Serves the operators' services until draining.
pub async fn serve_routes(listener: Listener, routes: Routes) {
    let dispatcher = Arc::new(Dispatcher::without_shared(routes, REQUEST_TIMEOUT));
    let answer = move |request| dispatcher.answer(request);
    listener.serve_http2(answer).await;
}
