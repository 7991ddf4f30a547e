//! The service of a connection: a static file is answered at once, everything else by the router.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Method, Request};

use crate::web::QUERY_BYTES_MAX;
use crate::web::assets::Assets;

/// Answers every request of browsers. A static file passes none of the router's layers, which cost more processor time than
/// the file does; it needs none of them, for it is compressed already, is not data, and has its headers.
#[derive(Debug, Clone)]
pub(super) struct BrowserService {
    assets: Arc<Assets>,
    router: Router,
}

impl BrowserService {
    pub(super) fn new(router: Router) -> Self {
        let assets = Arc::new(Assets::new());
        Self { assets, router }
    }

    /// The answer to a request for a static file; nothing when it is for something else, or would change it.
    fn asset(&self, request: &Request<Incoming>) -> Option<Response> {
        let has_body = match *request.method() {
            Method::GET => true,
            Method::HEAD => false,
            _ => return None,
        };
        let uri = request.uri();
        if uri.query().unwrap_or_default().len() > QUERY_BYTES_MAX {
            return None;
        }
        let mut response = self.assets.get(uri.path())?.respond(request.headers());
        if !has_body {
            *response.body_mut() = Body::empty();
        }
        Some(response)
    }
}

impl Service<Request<Incoming>> for BrowserService {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.asset(&request) {
            Some(answer) => Either::Left(ready(Ok(answer))),
            None => Either::Right(tower::Service::call(&mut self.router.clone(), request)),
        }
    }
}
