//! Entity tags (RFC 9110, section 8.8.3): the validators by which a cache or a client keeps an answer.

use axum::http::HeaderValue;
use axum::http::header::{HeaderMap, IF_NONE_MATCH};

/// What proxies add to the opaque part of an entity tag when they compress an answer, inside its quotes: Apache, Caddy and
/// lighttpd a hyphen and the encoding, Jetty two hyphens.
const PROXY_SUFFIXES: [&str; 5] = ["--gzip", "-gzip", "-br", "-zstd", "-deflate"];

/// A validator of this text.
pub(super) fn validator(text: &str) -> HeaderValue {
    // Weak: one tag stands for every encoding of an answer, and some bodies bear the server time, which differs.
    HeaderValue::try_from(format!("W/\"{text}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether the client already holds what the validator stands for, by its `If-None-Match`. The comparison is the weak one
/// (RFC 9110, section 13.1.2), and leaves out the suffix of a proxy.
pub(super) fn matches(headers: &HeaderMap, validator: &HeaderValue) -> bool {
    let Ok(validator) = validator.to_str().map(opaque_tag) else {
        return false;
    };
    let lines = headers.get_all(IF_NONE_MATCH).iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        let mut tags = line.split(',');
        line.trim() == "*" || tags.any(|tag| opaque_tag(tag) == validator)
    })
}

/// The opaque part of an entity tag, without the mark of a weak one and without a proxy's suffix.
fn opaque_tag(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = quoted.unwrap_or(tag);
    let without = |suffix: &&str| tag.strip_suffix(*suffix);
    PROXY_SUFFIXES.iter().find_map(without).unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tags: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(tags))])
    }

    #[test]
    fn a_validator_is_found_in_whatever_list_a_client_sends() {
        let ours = validator("e:7-0");
        let is_held = |tags| matches(&held(tags), &ours);
        assert!(is_held("W/\"e:7-0\""));
        assert!(is_held("\"other\", W/\"e:7-0\""));
        assert!(is_held("\"e:7-0\""));
        assert!(is_held(" * "));
        assert!(!is_held("\"e:7-00\""));
        assert!(!is_held("\"e:7-0-other\""));
        assert!(!is_held("\"*\""));
        assert!(!is_held(""));
        assert!(!matches(&HeaderMap::new(), &ours));
        let mut two_lines = held("\"other\"");
        two_lines.append(IF_NONE_MATCH, HeaderValue::from_static("\"e:7-0\""));
        assert!(matches(&two_lines, &ours));
    }

    #[test]
    fn a_validator_is_found_behind_a_proxy_that_compresses() {
        for ours in [validator("e:7-0"), HeaderValue::from_static("\"e:7-0\"")] {
            for tags in [
                "W/\"e:7-0\"",
                "\"e:7-0-gzip\"",
                "W/\"e:7-0-gzip\"",
                "\"e:7-0--gzip\"",
                "\"e:7-0-br\"",
                "W/\"e:7-0-zstd\"",
            ] {
                assert!(matches(&held(tags), &ours), "{tags}");
            }
        }
    }
}
