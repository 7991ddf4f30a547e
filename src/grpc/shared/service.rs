//! The cache as a service of tonic, for callers within the process.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::{Request, Response};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;

use crate::grpc::Rates;
use crate::grpc::shared::{SharedRates, request};
use crate::listener::Recipient;
use crate::pb::rate_service_server::RateServiceServer;

impl Service<Request<Body>> for SharedRates {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(method) = self.cached_method(&request) {
            let recipient = Recipient {
                caller: request.extensions().get().copied(),
                output: None,
            };
            let answer = self.answer(method, request, recipient);
            return Box::pin(answer.map(|answer| Ok(answer.map(Body::new))));
        }
        if request::is_grpc(request.headers()) {
            Box::pin(self.generated(request).map(Ok))
        } else {
            let refusal = request::unsupported_media_type();
            Box::pin(std::future::ready(Ok(refusal)))
        }
    }
}

impl NamedService for SharedRates {
    const NAME: &'static str = <RateServiceServer<Rates> as NamedService>::NAME;
}
