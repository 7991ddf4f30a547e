//! The service of a connection: it sends the answers that are ready, and leaves every other request to the router.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Method, Request, Version};

use crate::listener::Hosts;
use crate::requests::{ArrivingBody, note_route};
use crate::telemetry::{CallCounts, PendingCall};
use crate::web::assets::Assets;
use crate::web::base_path::BasePath;
use crate::web::cors::Origins;
use crate::web::error::WebError;
use crate::web::tables::Form;
use crate::web::{QUERY_BYTES_MAX, Web, calls, security};

/// Answers every request of browsers.
///
/// Static files, and answers about the present that the router made for an equal request, pass none of the router's layers,
/// which take a quarter of the CPU time of such an answer, and a third of that of a 304. They need none: they are compressed
/// already, they cannot time out, and their headers are the same either way.
#[derive(Debug, Clone)]
pub(super) struct BrowserService {
    answers: CurrentAnswers,
    calls: Arc<CallCounts>,
}

impl BrowserService {
    pub(super) fn new(answers: CurrentAnswers, calls: Arc<CallCounts>) -> Self {
        Self { answers, calls }
    }
}

/// The answers under the settings in force. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct CurrentAnswers(Arc<RwLock<Arc<Answers>>>);

impl CurrentAnswers {
    pub(super) fn new(answers: Answers) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(answers))))
    }

    /// Replaces them for every further request.
    pub(super) fn set(&self, answers: Answers) {
        // They are whole at every moment, so a panic while they were locked does not spoil them.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(answers);
    }

    fn get(&self) -> Arc<Answers> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The answers to requests below the configured path.
#[derive(Debug)]
pub(super) struct Answers {
    hosts: Hosts,
    base_path: BasePath,
    assets: Assets,
    web: Web,
    origins: Origins,
    router: Router,
}

impl Answers {
    pub(super) fn new(
        (hosts, base_path): (Hosts, BasePath),
        web: Web,
        origins: Origins,
        router: Router,
    ) -> Self {
        Self {
            hosts,
            assets: Assets::new(&base_path),
            base_path,
            web,
            origins,
            router,
        }
    }

    /// The answer to a request for a static file, or for data that is ready; nothing when it is for something else.
    fn ready(&self, request: &Request<Incoming>) -> Option<Response> {
        let has_body = match *request.method() {
            Method::GET => true,
            Method::HEAD => false,
            _ => return None,
        };
        let (uri, headers) = (request.uri(), request.headers());
        if uri.query().unwrap_or_default().len() > QUERY_BYTES_MAX {
            return None;
        }
        let mut response = match self.assets.get(uri.path()) {
            Some(file) => file.respond(headers),
            None => Assets::superseded(uri.path()).or_else(|| self.data(request))?,
        };
        if !has_body {
            *response.body_mut() = Body::empty();
        }
        Some(response)
    }

    fn data(&self, request: &Request<Incoming>) -> Option<Response> {
        let (uri, headers) = (request.uri(), request.headers());
        // Another form may be wanted than the prepared one of this address.
        if Form::accepted(headers).is_some() {
            return None;
        }
        let answer = self.web.prepared_answer(uri)?;
        if !self.origins.admits(headers, uri) {
            return None;
        }
        let mut response = answer.respond(headers);
        self.origins.allow(headers, response.headers_mut());
        Some(response)
    }
}

impl Service<Request<Incoming>> for BrowserService {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Counted>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let answers = self.answers.get();
        let refused = answers.hosts.foreign(&request).map(|host| {
            let mut answer = WebError::Misdirected(host).into_response();
            security::protect(answer.headers_mut());
            answer
        });
        let refused = match answers.base_path.below(mem::take(request.uri_mut())) {
            Ok(below) => {
                *request.uri_mut() = below;
                refused
            }
            Err(answer) => refused.or(Some(*answer)),
        };
        let route = calls::route(request.uri().path());
        note_route(request.method(), calls::name(route));
        let call = PendingCall::begin(Arc::clone(&self.calls), route);
        if let Some(answer) = refused.or_else(|| answers.ready(&request)) {
            call.answered(calls::code(answer.status()));
            return Either::Left(ready(Ok(answer)));
        }
        let mut router = answers.router.clone();
        let answer = if request.version() == Version::HTTP_2 {
            tower::Service::call(&mut router, request.map(ArrivingBody::new))
        } else {
            tower::Service::call(&mut router, request)
        };
        Either::Right(Counted {
            answer,
            call: Some(call),
        })
    }
}

/// An answer of the router, which is counted when it begins.
pub(super) struct Counted {
    answer: RouteFuture<Infallible>,
    /// Nothing once it has begun.
    call: Option<PendingCall>,
}

impl Future for Counted {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        if let (Ok(response), Some(call)) = (&answer, self.call.take()) {
            call.answered(calls::code(response.status()));
        }
        Poll::Ready(answer)
    }
}
