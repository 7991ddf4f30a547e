//! Tokens: what a page uses in the place of a key, which it could not keep to itself.
//!
//! A token is signed and not stored. Its secret is derived from the hash of the key that asked for it: it outlasts a restart,
//! every replica with the same keys file accepts it, and it ends with its key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac::{self, HMAC_SHA256};

use crate::access::{Identity, KeyHash};
use crate::domain::{RateFilter, Refusal};

/// What is signed begins with this, so that a signature of one purpose is none of another.
const PURPOSE: &[u8] = b"silkrate token 1\n";
/// The longest token that is read: that of 256 pairs has some three kilobytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenClaims {
    /// The id of the key that asked for it.
    pub(super) key: String,
    /// The pairs that may be read; those of the ticker if there are none.
    pub pairs: RateFilter,
    /// The origin whose pages may use it.
    pub origin: String,
    /// From when on it is not valid any more.
    pub ends: Timestamp,
}

/// A token whose signature is not checked yet.
#[derive(Debug)]
pub(super) struct ReadToken {
    pub(super) claims: TokenClaims,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// The token of some claims.
fn signed(claims: &TokenClaims, hash: &KeyHash) -> String {
    let TokenClaims {
        key,
        pairs,
        origin,
        ends,
    } = claims;
    let text = format!("{key}\n{}\n{origin}\n{pairs}", ends.as_second());
    let signature = hmac::sign(&secret(hash), &with_purpose(text.as_bytes()));
    let [text, signature] =
        [text.as_bytes(), signature.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{text}.{signature}")
}

impl ReadToken {
    /// Reads a token. What it says is not to be trusted before its signature is checked.
    pub(super) fn parse(token: &str) -> Option<Self> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (text, signature) = token.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let (bytes, signature) = (decode(text)?, decode(signature)?);
        let text = str::from_utf8(&bytes).ok()?;
        let mut lines = text.split('\n');
        let (key, ends) = (lines.next()?.to_owned(), lines.next()?);
        let (origin, pairs) = (lines.next()?.to_owned(), lines.next()?);
        let items: Vec<&str> = pairs.split(',').filter(|item| !item.is_empty()).collect();
        let claims = TokenClaims {
            key,
            pairs: RateFilter::parse(&items).ok()?,
            origin,
            ends: Timestamp::from_second(ends.parse().ok()?).ok()?,
        };
        lines.next().is_none().then(|| Self {
            claims,
            signed: with_purpose(&bytes),
            signature,
        })
    }

    /// What it says, if it was signed for this key and has not ended.
    pub(super) fn verified(self, hash: &KeyHash, now: Timestamp) -> Result<TokenClaims, Refusal> {
        // It takes the same time whatever differs.
        let verified = hmac::verify(&secret(hash), &self.signed, &self.signature);
        verified.map_err(|_forged| Refusal::InvalidToken)?;
        if self.claims.ends <= now {
            return Err(Refusal::TokenExpired(self.claims.ends));
        }
        Ok(self.claims)
    }
}

impl TokenClaims {
    /// What a token of the holder of a key is for: pairs (those of the ticker if there are none), and the pages of an origin. It
    /// ends with its key, if that ends earlier.
    pub fn new(identity: &Identity, pairs: RateFilter, origin: String, ends: Timestamp) -> Self {
        Self {
            key: identity.id().to_owned(),
            pairs,
            origin,
            ends: identity.ends().map_or(ends, |end| end.min(ends)),
        }
    }

    /// The token, signed for the key that asks for it.
    pub fn token(&self, identity: &Identity) -> String {
        signed(self, &identity.holder().record.hash)
    }

    /// Whether it is for these pairs, in a page of this origin. A request that names no origin is none of another one's page.
    pub(super) fn check(&self, pairs: &RateFilter, origin: Option<&str>) -> Result<(), Refusal> {
        if origin.is_some_and(|origin| origin != self.origin) {
            return Err(Refusal::TokenScope("it is for pages of another origin"));
        }
        if !self.pairs.covers(pairs) {
            return Err(Refusal::TokenScope("it is for other pairs"));
        }
        Ok(())
    }
}

fn secret(hash: &KeyHash) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, hash.bytes())
}

fn with_purpose(text: &[u8]) -> Vec<u8> {
    [PURPOSE, text].concat()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::access::Key;

    fn filter(items: &[&str]) -> RateFilter {
        RateFilter::parse(items).unwrap()
    }

    fn claims() -> TokenClaims {
        TokenClaims {
            key: "k7f3q9x2".to_owned(),
            pairs: filter(&["KZT/USD", "*/EUR"]),
            origin: "https://news.example".to_owned(),
            ends: Timestamp::from_second(1_000).unwrap(),
        }
    }

    fn verified(token: &str, hash: &KeyHash, second: i64) -> Result<TokenClaims, Refusal> {
        let read = ReadToken::parse(token).ok_or(Refusal::InvalidToken)?;
        read.verified(
            hash,
            Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
        )
    }

    #[test]
    fn a_token_is_valid_until_its_end_for_the_key_that_it_was_signed_for() {
        let (hash, other) = (
            Key::generate().unwrap().hash(),
            Key::generate().unwrap().hash(),
        );
        let token = signed(&claims(), &hash);
        assert_eq!(verified(&token, &hash, 999), Ok(claims()));
        let expired = Refusal::TokenExpired(claims().ends);
        assert_eq!(verified(&token, &hash, 1_000), Err(expired));
        assert_eq!(verified(&token, &other, 999), Err(Refusal::InvalidToken));
    }

    #[test]
    fn a_token_of_which_any_letter_is_another_one_is_refused() {
        let hash = Key::generate().unwrap().hash();
        let token = signed(&claims(), &hash);
        for (at, letter) in token.char_indices() {
            for other in ['A', '_', '.'] {
                let (before, rest) = token.split_at(at);
                let forged = [before, &other.to_string(), rest.split_at(1).1].concat();
                if other != letter {
                    assert_eq!(
                        verified(&forged, &hash, 0),
                        Err(Refusal::InvalidToken),
                        "{at}"
                    );
                }
            }
        }
        let long = "A".repeat(TOKEN_BYTES_MAX);
        for wrong in [
            "",
            ".",
            token.split_at(20).0,
            &format!("{token}."),
            &format!("{token}.x"),
            &long,
        ] {
            assert_eq!(
                verified(wrong, &hash, 0),
                Err(Refusal::InvalidToken),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_token_is_for_its_pairs_and_its_origin_alone() {
        let claims = claims();
        let of = |pairs: &[&str], origin| claims.check(&filter(pairs), origin).is_ok();
        assert!(of(&["KZT/USD"], Some("https://news.example")));
        assert!(of(&["kzt/eur", "*/EUR"], None));
        assert!(!of(&["KZT/USD"], Some("https://evil.example")));
        assert!(!of(&["KZT/USD"], Some("null")));
        for more in [
            &["USD/KZT"][..],
            &["KZT/USD", "KGS/USD"],
            &["*/USD"],
            &["KZT/*"],
            &["*/*"],
            &[],
        ] {
            assert!(!of(more, None), "{more:?}");
        }
        let ticker = TokenClaims {
            pairs: RateFilter::default(),
            ..claims.clone()
        };
        assert!(ticker.check(&RateFilter::default(), None).is_ok());
        assert!(ticker.check(&filter(&["KZT/USD"]), None).is_err());
    }
}
