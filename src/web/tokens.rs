//! `POST /v1/tokens`: makes a token for a page, for the holder of a key.

use std::time::Duration;

use axum::extract::Extension;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{Identity, Scope, TokenClaims};
use crate::domain::{RateFilter, Refusal};
use crate::json;
use crate::web::JSON;
use crate::web::cors::{Origins, plain};
use crate::web::error::WebError;
use crate::web::in_time::InTime;

/// The longest life of a token: it stands in addresses, which are logged and shared, and a page gets another one in time.
const LIFETIME_MAX: Duration = Duration::from_secs(15 * 60);

/// What a token is wanted for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    pairs: Vec<String>,
    origin: String,
    lifetime_seconds: Option<u64>,
}

/// A token, and what it is for.
#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    expires_time: String,
    pairs: Vec<String>,
    origin: &'a str,
}

/// `POST /v1/tokens`
pub(super) async fn make(
    identity: Option<Extension<Identity>>,
    Extension(origins): Extension<Origins>,
    (headers, uri): (HeaderMap, Uri),
    InTime(body): InTime,
) -> Result<Response, WebError> {
    let Some(Extension(identity)) = identity else {
        let needed = Scope::Read.as_str();
        return Err(Refusal::KeyRequired { needed }.into());
    };
    let wanted = serde_json::from_slice::<Wanted>(&body).map_err(|error| {
        let example =
            r#"{"pairs": ["KZT/USD"], "origin": "https://news.example", "lifetime_seconds": 600}"#;
        let message = format!("the body is not such as {example}: {error}");
        WebError::InvalidParameter {
            name: None,
            message,
        }
    })?;
    let lifetime = lifetime(wanted.lifetime_seconds)?;
    let pairs = RateFilter::parse(&wanted.pairs).map_err(Refusal::InvalidFilter)?;
    let origin = origin(&wanted.origin)?;
    if !origins.may_read(&origin, (&headers, &uri)) {
        // Its pages would be refused in the same way, each of their readers.
        return Err(WebError::ForeignOrigin);
    }
    let ends = Timestamp::now().checked_add(lifetime);
    let ends = ends.map_err(|error| Refusal::Internal(error.to_string()))?;
    let claims = TokenClaims::new(&identity, pairs, origin, ends);
    let made = Made {
        token: &claims.token(&identity),
        expires_time: format!("{:.0}", claims.ends),
        pairs: claims.pairs.items().collect(),
        origin: &claims.origin,
    };
    let text = json::text(&made).map_err(|error| Refusal::Internal(error.to_string()))?;
    let headers = [
        ("content-type", HeaderValue::from_static(JSON)),
        (CACHE_CONTROL.as_str(), HeaderValue::from_static("no-store")),
    ];
    Ok((headers, text).into_response())
}

/// The life of a token; as long as one may last when it is left out.
fn lifetime(seconds: Option<u64>) -> Result<Duration, WebError> {
    let most = LIFETIME_MAX.as_secs();
    match seconds.unwrap_or(most) {
        seconds if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(WebError::parameter(
            "lifetime_seconds",
            format!("lifetime_seconds must be a whole number from 1 to {most}"),
        )),
    }
}

/// An origin as browsers write it.
fn origin(text: &str) -> Result<String, WebError> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    let is_host = |host: &str| !host.is_empty() && host.bytes().all(is_letter);
    if host.is_some_and(is_host) {
        Ok(plain(text))
    } else {
        let message = "origin is that of the page, such as https://news.example, without a path";
        Err(WebError::parameter("origin", message))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::extract::Request;
    use axum::http::StatusCode;
    use axum::routing::post;
    use futures_util::{StreamExt, stream};
    use tokio::time::Instant;
    use tower::ServiceExt;

    use super::*;
    use crate::web::in_time::BODY_TIMEOUT;

    #[tokio::test(start_paused = true)]
    async fn a_request_for_a_token_whose_body_does_not_come_is_refused() {
        let origins = Origins::new(&[]);
        let router = || {
            let make = post(make).layer(Extension(origins.clone()));
            Router::new().route("/v1/tokens", make)
        };
        let first = Ok::<_, Infallible>(Bytes::from_static(b"{"));
        let half = Body::from_stream(stream::iter([first]).chain(stream::pending()));
        let began = Instant::now();
        let request = Request::post("/v1/tokens").body(half).unwrap();
        let answer = router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(began.elapsed(), BODY_TIMEOUT);
        let request = Request::post("/v1/tokens").body(Body::from("{}")).unwrap();
        let answer = router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
}
