//! Reads query strings. An unknown parameter is refused: a misspelt `pairs` would otherwise show other rates than the
//! reader meant.

mod unread;

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::{HistoryStep, Period, Position};
use crate::web::error::WebError;

/// The header in which a browser repeats the last `id` of a stream.
const LAST_EVENT_ID: &str = "last-event-id";
/// The parameter that scripts add with a number of its own, so that no cache answers. jQuery names it so.
const CACHE_BUSTER: &str = "_";
/// The longest epoch of a position; those of the service have 16 letters.
const EPOCH_BYTES_MAX: usize = 64;

/// Parameters of `/v1/snapshot.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snapshot {
    #[serde(default)]
    pub(super) pairs: String,
    #[serde(default)]
    pub(super) date: String,
}

/// Parameters of `/v1/rates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    #[serde(default)]
    pub(super) date: String,
}

/// Parameters of `/v1/watch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    #[serde(default)]
    pub(super) pairs: String,
    pub(super) after: Option<String>,
    /// The last `id`, which event-source-polyfill repeats in the address where a browser uses a header.
    #[serde(rename = "lastEventId")]
    pub(super) last_event_id: Option<String>,
    pub(super) updates_only: Option<String>,
    pub(super) format: Option<String>,
}

/// Parameters of `/v1/fixings`.
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

/// Parameters of `/v1/history`, with or without a pair in the path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    pub(super) pairs: Option<String>,
    #[serde(default)]
    pub(super) step: String,
    #[serde(default)]
    pub(super) start: String,
    #[serde(default)]
    pub(super) end: String,
    pub(super) page_size: Option<String>,
    #[serde(default)]
    pub(super) page_token: String,
}

/// Parameters of `/v1/periods`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Periods {
    #[serde(default)]
    pub(super) pairs: String,
    #[serde(default)]
    pub(super) period: String,
    #[serde(default)]
    pub(super) start: String,
    #[serde(default)]
    pub(super) end: String,
    pub(super) page_size: Option<String>,
    #[serde(default)]
    pub(super) page_token: String,
}

/// Parameters of a chart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chart {
    #[serde(default)]
    pub(super) window: String,
    #[serde(default)]
    pub(super) theme: String,
    #[serde(default)]
    pub(super) locale: String,
    #[serde(default)]
    pub(super) digits: String,
    #[serde(default)]
    pub(super) form: String,
    #[serde(default)]
    pub(super) labels: String,
    pub(super) width: Option<String>,
    pub(super) height: Option<String>,
}

/// Parameters of `/ticker.html` and `/embed`: the attributes of the element.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fragment {
    pub(super) pairs: String,
    pub(super) locale: String,
    pub(super) theme: String,
    pub(super) direction: String,
    pub(super) speed: String,
    pub(super) density: String,
    pub(super) change: String,
    pub(super) window: String,
    pub(super) digits: String,
    pub(super) form: String,
    pub(super) labels: String,
    pub(super) announced: String,
    pub(super) link: String,
}

impl Fragment {
    /// The parameters other than the pairs and the locale, which have several spellings, as `name=value`.
    pub(super) fn attributes(&self) -> impl Iterator<Item = String> {
        let all = [
            ("theme", &self.theme),
            ("direction", &self.direction),
            ("speed", &self.speed),
            ("density", &self.density),
            ("change", &self.change),
            ("window", &self.window),
            ("digits", &self.digits),
            ("form", &self.form),
            ("labels", &self.labels),
            ("announced", &self.announced),
            ("link", &self.link),
        ];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| format!("{name}={value}"))
    }
}

/// Parameters of a path that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}

/// The path and the query of a request, without the parameter that keeps caches from answering.
pub(super) fn target(uri: &Uri) -> Cow<'_, str> {
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let is_buster = |parameter: &str| is_named(parameter, CACHE_BUSTER);
    let Some((path, query)) = target.split_once('?') else {
        return target.into();
    };
    if !query.split('&').any(is_buster) {
        return target.into();
    }
    let kept = query.split('&').filter(|parameter| !is_buster(parameter));
    let query = kept.collect::<Vec<_>>().join("&");
    if query.is_empty() {
        return path.into();
    }
    format!("{path}?{query}").into()
}

/// Whether a parameter, as it stands in an address, has a name. Any letter may be escaped: `%70airs` is `pairs`.
pub(super) fn is_named(parameter: &str, name: &str) -> bool {
    let mut names = form_urlencoded::parse(parameter.as_bytes());
    names.next().is_some_and(|(found, _)| found == name)
}

/// The query of a request.
pub(super) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, WebError> {
    let target = target(uri);
    let uri = target.parse().unwrap_or_else(|_invalid| uri.clone());
    let query = Query::<T>::try_from_uri(&uri);
    let Query(query) = query.map_err(|error| unread::refusal(&error.body_text(), &uri))?;
    Ok(query)
}

/// The items of a filter, separated by commas; none when the parameter is empty. Blanks around an item and empty items are
/// left out: people write lists with them.
pub(super) fn filter_items(pairs: &str) -> Vec<&str> {
    let items = pairs.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).collect()
}

