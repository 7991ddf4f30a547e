//! Dispatches the requests of the gRPC port: the cached answers first, then every service by its path.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use http::{HeaderMap, Request, Response};
use http_body::Body as HttpBody;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::codegen::{Service, StdError};
use tonic::service::Routes;

use crate::access::{Gate, Rejection, Scope, counted};
use crate::callers::{Arrivals, Caller, Network, Quotas, costs};
use crate::domain::Refusal;
use crate::grpc::shared::{ResponseBody, arrived, status_response};
use crate::grpc::{SharedRates, call_counts, code_place, explain, method_place};
use crate::listener::Recipient;
use crate::requests::ArrivingBody;
use crate::telemetry::{CallCounts, PendingCall};

/// What the paths of health checks begin with.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// What calls are refused with before the ledger is open.
const OPENING: &str = "the service opens its ledger; try again in a moment";

/// Streams of reflection at once: programs that people call by hand ask for it and leave.
const REFLECTIONS_MAX: u32 = 64;
/// How the paths of reflection begin, in each of its versions.
const REFLECTION: &str = "/grpc.reflection.";

/// The services of the port.
#[derive(Debug)]
pub struct Dispatcher {
    rates: Option<SharedRates>,
    routes: Routes,
    request_timeout: Duration,
    request_bytes_max: usize,
    calls: Arc<CallCounts>,
    gate: Option<(Gate, Scope)>,
    quotas: Quotas,
    /// The calls whose message has not come.
    arrivals: Arrivals,
    /// One permit for each stream of reflection that can still be opened.
    free_reflections: Arc<Semaphore>,
}

impl Dispatcher {
    /// Answers the cached methods from `rates`, and leaves the rest to `routes`, which know every service. A request that
    /// is incomplete or unanswered after `request_timeout` is refused, or earlier if it names an earlier deadline.
    pub fn new(rates: SharedRates, routes: Routes, request_timeout: Duration) -> Self {
        let request_bytes_max = rates.request_bytes_max();
        Self {
            quotas: rates.quotas(),
            arrivals: rates.arrivals(),
            rates: Some(rates),
            ..Self::without_shared(routes, request_timeout, request_bytes_max)
        }
    }

    /// The same for a port without rates: every request goes to `routes`, which read messages of `request_bytes_max`.
    pub fn without_shared(
        routes: Routes,
        request_timeout: Duration,
        request_bytes_max: usize,
    ) -> Self {
        Self {
            rates: None,
            routes: routes.prepare(),
            request_timeout,
            request_bytes_max,
            calls: Arc::new(call_counts()),
            quotas: Quotas::default(),
            arrivals: Arrivals::default(),
            gate: None,
            free_reflections: Arc::new(Semaphore::new(
                usize::try_from(REFLECTIONS_MAX).unwrap_or(0),
            )),
        }
    }

    /// The same, which admits a call only if its client may use a scope. Health checks are open to all.
    #[must_use]
    pub fn guarded(self, gate: Gate, needed: Scope) -> Self {
        Self {
            gate: Some((gate, needed)),
            ..self
        }
    }

    /// The same, with the counts of its calls kept elsewhere.
    #[must_use]
    pub fn counted(self, calls: Arc<CallCounts>) -> Self {
        Self { calls, ..self }
    }

    /// Takes what every request costs from the quota of its client.
    fn charge<B>(&self, request: &Request<B>, caller: Option<Caller>) -> Result<(), Refusal> {
        let Some(client) = counted(caller, request.extensions().get()) else {
            return Ok(());
        };
        Ok(self
            .quotas
            .charge(&client, costs::call(request.uri().path()))?)
    }

    /// The answer to a request for a recipient. The future is composed here rather than in one `async` block, which would hold
    /// the request once for each of its awaits: a thousand streams that open at once all wait here.
    pub fn answer<B>(
        &self,
        request: Request<B>,
        recipient: Recipient,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<StdError> + Send + Unpin> + Send + Unpin + 'static,
    {
        let request_timeout = request_timeout(request.headers(), self.request_timeout);
        let (uri, request_bytes_max) = (request.uri().clone(), self.request_bytes_max);
        // tonic reads the requests of reflection in a task for each stream.
        let mut request = request.map(if uri.path().starts_with(REFLECTION) {
            ArrivingBody::failing
        } else {
            ArrivingBody::new
        });
        let Recipient { caller, output } = recipient;
        let call = PendingCall::begin(Arc::clone(&self.calls), method_place(uri.path()));
        if let Err(rejection) = self.admit(&mut request, caller) {
            let answer =
                rejected(*rejection).inspect(move |answer| call.answered(code_place(answer)));
            return Either::Left(answer);
        }
        let refused = self.charge(&request, caller).err().or_else(|| {
            let bytes_max = output.as_ref()?.refuse_request()?;
            Some(Refusal::AnswersUnread { bytes_max })
        });
        // What is refused already is not refused again for the length of its refusal.
        let output = output.filter(|_| refused.is_none());
        let rates = self.rates.as_ref();
        let cached = rates.and_then(|rates| Some((rates, rates.cached_method(&request)?)));
        let answer = if let Some(refusal) = refused {
            Either::Left(ready(status_response(refusal)))
        } else if let Some((rates, method)) = cached {
            let recipient = Recipient {
                caller,
                output: output.clone(),
            };
            Either::Right(Either::Left(rates.answer(method, request, recipient)))
        } else {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            let client = caller.as_ref().map(Caller::network);
            Either::Right(Either::Right(self.generated(request, client)))
        };
        let answer = tokio::time::timeout(request_timeout, answer).map(move |answer| {
            let mut answer = answer.unwrap_or_else(|_late| {
                status_response(Refusal::DeadlineExceeded(request_timeout))
            });
            // While it was made, others may have begun to wait.
            let least = usize::try_from(answer.body().size_hint().lower()).unwrap_or(usize::MAX);
            let unread = output.and_then(|output| output.refuse_answer(least));
            if let Some(bytes_max) = unread {
                answer = status_response(Refusal::AnswersUnread { bytes_max });
            }
            explain(&mut answer, uri.path(), request_bytes_max);
            call.answered(code_place(&answer));
            answer
        });
        Either::Right(answer)
    }

    /// Admits a request, which has the key of its client from then on.
    fn admit<B>(
        &self,
        request: &mut Request<B>,
        caller: Option<Caller>,
    ) -> Result<(), Box<Rejection>> {
        let Some((gate, needed)) = &self.gate else {
            return Ok(());
        };
        if is_open(request.uri().path()) {
            return Ok(());
        }
        let identity = gate.admit(request.headers(), *needed, caller)?;
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity);
        }
        Ok(())
    }
}

