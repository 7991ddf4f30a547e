//! Content negotiation: which encoding of an answer a request prefers, by its `Accept-Encoding` (RFC 9110, section 12.5.3),
//! and which of two media types of a stream, by its `Accept` (section 12.5.1).

use axum::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName};

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not encoded.
    Identity,
    Gzip,
    Brotli,
}

/// A quality value in thousandths: 1000 is the most wanted, 0 is not acceptable.
pub(super) type Quality = u16;

/// The most wanted.
const QUALITY_MAX: Quality = 1000;

/// The quality values of one request; nothing for what it does not list.
#[derive(Debug, Default)]
struct Accepted {
    brotli: Option<Quality>,
    gzip: Option<Quality>,
    identity: Option<Quality>,
    /// `*`: every encoding that is not listed.
    other: Option<Quality>,
}

impl Encoding {
    /// The value of `Content-Encoding`; nothing for a body that is not encoded.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The encoding that a request prefers among those that are there. The identity is always there, and is the answer
    /// where nothing is acceptable: a body that may be refused helps more than an error. Of equally wanted encodings, the
    /// smaller body wins.
    pub(super) fn preferred(headers: &HeaderMap, is_there: impl Fn(Self) -> bool) -> Self {
        let accepted = Accepted::read(headers);
        // Where it is not listed it is acceptable, and the least wanted.
        let (mut preferred, mut most) = (Self::Identity, accepted.identity.unwrap_or(0));
        for (encoding, listed) in [(Self::Gzip, accepted.gzip), (Self::Brotli, accepted.brotli)] {
            let quality = listed.or(accepted.other).unwrap_or(0);
            if quality > 0 && quality >= most && is_there(encoding) {
                (preferred, most) = (encoding, quality);
            }
        }
        preferred
    }
}

impl Accepted {
    fn read(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        for item in items(headers, ACCEPT_ENCODING) {
            accepted.add(item);
        }
        accepted
    }

    /// Takes an item of the list. What is malformed counts as not listed.
    fn add(&mut self, item: &str) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let name = name.trim();
        let listed = if name.eq_ignore_ascii_case("br") {
            &mut self.brotli
        } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            &mut self.gzip
        } else if name.eq_ignore_ascii_case("identity") {
            &mut self.identity
        } else if name == "*" {
            &mut self.other
        } else {
            return;
        };
        *listed = quality(parameters);
    }
}

/// Whether a request lists a media type, and wants it more than another one. A range with a star lists neither: clients
/// send it without knowing what there is.
pub(super) fn prefers(headers: &HeaderMap, media_type: &str, to: &str) -> bool {
    let wanted = |media_type: &str| {
        let listed = items(headers, ACCEPT).filter_map(|item| {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let is_listed = name.trim().eq_ignore_ascii_case(media_type);
            is_listed.then(|| media_quality(parameters))?
        });
        listed.max().unwrap_or(0)
    };
    wanted(media_type) > wanted(to)
}

/// The items of a list that may stand in several lines.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(','))
}

/// The quality value of a media type. Its other parameters, such as `;charset=utf-8`, are passed over: there is one answer of
/// a type.
fn media_quality(parameters: &str) -> Option<Quality> {
    let is_weight = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("q")
    };
    let weight = parameters.split(';').find(is_weight);
    quality(weight.unwrap_or_default())
}

/// The quality value that is the only parameter of an item: `;q=0.5`. Nothing when it is malformed.
pub(super) fn quality(parameters: &str) -> Option<Quality> {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return Some(QUALITY_MAX);
    }
    let (name, value) = parameters.split_once('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if !name.eq_ignore_ascii_case("q") || decimals.len() > 3 {
        return None;
    }
    let mut thousandths: Quality = 0;
    for digit in decimals.bytes().chain(*b"000").take(3) {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        thousandths = thousandths * 10 + Quality::from(digit);
    }
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(QUALITY_MAX),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn preferred(lines: &[&'static str], there: &[Encoding]) -> Encoding {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        Encoding::preferred(&headers, |encoding| there.contains(&encoding))
    }

    #[test]
    fn the_most_wanted_encoding_is_preferred() {
        use Encoding::{Brotli, Gzip, Identity};
        for (line, expected) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("gzip", Gzip),
            ("GZip ; Q=0.2", Gzip),
            ("x-gzip", Gzip),
            ("br;q=0.5, gzip;q=0.501", Gzip),
            ("br;q=0.5,gzip;q=0.5", Brotli),
            ("br;q=0, gzip", Gzip),
            ("gzip;q=0", Identity),
            ("gzip;q=0.000", Identity),
            ("gzip;q=1.000", Gzip),
            ("identity, gzip;q=0.5", Identity),
            ("identity;q=0.5, gzip;q=1.0", Gzip),
            ("identity;q=0.5, *;q=0.6", Brotli),
            ("*", Brotli),
            ("*;q=0, gzip", Gzip),
            ("br;q=0, *", Gzip),
            ("*;q=0", Identity),
            ("identity;q=0", Identity),
            ("deflate, zstd", Identity),
            ("", Identity),
            (", ,", Identity),
        ] {
            assert_eq!(preferred(&[line], &[Gzip, Brotli]), expected, "{line}");
        }
        assert_eq!(preferred(&[], &[Gzip, Brotli]), Identity);
        assert_eq!(preferred(&["gzip;q=0.5", "br"], &[Gzip, Brotli]), Brotli);
    }

    #[test]
    fn a_media_type_is_preferred_when_it_is_listed_and_wanted_more() {
        let prefers = |line| {
            let headers = [(ACCEPT, HeaderValue::from_static(line))];
            prefers(
                &headers.into_iter().collect(),
                "text/line",
                "text/event-stream",
            )
        };
        for preferred in [
            "text/line",
            "Text/Line; q=0.5",
            "text/html, text/line, */*",
            "text/event-stream;q=0.8, text/line;q=0.9",
            "text/line; charset=utf-8",
            "text/line;charset=utf-8;header=present",
            "text/line;charset=utf-8;q=0.9, text/event-stream;level=1;Q=0.8",
        ] {
            assert!(prefers(preferred), "{preferred}");
        }
        for other in [
            "",
            "*/*",
            "text/*",
            "text/line;q=0",
            "text/line;q=high",
            "text/line, text/event-stream",
            "text/lines",
            "text/line;charset=utf-8;q=0",
            "text/line;charset=utf-8;q=high",
            "text/line;charset=utf-8;q=0.8, text/event-stream;q=0.9",
        ] {
            assert!(!prefers(other), "{other}");
        }
    }

    #[test]
    fn an_encoding_that_is_not_there_is_never_preferred() {
        use Encoding::{Brotli, Gzip, Identity};
        assert_eq!(preferred(&["gzip, br"], &[Gzip]), Gzip);
        assert_eq!(preferred(&["br"], &[Gzip]), Identity);
        assert_eq!(preferred(&["gzip, br"], &[]), Identity);
        assert_eq!(preferred(&["gzip"], &[Brotli]), Identity);
    }

    #[test]
    fn an_item_with_a_malformed_weight_is_not_acceptable() {
        for weight in [
            "gzip;q=high",
            "gzip;q=2",
            "gzip;q=1.001",
            "gzip;q=0.1234",
            "gzip;q=-1",
            "gzip;q=",
            "gzip;q",
            "gzip;level=1",
            "gzip;q=0,5",
            "gzip;q=0.5;q=1",
        ] {
            assert_eq!(
                preferred(&[weight], &[Encoding::Gzip]),
                Encoding::Identity,
                "{weight}"
            );
        }
    }
}
