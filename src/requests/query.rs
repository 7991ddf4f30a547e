//! What the access log shows of an address: no more than the service reads.

use std::borrow::Cow;

use crate::access::KEY_PREFIX;

/// The most that is shown of a path or a query. A query of 50 pairs fits; a longer one would push the lines beside it out of
/// view.
const SHOWN_BYTES_MAX: usize = 1024;
/// In the place of what is not shown.
const HIDDEN: &str = "…";
/// The parameters of the HTTP side.
const PARAMETERS: &[&str] = &[
    "after",
    "amount",
    "announced",
    "change",
    "date",
    "density",
    "dialect",
    "digits",
    "direction",
    "end",
    "form",
    "format",
    "from",
    "height",
    "labels",
    "lastEventId",
    "layout",
    "link",
    "locale",
    "page_size",
    "page_token",
    "pairs",
    "period",
    "round",
    "speed",
    "start",
    "step",
    "theme",
    "to",
    "updates_only",
    "width",
    "window",
];

/// A query with the values of the parameters of the service. Any other value may be a secret of the site that a link comes
/// from, so it is left out.
pub(super) fn shown_query(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if PARAMETERS.contains(&name) => part.to_owned(),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => HIDDEN.to_owned(),
    });
    shortened(&parts.collect::<Vec<_>>().join("&"))
}

/// A text in which no key stands: a client may have put one into an address, where the service refuses it.
pub(super) fn without_keys(text: &str) -> Cow<'_, str> {
    if !text.contains(KEY_PREFIX) {
        return text.into();
    }
    let mut shown = String::new();
    for (index, part) in text.split(KEY_PREFIX).enumerate() {
        if index == 0 {
            shown.push_str(part);
            continue;
        }
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        shown.push_str(KEY_PREFIX);
        shown.push_str(HIDDEN);
        shown.push_str(part.trim_start_matches(is_letter));
    }
    shown.into()
}

/// The beginning of a long text, without keys.
pub(super) fn shortened(text: &str) -> String {
    let text = without_keys(text);
    if text.len() <= SHOWN_BYTES_MAX {
        return text.into_owned();
    }
    let mut ends = (0..=SHOWN_BYTES_MAX).rev();
    let shown = ends.find_map(|end| text.get(..end)).unwrap_or_default();
    format!("{shown}{HIDDEN}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_value_of_an_unknown_parameter_is_not_shown() {
        let shown = shown_query("pairs=KZT/USD,*/RUB&token=hunter2&hunter2&=hunter2&locale=kk");
        assert_eq!(shown, "pairs=KZT/USD,*/RUB&token=…&…&=…&locale=kk");
    }

    #[test]
    fn a_key_is_not_shown_wherever_it_stands() {
        let shown = shown_query("pairs=silkrate_A-b_C1&locale=kk&date=silkrate_");
        assert_eq!(shown, "pairs=silkrate_…&locale=kk&date=silkrate_…");
        assert_eq!(
            shortened("/v1/rates/silkrate_A-b_C1/USD"),
            "/v1/rates/silkrate_…/USD"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = shown_query(&format!("pairs={}", "ü".repeat(2000)));
        assert!(shown.len() <= SHOWN_BYTES_MAX + HIDDEN.len());
        assert!(shown.ends_with("ü…"));
        assert_eq!(shortened("/"), "/");
    }

    fn names_in(document: &Value, names: &mut BTreeSet<String>) {
        match document {
            Value::Object(object) => {
                if object.get("in").is_some_and(|place| place == "query") {
                    names.insert(object["name"].as_str().unwrap().to_owned());
                }
                object.values().for_each(|value| names_in(value, names));
            }
            Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
            _ => {}
        }
    }

    #[test]
    fn every_parameter_of_the_description_is_shown() {
        let document = serde_json::from_str(include_str!("../web/openapi.json")).unwrap();
        let mut names = BTreeSet::new();
        names_in(&document, &mut names);
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            assert!(PARAMETERS.contains(&name.as_str()), "{name}");
        }
    }
}