/// The answer to a request that is not admitted. It is boxed: no other request pays for its size.
fn rejected(rejection: Rejection) -> BoxFuture<'static, Response<ResponseBody>> {
    let Rejection { refusal, delay } = rejection;
    Box::pin(async move {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        status_response(refusal)
    })
}

impl Dispatcher {
    /// The answer of a service by its path.
    fn generated<B>(
        &self,
        request: Request<ArrivingBody<B>>,
        client: Option<Network>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<StdError> + Send + Unpin> + Send + Unpin + 'static,
    {
        let mut routes = self.routes.clone();
        if !request.uri().path().starts_with(REFLECTION) {
            let (arrivals, bytes_max) = (self.arrivals.clone(), self.request_bytes_max);
            return Either::Left(async move {
                match arrivals.wait(client, arrived(request, bytes_max)).await {
                    Ok(request) => match routes.call(request).await {
                        Ok(answer) => answer.map(ResponseBody::generated),
                        Err(never) => match never {},
                    },
                    Err(exceeded) => status_response(exceeded.into()),
                }
            });
        }
        let Ok(place) = Arc::clone(&self.free_reflections).try_acquire_owned() else {
            let refusal = Refusal::TooManyStreams {
                streams_max: REFLECTIONS_MAX,
            };
            return Either::Right(Either::Left(ready(status_response(refusal))));
        };
        // Its client sends questions as long as it likes.
        let answer = routes.call(request);
        Either::Right(Either::Right(answer.map(move |answer| match answer {
            Ok(answer) => answer.map(|body| ResponseBody::with_place(body, Some(place))),
            Err(never) => match never {},
        })))
    }
}

/// The answer to every call before the ledger is open.
pub fn opening_response<B: Default>() -> Response<B> {
    Status::unavailable(OPENING).into_http()
}

/// The answer to a call that is refused.
pub fn refusal_response<B: Default>(refusal: Refusal) -> Response<B> {
    Status::from(refusal).into_http()
}

/// Whether a call of a path needs no key: a health check asks whether anything is served at all.
pub fn is_open(path: &str) -> bool {
    path.starts_with(HEALTH)
}

/// How long a call may take: as long as its client wants, within a limit.
pub fn request_timeout(headers: &HeaderMap, limit: Duration) -> Duration {
    grpc_timeout(headers).map_or(limit, |named| named.min(limit))
}

/// The deadline of the client, by the header of the gRPC protocol: up to eight digits and a unit. A malformed header is
/// ignored.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let amount: u32 = is_plain.then(|| digits.parse().ok())??;
    let unit = match unit {
        "H" => Duration::from_secs(3600),
        "M" => Duration::from_secs(60),
        "S" => Duration::from_secs(1),
        "m" => Duration::from_millis(1),
        "u" => Duration::from_micros(1),
        "n" => Duration::from_nanos(1),
        _ => return None,
    };
    unit.checked_mul(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_in_the_form_of_the_protocol_and_ignored_in_any_other() {
        let timeout = |text: &'static str| {
            let value = http::HeaderValue::from_static(text);
            grpc_timeout(&HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                value,
            )]))
        };
        for (text, expected) in [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("10S", Duration::from_secs(10)),
            ("100m", Duration::from_millis(100)),
            ("99999999u", Duration::from_micros(99_999_999)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(timeout(text), Some(expected), "{text}");
        }
        for odd in [
            "",
            "S",
            "10",
            "1.5S",
            "+1S",
            "-1S",
            "123456789S",
            "1s",
            "1 S",
        ] {
            assert_eq!(timeout(odd), None, "{odd}");
        }
        assert_eq!(grpc_timeout(&HeaderMap::new()), None);
    }
}