/// The refusal of a filter where the path names the pair.
pub(super) fn pairs_beside_a_path() -> WebError {
    let refused = "the pair is in the path; /v1/history?pairs= lists several";
    WebError::parameter("pairs", refused)
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

/// The days that have rows in a history; those with a fixing when it is left out.
pub(super) fn step(text: &str) -> Result<HistoryStep, WebError> {
    if text.is_empty() {
        return Ok(HistoryStep::Fixing);
    }
    let refused = "step must be fixing, day, week, month, quarter or year";
    HistoryStep::parse(text).ok_or_else(|| WebError::parameter("step", refused))
}

/// The length of the periods; a month when it is left out.
pub(super) fn period(text: &str) -> Result<Period, WebError> {
    if text.is_empty() {
        return Ok(Period::Month);
    }
    let refused = "period must be week, month, quarter or year";
    Period::parse(text).ok_or_else(|| WebError::parameter("period", refused))
}

/// The size of a page; zero, which stands for the default, when it is left out.
pub(super) fn page_size(text: Option<&str>) -> Result<i32, WebError> {
    let Some(text) = text else { return Ok(0) };
    let refused = "page_size must be a whole number above zero";
    let size = text.parse().ok().filter(|size| *size > 0);
    size.ok_or_else(|| WebError::parameter("page_size", refused))
}

/// The position at which a reader stopped. What its browser repeats in a header, or its script in the address, takes
/// precedence over the `after` of the address, which is older.
pub(super) fn position(headers: &HeaderMap, query: &Watch) -> Result<Option<Position>, WebError> {
    let last = query.last_event_id.as_deref().filter(|id| !id.is_empty());
    let repeated = headers.get(LAST_EVENT_ID).map(|id| id.to_str());
    let repeated = repeated
        .transpose()
        .map_err(|_not_text| wrong(LAST_EVENT_ID))?;
    let repeated = repeated.filter(|id| !id.is_empty());
    let (field, text) = match (repeated, last, query.after.as_deref()) {
        (Some(id), ..) => (LAST_EVENT_ID, id),
        (None, Some(id), _) => ("lastEventId", id),
        (None, None, Some(after)) => ("after", after),
        (None, None, None) => return Ok(None),
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

    fn watch(after: Option<&str>, last_event_id: Option<&str>) -> Watch {
        Watch {
            pairs: String::new(),
            after: after.map(str::to_owned),
            last_event_id: last_event_id.map(str::to_owned),
            updates_only: None,
            format: None,
        }
    }

    fn of(
        header: Option<&'static str>,
        last: Option<&str>,
        after: Option<&str>,
    ) -> Option<(String, u64)> {
        let header =
            header.map(|id| (LAST_EVENT_ID.parse().unwrap(), HeaderValue::from_static(id)));
        let position = position(&header.into_iter().collect(), &watch(after, last)).unwrap()?;
        Some((position.epoch.to_string(), position.revision))
    }

    #[test]
    fn what_a_browser_or_its_script_repeats_takes_precedence_over_after() {
        assert_eq!(of(Some("e:7"), None, Some("e:3")), Some(("e".into(), 7)));
        assert_eq!(of(Some(""), None, Some("e:3")), Some(("e".into(), 3)));
        assert_eq!(of(None, Some("e:5"), Some("e:3")), Some(("e".into(), 5)));
        assert_eq!(of(None, Some(""), Some("e:3")), Some(("e".into(), 3)));
        assert_eq!(of(Some("e:7"), Some("e:5"), None), Some(("e".into(), 7)));
        assert_eq!(of(None, None, None), None);
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
            let refused = position(&HeaderMap::new(), &watch(Some(wrong), None));
            assert!(refused.is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cache_buster_is_ignored_and_is_no_part_of_the_target() {
        let of = |uri| target(&Uri::from_static(uri)).into_owned();
        assert_eq!(of("/v1/sources?_=1"), "/v1/sources");
        assert_eq!(of("/v1/watch?_=1&pairs=*/USD&_"), "/v1/watch?pairs=*/USD");
        assert_eq!(
            of("/v1/watch?pairs=*/USD&__=1"),
            "/v1/watch?pairs=*/USD&__=1"
        );
        assert_eq!(of("/v1/watch?%5F=1&pairs=*/USD"), "/v1/watch?pairs=*/USD");
        assert_eq!(of("/"), "/");
        let query = Uri::from_static("/v1/snapshot.json?_=1&pairs=KZT/USD");
        assert_eq!(read::<Snapshot>(&query).unwrap().pairs, "KZT/USD");
    }

    #[test]
    fn a_list_of_pairs_may_have_blanks_and_a_comma_at_its_end() {
        assert_eq!(filter_items("KZT/USD, KGS/KZT ,"), ["KZT/USD", "KGS/KZT"]);
        assert!(filter_items("").is_empty());
    }

    #[test]
    fn a_step_and_a_period_have_a_default_and_no_other_name_than_theirs() {
        assert_eq!(step("").unwrap(), HistoryStep::Fixing);
        assert_eq!(step("day").unwrap(), HistoryStep::Day);
        assert_eq!(step("year").unwrap(), HistoryStep::LastOf(Period::Year));
        assert_eq!(period("").unwrap(), Period::Month);
        assert_eq!(period("week").unwrap(), Period::Week);
        assert!(step("DAY").is_err() && step("decade").is_err());
        assert!(period("day").is_err() && period("fixing").is_err());
    }
}
