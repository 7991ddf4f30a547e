//! The service of a connection: it sends the answers that are ready, and leaves every other request to the router.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use hyper::service::Service;
use hyper::{Method, Request, Version};

use crate::access::{Gate, counted_in};
use crate::callers::Quotas;
use crate::domain::Refusal;
use crate::listener::{ConnectionOutput, Hosts, RequestBody};
use crate::requests::{ArrivingBody, names_one_host, note_route};
use crate::telemetry::{CallCounts, PendingCall};
use crate::web::assets::Assets;
use crate::web::base_path::BasePath;
use crate::web::cors::Origins;
use crate::web::costs::cost;
use crate::web::error::WebError;
use crate::web::tables::Form;
use crate::web::{QUERY_BYTES_MAX, Web, admission, calls, security};

/// Answers every request of browsers.
///
/// Static files, and answers about the present that the router made for an equal request, pass none of the router's layers,
/// which take a quarter of the CPU time of such an answer, and a third of that of a 304. They need none: they are compressed
/// already, they cannot time out, and their headers are the same either way.
#[derive(Debug, Clone)]
pub(super) struct BrowserService {
    answers: CurrentAnswers,
    calls: Arc<CallCounts>,
    gate: Option<Gate>,
    quotas: Quotas,
}

impl BrowserService {
    pub(super) fn new(answers: CurrentAnswers, calls: Arc<CallCounts>, gate: Option<Gate>) -> Self {
        Self {
            answers,
            calls,
            gate,
            quotas: Quotas::default(),
        }
    }

    /// The same, where what a request costs is taken from the quota of its client.
    pub(super) fn limited(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// The refusal of a request whose client has used its quota.
    fn over_quota(&self, request: &Request<RequestBody>, route: &str) -> Option<WebError> {
        let client = counted_in(request.extensions())?;
        if !self.quotas.limit(&client) {
            return None;
        }
        let cost = cost(route, request);
        let charged = self.quotas.charge(&client, cost);
        charged.err().map(|exceeded| Refusal::from(exceeded).into())
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

    /// The answer to a request for a static file, or to one for data that is ready; nothing when it is for something else.
    fn ready(&self, request: &Request<RequestBody>, wanted: Wanted) -> Option<Response> {
        let has_body = match *request.method() {
            Method::GET => true,
            Method::HEAD => false,
            _ => return None,
        };
        let (uri, headers) = (request.uri(), request.headers());
        if uri.query().unwrap_or_default().len() > QUERY_BYTES_MAX {
            return None;
        }
        let mut response = match wanted {
            Wanted::File => match self.assets.get(uri.path()) {
                Some(file) => file.respond(headers),
                None => Assets::superseded(uri.path())?,
            },
            Wanted::Data => self.data(request)?,
        };
        if !has_body {
            *response.body_mut() = Body::empty();
        }
        Some(response)
    }

    /// A refusal that the page of an admitted origin may read.
    fn refusal(&self, error: WebError, headers: &HeaderMap) -> Response {
        let mut response = error.into_response();
        self.origins.allow(headers, response.headers_mut());
        security::protect(response.headers_mut());
        response
    }

    fn data(&self, request: &Request<RequestBody>) -> Option<Response> {
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

impl Service<Request<RequestBody>> for BrowserService {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Either<Counted, Rejected>>;

    fn call(&self, mut request: Request<RequestBody>) -> Self::Future {
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
        let output = request.extensions().get::<Arc<ConnectionOutput>>().cloned();
        let refused = if names_one_host(&request) {
            refused.or_else(|| output.as_ref()?.refuse_request().map(unread_answer))
        } else {
            Some(protected(WebError::NotOneHost))
        };
        let is_free = refused.is_some();
        let file = refused.or_else(|| answers.ready(&request, Wanted::File));
        let mut is_private = false;
        if let (None, Some(gate)) = (&file, &self.gate) {
            is_private = gate.demands_key();
            if let Err(rejection) = admission::admit(gate, &mut request) {
                let of_page = (answers.origins.clone(), request.headers().clone());
                let has_body = request.method() != Method::HEAD;
                let answer = admission::rejected(rejection, of_page, has_body);
                let answer = answer.map(move |answer| {
                    call.answered(calls::code(answer.status()));
                    Ok(answer)
                });
                return Either::Right(Either::Right(answer.boxed()));
            }
        }
        // A key may have a quota of its own, so that of whom it is taken is known only now.
        let over_quota = || self.over_quota(&request, calls::name(route));
        let refused = (!is_free).then(over_quota).flatten();
        let refused = refused.map(|refused| answers.refusal(refused, request.headers()));
        let file = refused.or(file);
        if let Some(mut answer) = file.or_else(|| answers.ready(&request, Wanted::Data)) {
            call.answered(calls::code(answer.status()));
            if is_private {
                admission::keep_private(answer.headers_mut());
            }
            return Either::Left(ready(Ok(answer)));
        }
        let mut router = answers.router.clone();
        let answer = if request.version() == Version::HTTP_2 {
            tower::Service::call(&mut router, request.map(ArrivingBody::new))
        } else {
            tower::Service::call(&mut router, request)
        };
        Either::Right(Either::Left(Counted {
            answer,
            output,
            call: Some(call),
            is_private,
        }))
    }
}

/// What an answer is looked for among.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// The static files.
    File,
    /// The data that is ready.
    Data,
}

/// The answer to a request that is not admitted. It may be kept back for a while.
type Rejected = BoxFuture<'static, Result<Response, Infallible>>;

/// The answer to a client that reads too little.
fn unread_answer(bytes_max: usize) -> Response {
    protected(Refusal::AnswersUnread { bytes_max }.into())
}

/// A refusal, with the headers of every answer.
fn protected(refusal: WebError) -> Response {
    let mut answer = refusal.into_response();
    security::protect(answer.headers_mut());
    answer
}

/// An answer of the router, which is counted when it begins.
pub(super) struct Counted {
    answer: RouteFuture<Infallible>,
    output: Option<Arc<ConnectionOutput>>,
    /// Nothing once it has begun.
    call: Option<PendingCall>,
    /// Whether the request needed a key.
    is_private: bool,
}

impl Future for Counted {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut answer = ready!(Pin::new(&mut self.answer).poll(cx));
        if let Ok(response) = &mut answer {
            // While it was made, others may have begun to wait.
            let least = usize::try_from(response.body().size_hint().lower());
            let output = self.output.as_ref();
            let unread =
                output.and_then(|output| output.refuse_answer(least.unwrap_or(usize::MAX)));
            if let Some(bytes_max) = unread {
                *response = unread_answer(bytes_max);
            }
        }
        if let (Ok(response), Some(call)) = (&mut answer, self.call.take()) {
            call.answered(calls::code(response.status()));
            if self.is_private {
                admission::keep_private(response.headers_mut());
            }
        }
        Poll::Ready(answer)
    }
}
