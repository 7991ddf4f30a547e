//! What stands at the gRPC port: the shared answers first, then every service by its path.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;
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

    /// The answer to a request. It is put together here rather than in one `async` block, which would keep room for the
    /// request once for every step it takes: of a thousand streams that come at once all are waiting here.
    pub fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Answer>> + Send + use<> {
        let answer =
            match self.rates.route(&request) {
                Some(route) => Either::Left(self.rates.answer(route, request)),
                None => Either::Right(self.routes.clone().call(request).map(
                    |answer| match answer {
                        Ok(answer) => answer.map(Answer::generated),
                        Err(never) => match never {},
                    },
                )),
            };
        let request_timeout = self.request_timeout;
        tokio::time::timeout(request_timeout, answer)
            .map(move |answer| answer.unwrap_or_else(|_late| refusal(too_late(request_timeout))))
    }
}

fn too_late(request_timeout: Duration) -> Status {
    Status::deadline_exceeded(format!("not answered within {request_timeout:?}"))
}
