//! What a request of browsers costs of a quota, by its address.

use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, Uri, Version};

use crate::callers::costs;
use crate::queries::rows_of_page;
use crate::web::admission::is_grpc_web;
use crate::web::tables::Form;

/// The cost of a request of a route, as `calls` names it.
pub(super) fn cost<B>(route: &str, request: &Request<B>) -> u32 {
    let uri = request.uri();
    // Its service takes the cost of a call itself: a refusal is then one of gRPC. What is no call does not reach it.
    if is_grpc_web(uri.path()) && is_call(request) {
        return 0;
    }
    match route {
        "/v1/watch" => costs::STREAM,
        "/chart" => costs::CHART,
        "/v1/history" | "/v1/periods" | "/v1/fixings" => match Form::of(uri, request.headers()) {
            Some(_whole) => costs::WHOLE_LIST,
            None => costs::page(rows_of_page(page_size(uri))),
        },
        "/v1/snapshot" | "/v1/rates" | "/v1/convert" if has_date(uri) => costs::PAST,
        _ => costs::REQUEST,
    }
}

/// Whether the layer of gRPC-Web passes a request on: over HTTP/1.1 with one of these types of content alone.
fn is_call<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let form = kind.and_then(|kind| kind.to_str().ok()?.strip_prefix("application/grpc-web"));
    request.method() == Method::POST
        && (request.version() == Version::HTTP_2
            || matches!(form, Some("" | "+proto" | "-text" | "-text+proto")))
}

fn parameters(uri: &Uri) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The size of the page; zero for the default. Another value is refused later.
fn page_size(uri: &Uri) -> i32 {
    let size = parameters(uri).find(|(name, _)| name == "page_size");
    size.and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}

fn has_date(uri: &Uri) -> bool {
    parameters(uri).any(|(name, value)| name == "date" && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::web::calls;

    fn cost_of(target: &'static str) -> u32 {
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_static(target);
        cost(calls::name(calls::route(request.uri().path())), &request)
    }

    #[test]
    fn an_answer_from_memory_costs_one_unit_and_the_past_by_the_rows_asked_for() {
        for (target, expected) in [
            ("/v1/snapshot.json?pairs=KZT/USD", 1),
            ("/v1/snapshot.json?date=", 1),
            ("/v1/snapshot.json?date=2026-03-31", 50),
            ("/v1/rates/KZT/USD?date=2026-03-31", 50),
            ("/v1/history/KZT/USD", 100),
            ("/v1/history/KZT/USD?page_size=1", 51),
            ("/v1/history/KZT/USD?page_size=9999", 550),
            ("/v1/history/KZT/USD?page%5Fsize=1000", 550),
            ("/v1/history.csv?pairs=KZT/USD", 1000),
            ("/v1/watch", 10),
            ("/chart/KZT-USD.svg", 10),
            ("/", 1),
        ] {
            assert_eq!(cost_of(target), expected, "{target}");
        }
    }

    #[test]
    fn only_what_a_service_of_grpc_web_answers_is_left_to_it() {
        let cost_of = |method: Method, target: &'static str, kind: &'static str| {
            let mut request = Request::new(());
            *request.method_mut() = method;
            *request.uri_mut() = Uri::from_static(target);
            let kind = HeaderValue::from_static(kind);
            request.headers_mut().insert(CONTENT_TYPE, kind);
            cost(calls::name(calls::route(target)), &request)
        };
        let call = "application/grpc-web+proto";
        for path in [
            "/silkrate.v1.RateService/WatchRates",
            "/silkrate.v1.RateService/Nope",
            "/grpc.health.v1.Health/Check",
        ] {
            assert_eq!(cost_of(Method::POST, path, call), 0, "{path}");
            for method in [Method::OPTIONS, Method::GET, Method::HEAD, Method::PUT] {
                assert_eq!(cost_of(method.clone(), path, call), 1, "{method} {path}");
            }
            for kind in ["", "application/json", "application/grpc"] {
                assert_eq!(cost_of(Method::POST, path, kind), 1, "{kind} {path}");
            }
        }
        for path in ["/silkrate.v1.RateService/", "/grpc.health.v1.Health/"] {
            assert_eq!(cost_of(Method::POST, path, call), 1, "{path}");
        }
    }
}
