//! Pages of a list: how many rows, and where the next page begins.
//!
//! A page token is base64url (without padding) of one version byte, the first eight bytes of the SHA-256 of the query it
//! belongs to, and a cursor as text. A cursor names what a row is (its date, and its pair or its place on that date), never
//! where a file has it: a list goes on in a copy of the ledger, or in another one with the same rows. A token of another version or of another query is refused: the client repeats the
//! query from its first page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::domain::{Rate, Refusal};

/// Rows of a page when the request names no number: a screen or two.
pub const PAGE_SIZE_DEFAULT: usize = 100;
/// The most rows of a page: a megabyte at most, well below what a message may be.
pub const PAGE_SIZE_MAX: usize = 1000;
/// The most bytes of the rates of a page as JSON, about: a reader waits for the whole page, and gRPC clients accept four
/// mebibytes. A thousand rates of one or two fixings fit.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// The bytes of a rate as JSON without its fixings, about.
const RATE_BYTES: usize = 512;
/// The bytes of a fixing as JSON, about.
const FIXING_BYTES: usize = 256;
/// The version of the tokens. It changes with the encoding, or with what a cursor means.
const TOKEN_VERSION: u8 = 2;
/// Bytes of the digest of a query in a token: enough that no token of another query fits by accident.
const DIGEST_BYTES: usize = 8;
/// The longest token that is decoded; those of the service have some 40 characters.
const TOKEN_BYTES_MAX: usize = 128;

/// How many rows a page has at most that a request asks for with this size.
pub fn rows_of_page(size: i32) -> usize {
    match usize::try_from(size) {
        Ok(0) => PAGE_SIZE_DEFAULT,
        Ok(size) => size.min(PAGE_SIZE_MAX),
        // It is refused.
        Err(_negative) => 0,
    }
}

/// What still fits on a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimit {
    rows: usize,
    bytes: usize,
    is_empty: bool,
}

impl PageLimit {
    /// The limit of an empty page.
    pub(super) fn of(rows: usize) -> Self {
        Self {
            rows,
            bytes: PAGE_BYTES_MAX,
            is_empty: true,
        }
    }

    /// How many rows still fit.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a rate still fits, for which room is taken then. The first one of a page always fits.
    pub(super) fn take(&mut self, rate: &Rate) -> bool {
        let fixings = rate.fixings.len().saturating_mul(FIXING_BYTES);
        let bytes = fixings.saturating_add(RATE_BYTES);
        let fits = self.rows > 0 && (bytes <= self.bytes || self.is_empty);
        if fits {
            self.rows = self.rows.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(bytes);
            self.is_empty = false;
        }
        fits
    }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// How many rows it has at most.
    pub(super) size: usize,
    /// Where it begins, as the page before it said; none for the first page.
    pub(super) cursor: Option<String>,
    query_digest: [u8; DIGEST_BYTES],
}

impl Page {
    /// Reads the size and the token of a request. `query` is the canonical text of everything else in it: a token leads on
    /// in the list of the query it came with alone.
    pub(super) fn read(size: i32, token: &str, query: &str) -> Result<Self, Refusal> {
        let query_digest = short_digest(query);
        let size = usize::try_from(size).map_err(|_negative| Refusal::InvalidPageSize)?;
        let cursor = if token.is_empty() {
            None
        } else {
            Some(cursor(token, query_digest).ok_or(Refusal::InvalidPageToken)?)
        };
        Ok(Self {
            size: match size {
                0 => PAGE_SIZE_DEFAULT,
                size => size.min(PAGE_SIZE_MAX),
            },
            cursor,
            query_digest,
        })
    }

    /// The token of the page that begins at a cursor.
    pub(super) fn token(&self, cursor: &str) -> String {
        let version = [TOKEN_VERSION];
        let bytes = [&version[..], &self.query_digest, cursor.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn cursor(token: &str, query_digest: [u8; DIGEST_BYTES]) -> Option<String> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (digest, cursor) = rest.split_first_chunk::<DIGEST_BYTES>()?;
    let fits = *version == TOKEN_VERSION && *digest == query_digest;
    fits.then(|| String::from_utf8(cursor.to_vec()).ok())?
}

fn short_digest(query: &str) -> [u8; DIGEST_BYTES] {
    let digest = digest(&SHA256, query.as_bytes());
    let first = digest.as_ref().first_chunk();
    first.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::Date;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::{Currency, Fixing, SourceId};

    #[test]
    fn a_token_leads_on_in_the_list_it_came_with_and_in_no_other() {
        let first = Page::read(0, "", "nbk USD").unwrap();
        assert_eq!((first.size, first.cursor.as_deref()), (100, None));
        let token = first.token("2026-04-01");
        let next = Page::read(5000, &token, "nbk USD").unwrap();
        assert_eq!(
            (next.size, next.cursor.as_deref()),
            (1000, Some("2026-04-01"))
        );
        let other = Page::read(1, &token, "nbk EUR");
        assert_eq!(other.unwrap_err(), Refusal::InvalidPageToken);
        let negative = Page::read(-1, "", "nbk USD");
        assert_eq!(negative.unwrap_err(), Refusal::InvalidPageSize);
    }

    #[test]
    fn a_page_ends_after_its_rows_or_a_mebibyte() {
        let of = |fixings: usize| Rate {
            fixings: (0..fixings).map(|_| Arc::new(fixing())).collect(),
            ..Rate::identity(Currency::KZT)
        };
        let rows = |fixings, wanted| {
            let mut limit = PageLimit::of(wanted);
            let rate = of(fixings);
            (0..2000).take_while(|_| limit.take(&rate)).count()
        };
        assert_eq!(rows(4, 100), 100);
        let widest = RATE_BYTES + 4 * FIXING_BYTES;
        assert_eq!(rows(4, 1000), PAGE_BYTES_MAX / widest);
        assert_eq!(rows(2, 1000), 1000);
        assert_eq!(rows(5000, 1000), 1, "a page is never empty");
    }

    fn fixing() -> Fixing {
        Fixing {
            source: SourceId::new("nbk"),
            currency: Currency::USD,
            units: 1,
            value: Decimal::ONE,
            home_currency: Currency::KZT,
            effective_date: Date::MIN,
            published_change: None,
            superseded_value: None,
        }
    }

    #[test]
    fn the_encoding_of_a_token_does_not_change_within_a_version() {
        let page = Page::read(0, "", "nbk USD").unwrap();
        assert_eq!(page.token("2026-04-01"), "AuZPomoD3DhDMjAyNi0wNC0wMQ");
    }

    #[test]
    fn a_token_of_another_version_or_another_encoding_is_refused() {
        let page = Page::read(0, "", "nbk USD").unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(page.token("2026-04-01")).unwrap();
        bytes[0] = TOKEN_VERSION + 1;
        let of_next_version = URL_SAFE_NO_PAD.encode(bytes);
        let of_first_release = "9b1b2f2d7a4f0c11.2026-04-01";
        for token in [&of_next_version, of_first_release, "x", &"A".repeat(4096)] {
            let page = Page::read(0, token, "nbk USD");
            assert_eq!(page.unwrap_err(), Refusal::InvalidPageToken, "{token}");
        }
    }
}
