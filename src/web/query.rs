//! Reads query strings. An unknown parameter is refused: a misspelt `pairs` would otherwise show other rates than the
//! reader meant.

use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::Position;
use crate::web::error::WebError;

/// The header in which a browser repeats the last `id` of a stream.
const LAST_EVENT_ID: &str = "last-event-id";
/// The longest epoch of a position; those of the service have 16 letters.
const EPOCH_BYTES_MAX: usize = 64;

/// Parameters of `/v1/snapshot.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pairs {
    #[serde(default)]
    pub(super) pairs: String,
}

/// Parameters of `/v1/watch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    #[serde(default)]
    pub(super) pairs: String,
    pub(super) after: Option<String>,
    pub(super) updates_only: Option<String>,
}

/// Parameters of `/v1/fixings` and `/v1/history`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    #[serde(default)]
    pub(super) start: String,
    #[serde(default)]
    pub(super) end: String,
    pub(super) page_size: Option<String>,
    #[serde(default)]
    pub(super) page_token: String,
}

/// Parameters of `/v1/convert`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversion {
    #[serde(default)]
    pub(super) amount: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    pub(super) date: String,
    pub(super) round: Option<String>,
}

/// Parameters of `/ticker.html`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fragment {
    #[serde(default)]
    pub(super) pairs: String,
    #[serde(default)]
    pub(super) locale: String,
    #[serde(default)]
    pub(super) theme: String,
}

/// Parameters of a path that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}

/// The query of a request.
pub(super) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, WebError> {
    let query = Query::<T>::try_from_uri(uri);
    let Query(query) = query.map_err(|error| {
        let text = error.body_text();
        let cause = text
            .split_once(": ")
            .map_or(text.as_str(), |(_, cause)| cause);
        WebError::InvalidParameter {
            name: None,
            message: format!("the query cannot be read: {cause}"),
        }
    })?;
    Ok(query)
}

/// The items of a filter, separated by commas; none when the parameter is empty.
pub(super) fn filter_items(pairs: &str) -> Vec<&str> {
    if pairs.is_empty() {
        return Vec::new();
    }
    pairs.split(',').collect()
}

/// A flag; false when it is left out.
pub(super) fn flag(field: &'static str, text: Option<&str>) -> Result<bool, WebError> {
    match text {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(_) => Err(WebError::parameter(
            field,
            format!("{field} must be 1 or 0"),
        )),
    }
}

/// The size of a page; zero, which stands for the default, when it is left out.
pub(super) fn page_size(text: Option<&str>) -> Result<i32, WebError> {
    let Some(text) = text else { return Ok(0) };
    let refused = "page_size must be a whole number above zero";
    let size = text.parse().ok().filter(|size| *size > 0);
    size.ok_or_else(|| WebError::parameter("page_size", refused))
}

/// The position at which a reader stopped. What its browser repeats in a header takes precedence over the `after` of the
/// address, which is older.
pub(super) fn position(
    headers: &HeaderMap,
    after: Option<&str>,
) -> Result<Option<Position>, WebError> {
    let repeated = headers.get(LAST_EVENT_ID).map(|id| id.to_str());
    let repeated = repeated
        .transpose()
        .map_err(|_not_text| wrong(LAST_EVENT_ID))?;
    let (field, text) = match (repeated.filter(|id| !id.is_empty()), after) {
        (Some(id), _) => (LAST_EVENT_ID, id),
        (None, Some(after)) => ("after", after),
        (None, None) => return Ok(None),
    };
    let position = text.rsplit_once(':').and_then(|(epoch, revision)| {
        let revision = revision
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(revision)?;
        (1..=EPOCH_BYTES_MAX).contains(&epoch.len()).then_some(())?;
        Some(Position {
            epoch: epoch.into(),
            revision: revision.parse().ok()?,
        })
    });
    position.map(Some).ok_or_else(|| wrong(field))
}

fn wrong(field: &'static str) -> WebError {
    WebError::parameter(field, "a position is written epoch:revision, as an `id` is")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(id: Option<&'static str>, after: Option<&str>) -> Option<(String, u64)> {
        let id = id.map(|id| (LAST_EVENT_ID.parse().unwrap(), HeaderValue::from_static(id)));
        let position = position(&id.into_iter().collect(), after).unwrap()?;
        Some((position.epoch.to_string(), position.revision))
    }

    #[test]
    fn the_header_of_a_browser_takes_precedence_over_the_address() {
        assert_eq!(of(Some("e:7"), Some("e:3")), Some(("e".into(), 7)));
        assert_eq!(of(Some(""), Some("e:3")), Some(("e".into(), 3)));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_text_that_is_no_position_is_refused() {
        for wrong in [
            "",
            "7",
            ":7",
            "e:",
            "e:-1",
            "e:+1",
            "e:18446744073709551616",
        ] {
            assert!(position(&HeaderMap::new(), Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused() {
        let refused = read::<Pairs>(&Uri::from_static("/v1/snapshot.json?pair=KZT/USD"));
        assert!(format!("{:?}", refused.unwrap_err()).contains("unknown field `pair`"));
        assert!(read::<NoParameters>(&Uri::from_static("/v1/sources?x=1")).is_err());
        assert!(read::<NoParameters>(&Uri::from_static("/v1/sources")).is_ok());
    }
}
