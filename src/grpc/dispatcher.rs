//! What stands at the gRPC port: the shared answers first, then every service by its path.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use tonic::codegen::Service;
use tonic::service::Routes;

use crate::domain::Refusal;
use crate::grpc::SharedRates;
use crate::grpc::shared::{Answer, status_response};

/// The services of the port.
#[derive(Debug)]
pub struct Dispatcher {
    rates: Option<SharedRates>,
    routes: Routes,
    request_timeout: Duration,
}

impl Dispatcher {
    /// Answers what can be shared itself, and leaves the rest to `routes`, which know every service. A request that is not
    /// whole, or not answered, after `request_timeout` is refused, or earlier if it says so.
    pub fn new(rates: SharedRates, routes: Routes, request_timeout: Duration) -> Self {
        Self {
            rates: Some(rates),
            ..Self::without_shared(routes, request_timeout)
        }
    }

    /// The same for a port without rates: every request goes to `routes`.
    pub fn without_shared(routes: Routes, request_timeout: Duration) -> Self {
        Self {
            rates: None,
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
        let asked_for = grpc_timeout(request.headers()).unwrap_or(self.request_timeout);
        let request_timeout = asked_for.min(self.request_timeout);
        let shared = self.rates.as_ref();
        let shared = shared.and_then(|rates| Some((rates, rates.route(&request)?)));
        let answer = if let Some((rates, route)) = shared {
            Either::Left(rates.answer(route, request))
        } else {
            let answer = self.routes.clone().call(request);
            Either::Right(answer.map(|answer| match answer {
                Ok(answer) => answer.map(Answer::generated),
                Err(never) => match never {},
            }))
        };
        tokio::time::timeout(request_timeout, answer).map(move |answer| {
            answer
                .unwrap_or_else(|_late| status_response(Refusal::DeadlineExceeded(request_timeout)))
        })
    }
}

/// How long the client will wait, by the header of the gRPC protocol: up to eight digits and a unit. What is written in
/// another way is as if it were not there.
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
    fn a_client_says_how_long_it_waits_as_the_protocol_has_it_or_not_at_all() {
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
