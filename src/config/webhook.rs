//! `[[webhooks]]`: receivers of events, and the secrets that sign what is sent to them.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;

use crate::config::secret_file;
use crate::domain::RateFilter;

/// What precedes the base64 text of a secret, as Standard Webhooks prescribes.
const SECRET_PREFIX: &str = "whsec_";
/// The length of a key in bytes, as Standard Webhooks prescribes: a shorter one can be guessed, and a longer one than the
/// block of the hash adds nothing.
const KEY_BYTES: RangeInclusive<usize> = 24..=64;

/// A receiver of events.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name in the log and in commands.
    pub name: String,
    /// Where events are posted. It may contain a token, so it is in no log.
    pub url: String,
    /// The pairs whose events are sent.
    pub pairs: RateFilter,
    /// The kinds of events that are sent, each once.
    pub events: Vec<EventKind>,
    /// The least change of a rate in per cent, up or down, now or announced; without it every change is sent.
    pub min_change_percent: Option<Decimal>,
    /// What each request is signed with: at least one secret, and several while one replaces another.
    pub secrets: Vec<WebhookSecret>,
    /// The time-out of a request.
    pub timeout: Duration,
}

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Another value is served for a pair.
    Change,
    /// Another value is published for a pair, for a later date.
    Announced,
    /// A source has missed a publication, or has become stale.
    SourceLate,
    /// A published value failed a check and is held.
    Held,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Change, Self::Announced, Self::SourceLate, Self::Held];

    /// The name in settings and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Announced => "announced",
            Self::SourceLate => "source_late",
            Self::Held => "held",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A key with which requests are signed. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    key: Vec<u8>,
    file: Option<PathBuf>,
}

impl WebhookSecret {
    /// Parses a secret as it is given to the receiver: `whsec_` and base64. The error does not contain it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let encoded = text
            .strip_prefix(SECRET_PREFIX)
            .ok_or_else(|| format!("the secret does not begin with {SECRET_PREFIX}"))?;
        let key = STANDARD
            .decode(encoded)
            .map_err(|_wrong| format!("what follows {SECRET_PREFIX} is not base64"))?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(format!("the secret has {} bytes", key.len()));
        }
        Ok(Self { key, file: None })
    }

    /// Reads a secret from a file that contains nothing else.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let path = file.display();
        let text =
            secret_file(file).map_err(|error| format!("`{path}` contains no secret: {error}"))?;
        let secret = Self::parse(&text).map_err(|reason| format!("`{path}`: {reason}"))?;
        Ok(Self {
            file: Some(file.to_owned()),
            ..secret
        })
    }

    /// The key itself, to sign with only.
    pub fn expose(&self) -> &[u8] {
        &self.key
    }

    /// The file it was read from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            url: _,
            pairs,
            events,
            min_change_percent,
            secrets,
            timeout,
        } = self;
        formatter
            .debug_struct("Webhook")
            .field("name", name)
            .field("url", &"…")
            .field("pairs", pairs)
            .field("events", events)
            .field("min_change_percent", min_change_percent)
            .field("secrets", secrets)
            .field("timeout", timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_prefix_and_base64_of_24_to_64_bytes() {
        let of_bytes = |count| format!("whsec_{}", STANDARD.encode(vec![7; count]));
        for count in [24, 32, 64] {
            let secret = WebhookSecret::parse(&of_bytes(count)).unwrap();
            assert_eq!(secret.expose(), vec![7; count]);
        }
        for count in [0, 23, 65] {
            assert!(WebhookSecret::parse(&of_bytes(count)).is_err(), "{count}");
        }
        let unmarked = STANDARD.encode([7; 32]);
        assert!(WebhookSecret::parse(&unmarked).is_err());
        assert!(WebhookSecret::parse("whsec_not base64").is_err());
    }

    #[test]
    fn neither_a_secret_nor_its_error_nor_an_address_is_printed() {
        let text = format!("whsec_{}", STANDARD.encode([b'x'; 32]));
        let secret = WebhookSecret::parse(&text).unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
        let error = WebhookSecret::parse("hunter2hunter2").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        let webhook = Webhook {
            name: "desk".to_owned(),
            url: "https://news.example/hooks/t0ken".to_owned(),
            pairs: RateFilter::parse(&["KZT/USD"]).unwrap(),
            events: EventKind::ALL.to_vec(),
            min_change_percent: None,
            secrets: vec![secret],
            timeout: Duration::from_secs(10),
        };
        let printed = format!("{webhook:?}");
        assert!(
            !printed.contains("t0ken") && printed.contains("desk"),
            "{printed}"
        );
    }
}
