//! The link from a page of a list to the next one (RFC 8288), which libraries of HTTP follow without knowing the list.

use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;

use crate::web::query;

/// The parameter with the token of a page.
const PAGE_TOKEN: &str = "page_token";

/// Adds the address of the next page to an answer, if there is one. It is relative, so that it holds behind a proxy that
/// changes the path.
pub(super) fn with_next_page(mut response: Response, uri: &Uri, token: Option<&str>) -> Response {
    let link = token.and_then(|token| {
        let target = next_page(uri, token);
        HeaderValue::try_from(format!("<{target}>; rel=\"next\"")).ok()
    });
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The query of a request with another page token. A token is base64url, which needs no escape.
fn next_page(uri: &Uri, token: &str) -> String {
    let target = query::target(uri);
    let (_, parameters) = target.split_once('?').unwrap_or_default();
    let kept = parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty() && !query::is_named(parameter, PAGE_TOKEN));
    let token = format!("{PAGE_TOKEN}={token}");
    let parameters: Vec<&str> = kept.chain([token.as_str()]).collect();
    format!("?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn the_next_page_has_the_parameters_of_the_request_and_its_own_token() {
        for (uri, expected) in [
            ("/v1/pairs", "?page_token=abc"),
            (
                "/v1/history?pairs=*/USD&step=day&_=1",
                "?pairs=*/USD&step=day&page_token=abc",
            ),
            (
                "/v1/pairs?%70airs=*/USD&page%5Ftoken=x&page_token",
                "?%70airs=*/USD&page_token=abc",
            ),
            (
                "/v1/periods?page_token=x&pairs=KZT%2FUSD&page_size=2",
                "?pairs=KZT%2FUSD&page_size=2&page_token=abc",
            ),
        ] {
            assert_eq!(next_page(&Uri::from_static(uri), "abc"), expected);
        }
    }

    #[test]
    fn the_last_page_has_no_link() {
        let uri = Uri::from_static("/v1/pairs?page_size=1");
        let link = |token| {
            let response = with_next_page("".into_response(), &uri, token);
            response.headers().get(LINK).cloned()
        };
        assert_eq!(link(None), None);
        assert_eq!(
            link(Some("t")).unwrap(),
            "<?page_size=1&page_token=t>; rel=\"next\""
        );
    }
}
