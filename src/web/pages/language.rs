//! The language of a page: the one that its address names, or the nearest one that the reader accepts.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::web::error::WebError;
use crate::web::locale::{self, FALLBACK, Locale};
use crate::web::negotiation::quality;
use crate::web::pages::parameters::Parameters;

/// The language of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Language {
    pub(super) tag: &'static str,
    pub(super) locale: &'static Locale,
    /// Whether it depends on the headers of the request.
    pub(super) is_negotiated: bool,
}

impl Language {
    /// The language of a request: that of the parameter `locale` if it is one, else the most wanted of `Accept-Language`.
    pub(super) fn of(parameters: &Parameters, headers: &HeaderMap) -> Result<Self, WebError> {
        let named = parameters.get("locale").and_then(locale::find);
        let found = named.or_else(|| locale::find(most_wanted(headers)));
        let (tag, locale) = found.ok_or_else(locale::unknown)?;
        Ok(Self {
            tag,
            locale,
            is_negotiated: named.is_none(),
        })
    }
}

/// The part of a key that tells the pages of two languages apart, and a negotiated page from one whose address names it.
impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_negotiated {
            " negotiated"
        } else {
            ""
        };
        write!(formatter, "{}{kind}", self.tag)
    }
}

/// The most wanted language that there is (RFC 9110, section 12.5.4): of equally wanted ones the first.
fn most_wanted(headers: &HeaderMap) -> &'static str {
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter();
    let items = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let (mut wanted, mut most) = (FALLBACK, 0);
    for item in items {
        let (range, parameters) = item.split_once(';').unwrap_or((item, ""));
        let found = locale::find(range.trim());
        if let (Some((tag, _)), Some(quality)) = (found, quality(parameters))
            && quality > most
        {
            (wanted, most) = (tag, quality);
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn chosen(parameter: &str, accepted: &'static str) -> &'static str {
        let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(accepted))]);
        let uri = format!("/?{parameter}").parse().unwrap();
        let parameters = Parameters::of(&uri).unwrap();
        Language::of(&parameters, &headers).unwrap().tag
    }

    #[test]
    fn the_most_wanted_language_is_chosen() {
        for (accepted, tag) in [
            ("ru-RU,ru;q=0.9,en-US;q=0.8", "ru"),
            ("de-DE,de;q=0.9,kk;q=0.5,en;q=0.4", "kk"),
            ("en;q=0.5, uz-Cyrl-UZ;q=0.7", "uz-Cyrl"),
            ("tg;q=0, tk;q=0.1", "tk"),
            ("ky, tg", "ky"),
            ("de, *;q=0.5", "en"),
            ("", "en"),
        ] {
            assert_eq!(chosen("", accepted), tag, "{accepted}");
        }
    }

    #[test]
    fn the_address_overrules_the_headers() {
        assert_eq!(chosen("locale=KK", "ru"), "kk");
        assert_eq!(chosen("locale=kk&locale=tg", "ru"), "kk");
    }

    #[test]
    fn an_address_with_an_unknown_language_leaves_it_to_the_headers() {
        for parameter in ["locale=xx", "locale=", "locale"] {
            assert_eq!(chosen(parameter, "ru"), "ru", "{parameter}");
        }
    }
}
