//! A key as its holder has it, and what the service keeps of it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

/// What every key begins with, so that a reader and a scanner of secrets recognise one.
pub const KEY_PREFIX: &str = "silkrate_";
/// As many random bytes as the hash has: neither can be guessed.
const KEY_BYTES: usize = 32;
/// How many letters of base64 these are.
const KEY_LETTERS: usize = 43;
/// How many digits of a hash are shown: enough to compare two entries, and of no use to find the key.
const SHOWN_DIGITS: usize = 8;

/// A key. It is printed once, by the command that makes it, and by nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key that no other one equals.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate() -> Result<Self, ring::error::Unspecified> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes)?;
        let letters = URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self(format!("{KEY_PREFIX}{letters}")))
    }

    /// The key of a text that has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.strip_prefix(KEY_PREFIX)?;
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_key = letters.len() == KEY_LETTERS && letters.bytes().all(is_letter);
        is_key.then(|| Self(text.to_owned()))
    }

    /// The key itself, for its holder only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> KeyHash {
        let mut hash = KeyHash([0; KEY_BYTES]);
        let digest = digest(&SHA256, self.0.as_bytes());
        for (kept, byte) in hash.0.iter_mut().zip(digest.as_ref()) {
            *kept = *byte;
        }
        hash
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

/// The SHA-256 of a key. A key has 32 random bytes, so that a slow hash, as passwords need one, would protect nothing.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; KEY_BYTES]);

impl KeyHash {
    /// Reads the 64 hexadecimal digits of a file.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; KEY_BYTES];
        if text.len() != KEY_BYTES.checked_mul(2)? || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            let start = at.checked_mul(2)?;
            let digits = text.get(start..start.checked_add(2)?)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// All digits, for the file.
    pub(super) fn digits(&self) -> String {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.map(digit).collect()
    }

    /// The first digits.
    pub fn shown(&self) -> String {
        let digits = self.digits();
        digits.get(..SHOWN_DIGITS).unwrap_or_default().to_owned()
    }

    /// The bytes, from which the secret of the tokens of a key is derived.
    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl PartialEq for KeyHash {
    /// It takes the same time whatever differs, so that an answer does not tell how much of a guess is right.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyHash({}…)", self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_by_its_beginning_and_read_back() {
        let key = Key::generate().unwrap();
        assert_eq!(key.expose().len(), KEY_PREFIX.len() + KEY_LETTERS);
        assert_eq!(Key::parse(key.expose()), Some(key.clone()));
        assert_ne!(Key::generate().unwrap(), key);
        let short = key.expose().get(..51).unwrap();
        for wrong in [
            short,
            &format!("{}x", key.expose()),
            &short.replace("silkrate_", "sk_"),
            &format!("{short}/"),
            "",
        ] {
            assert_eq!(Key::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_hash_is_the_sha_256_of_the_text_and_is_read_back() {
        // By `printf … | sha256sum`.
        let text = format!("silkrate_{}", "A".repeat(KEY_LETTERS));
        let hash = Key::parse(&text).unwrap().hash();
        assert_eq!(
            hash.digits(),
            "402e9c1e851ae2f48ff5541602a82ae75b6fea52aafcbc0fd1d44b5993f9a3ca"
        );
        assert_eq!(KeyHash::parse(&hash.digits()), Some(hash));
        assert_ne!(Key::generate().unwrap().hash(), hash);
        for wrong in [
            "",
            "ab",
            &hash.digits().replace('a', "g"),
            &format!("+{}", hash.digits().get(1..).unwrap()),
        ] {
            assert_eq!(KeyHash::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_prints_a_key_or_all_of_its_hash() {
        let key = Key::generate().unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        let hash = format!("{:?}", key.hash());
        assert_eq!(
            hash.chars().count(),
            "KeyHash(…)".chars().count() + SHOWN_DIGITS
        );
    }
}
