//! The chain of records: a digest that depends on every record so far, and on their order.

use std::fmt;

use crate::domain::{FINGERPRINT_BYTES, Fingerprint};

/// The digest of the records up to one of them: SHA-256 of the digest before it and the stored bytes of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chain(Fingerprint);

impl Chain {
    /// The chain before the first record.
    pub const START: Self = Self(Fingerprint::from_bytes([0; FINGERPRINT_BYTES]));

    /// The chain after one more record.
    #[must_use]
    pub fn followed_by(&self, stored: &[u8]) -> Self {
        Self(Fingerprint::of_parts([&self.as_bytes()[..], stored]))
    }

    /// Reads 64 hexadecimal digits, as [`fmt::Display`] prints them.
    pub fn parse(digits: &str) -> Option<Self> {
        Fingerprint::parse(digits).map(Self)
    }

    /// The chain of 32 bytes; `None` if there are others.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = <[u8; FINGERPRINT_BYTES]>::try_from(bytes).ok()?;
        Some(Self(Fingerprint::from_bytes(bytes)))
    }

    /// The digest itself.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; FINGERPRINT_BYTES] {
        self.0.as_bytes()
    }
}

impl From<Fingerprint> for Chain {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(fingerprint)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_depends_on_every_record_and_their_order() {
        let of = |records: &[&[u8]]| {
            let records = records.iter();
            records.fold(Chain::START, |chain, stored| chain.followed_by(stored))
        };
        let chain = of(&[b"first", b"second"]);
        assert_ne!(of(&[b"second", b"first"]), chain);
        assert_ne!(of(&[b"second"]), chain);
        assert_ne!(of(&[b"first", b"second", b""]), chain);
        assert_eq!(Chain::parse(&chain.to_string()), Some(chain));
    }
}
