//! What is known of a key.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use jiff::Timestamp;

use crate::access::KeyHash;
use crate::domain::Refusal;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// To read rates, and everything else that readers are served.
    Read,
    /// To call the operators' port, and to read.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Read, Self::Admin];

    /// Its name in files and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// The scope of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The limits of one key, which take the place of those that every client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyLimits {
    /// How many requests it may make a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// How many streams it may have open at once.
    pub streams: Option<NonZeroU32>,
}

/// An entry of the keys file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name for programs: no two entries have the same.
    pub id: String,
    /// Its name for operators: who or what uses it. While a key is replaced, two entries have it.
    pub name: String,
    /// The hash of the key.
    pub hash: KeyHash,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is not valid any more.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// Its own limits.
    pub limits: KeyLimits,
}

impl KeyRecord {
    /// Whether it may be used for something. An operator may read.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether it is valid at a time.
    ///
    /// # Errors
    /// When it was revoked, or has expired by then.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.revoked.is_some() {
            return Err(Refusal::KeyRevoked);
        }
        match self.expires {
            Some(expires) if expires <= now => Err(Refusal::KeyExpired(expires)),
            _ => Ok(()),
        }
    }
}
