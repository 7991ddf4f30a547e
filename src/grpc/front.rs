//! What stands at the gRPC port: the shared answers first, then every service by its path.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tonic::Status;
use tonic::codegen::Service;
use tonic::service::Routes;

use crate::grpc::SharedRates;
use crate::grpc::shared::{Answer, refusal};

/// The services of the port.
#[derive(Debug)]
pub struct Front {
    rates: SharedRates,
    routes: Routes,
    request_timeout: Duration,
}

impl Front {
    /// Answers what can be shared itself, and leaves the rest to `routes`, which know every service. A request that is not
    /// whole, or not answered, after `request_timeout` is refused.
    pub fn new(rates: SharedRates, routes: Routes, request_timeout: Duration) -> Self {
        Self {
            rates,
            routes: routes.prepare(),
            request_timeout,
        }
    }

    /// The answer to a request.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Answer> {
        let answer = async {
            match self.rates.route(&request) {
                Some(route) => self.rates.answer(route, request).await,
                None => match self.routes.clone().call(request).await {
                    Ok(answer) => answer.map(Answer::generated),
                    Err(never) => match never {},
                },
            }
        };
        let answer = tokio::time::timeout(self.request_timeout, answer).await;
        answer.unwrap_or_else(|_late| refusal(too_late(self.request_timeout)))
    }
}

fn too_late(request_timeout: Duration) -> Status {
    Status::deadline_exceeded(format!("not answered within {request_timeout:?}"))
}
