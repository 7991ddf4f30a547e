//! What the address of a request has of tokens and keys, and the pairs that it asks for.

use crate::access::KEY_PREFIX;
use crate::domain::{RateFilter, Refusal};
use crate::web::error::WebError;
use crate::web::query::filter_items;

/// The parameter with a token.
const TOKEN: &str = "token";
/// The parameter with the pairs.
const PAIRS: &str = "pairs";
/// The paths whose pairs are in their query.
const WITH_PAIRS: [&str; 13] = [
    "/v1/watch",
    "/v1/snapshot",
    "/v1/snapshot.json",
    "/v1/snapshot.csv",
    "/v1/snapshot.ndjson",
    "/v1/history",
    "/v1/history.csv",
    "/v1/history.ndjson",
    "/v1/periods",
    "/v1/periods.csv",
    "/v1/periods.ndjson",
    "/ticker.html",
    "/ticker.svg",
];
/// What the paths begin with that have a pair.
const WITH_PAIR: [&str; 3] = ["/v1/rates/", "/v1/history/", "/chart/"];

/// The token of an address, and the rest of its query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) token: String,
    pub(super) rest: String,
}

impl Credentials {
    /// The token in a query, if there is one.
    ///
    /// # Errors
    /// When there are two, or a key: addresses are logged, shared and sent on.
    pub(super) fn read(query: &str) -> Result<Option<Self>, WebError> {
        // Any letter may be escaped. Most queries have neither.
        if ![TOKEN, KEY_PREFIX, "%"]
            .iter()
            .any(|part| query.contains(part))
        {
            return Ok(None);
        }
        let (mut token, mut rest) = (None, Vec::new());
        for part in query.split('&') {
            let Some((name, value)) = form_urlencoded::parse(part.as_bytes()).next() else {
                rest.push(part);
                continue;
            };
            if value.starts_with(KEY_PREFIX) || name.starts_with(KEY_PREFIX) {
                return Err(key_in_address());
            }
            if name != TOKEN {
                rest.push(part);
            } else if token.replace(value.into_owned()).is_some() {
                return Err(Refusal::InvalidToken.into());
            }
        }
        Ok(token.map(|token| Self {
            token,
            rest: rest.join("&"),
        }))
    }
}

/// The refusal of a key in an address.
pub(super) fn key_in_address() -> WebError {
    let message = "a key is sent in the header `authorization: Bearer KEY` and never in an address, which is logged and shared: replace this one, and make a token for a page (POST /v1/tokens)";
    WebError::InvalidParameter {
        name: None,
        message: message.to_owned(),
    }
}

/// The pairs that a request for a path asks for.
///
/// # Errors
/// When they cannot be read, or the path is none that a token is for.
pub(super) fn pairs(path: &str, query: &str) -> Result<RateFilter, WebError> {
    let filter = if WITH_PAIRS.contains(&path) {
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let named = parameters.find(|(name, _)| name == PAIRS);
        let pairs = named.map(|(_, pairs)| pairs).unwrap_or_default();
        RateFilter::parse(&filter_items(&pairs))
    } else {
        let rest = WITH_PAIR.iter().find_map(|start| path.strip_prefix(start));
        let rest = rest.ok_or(Refusal::TokenScope(
            "it is for rates, their past and charts",
        ))?;
        // Before the form: `KZT/USD.csv`, `USD-KZT.svg`.
        let pair = rest.split('.').next().unwrap_or_default();
        RateFilter::parse(&[pair.replace('-', "/")])
    };
    filter.map_err(|error| Refusal::InvalidFilter(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_out_of_a_query_and_a_key_is_refused_there() {
        let read = |query| Credentials::read(query).unwrap();
        let both = |token: &str, rest: &str| {
            Some(Credentials {
                token: token.to_owned(),
                rest: rest.to_owned(),
            })
        };
        assert_eq!(
            read("token=a.b&pairs=KZT%2FUSD"),
            both("a.b", "pairs=KZT%2FUSD")
        );
        assert_eq!(
            read("pairs=*/USD&%74oken=a%2Eb&after=e:1"),
            both("a.b", "pairs=*/USD&after=e:1")
        );
        assert_eq!(read("token=a.b"), both("a.b", ""));
        assert_eq!(read("page_token=x&pairs=KZT/USD"), None);
        assert_eq!(read(""), None);
        assert!(Credentials::read("token=a&token=b").is_err());
        for query in [
            "token=silkrate_x",
            "key=silkrate_x",
            "a=b&access_token=%73ilkrate_x",
            "silkrate_x",
        ] {
            let refused = Credentials::read(query).unwrap_err();
            assert!(
                refused.message().contains("authorization: Bearer"),
                "{query}"
            );
            assert!(!refused.message().contains("silkrate_x"));
        }
    }

    #[test]
    fn the_pairs_of_a_request_are_in_its_query_or_its_path() {
        let of = |path, query| pairs(path, query).map(|filter| filter.to_string());
        assert_eq!(
            of("/v1/watch", "pairs=KZT%2FUSD,*/EUR&after=e:1").unwrap(),
            "KZT/USD,*/EUR"
        );
        assert_eq!(of("/v1/snapshot.json", "").unwrap(), "");
        assert_eq!(
            of("/v1/rates/KZT/USD.csv", "date=2026-04-02").unwrap(),
            "KZT/USD"
        );
        assert_eq!(of("/v1/history/kzt/usd", "pairs=*/*").unwrap(), "KZT/USD");
        assert_eq!(of("/chart/USD-KZT.svg", "").unwrap(), "USD/KZT");
        for (path, query) in [
            ("/", ""),
            ("/v1/sources", "pairs=KZT/USD"),
            ("/v1/tokens", ""),
            ("/v1/rates/", ""),
            ("/v1/watch", "pairs=KZT"),
        ] {
            assert!(of(path, query).is_err(), "{path}");
        }
    }
}
