//! Access control: the keys of clients, and the permissions of a request.
//!
//! ```text
//! keys file ─▶ checked as a whole ─▶ Access ─▶ Gate of a port: admits a request, as the holder of a key or as none
//!    ▲                                 │
//!    └──── Reloader: reads it again ───┴─▶ ends the streams of keys that are revoked or have expired
//! ```
//!
//! *Chose* one hash of 32 random bytes, *over* a slow hash as for passwords: a key cannot be guessed, and every request
//! would pay for the slowness.
//!
#![doc = include_str!("access/README.md")]

mod changes;
mod error;
mod failures;
mod file;
mod gate;
mod identity;
mod key;
mod keyring;
mod record;
mod reloader;
mod token;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

pub use changes::{KeysFile, NewKey};
pub use error::KeysError;
pub use gate::{Gate, Port, Rejection, challenge};
pub use identity::{Identity, counted, counted_in};
use jiff::Timestamp;
pub use key::{KEY_PREFIX, Key, KeyHash};
pub use record::{KeyLimits, KeyRecord, Scope};
pub use reloader::Reloader;
pub use token::TokenClaims;
use tokio_util::sync::CancellationToken;

use crate::access::failures::Failures;
use crate::access::keyring::Keyring;
use crate::config;
use crate::telemetry::KeyRefusals;

/// The target of the lines of the log. That of the module is the name of the access log, which has a level of its own.
const LOG: &str = "silkrate::keys";

/// The keys in force, and whether readers need one. Clones share them.
#[derive(Debug, Clone)]
pub struct Access(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    in_force: RwLock<Arc<InForce>>,
    is_required: AtomicBool,
    /// Whether the file could be used when it was read last.
    is_usable: AtomicBool,
    draining: CancellationToken,
    failures: Failures,
    refusals: [KeyRefusals; Port::ALL.len()],
}

/// The keys of a file. They are never printed.
#[derive(Default)]
struct InForce {
    file: Option<PathBuf>,
    contents: Vec<u8>,
    keyring: Keyring,
}

/// What was read for other settings, and is not in force yet.
pub struct PreparedAccess {
    is_required: bool,
    file: Option<PathBuf>,
    contents: Vec<u8>,
    records: Vec<KeyRecord>,
}

impl fmt::Debug for InForce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InForce").finish_non_exhaustive()
    }
}

impl fmt::Debug for PreparedAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PreparedAccess")
            .finish_non_exhaustive()
    }
}

/// The outcome of reading the file again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reload {
    /// It is as it was, or there is none.
    Unchanged,
    /// It has this number of keys that are valid.
    Replaced(usize),
}

impl Access {
    /// Reads the keys. Streams of keys that end later end with them; all of them end when `draining` is cancelled.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(settings: &config::Access, draining: CancellationToken) -> Result<Self, KeysError> {
        let access = Self(Arc::new(Shared {
            in_force: RwLock::default(),
            is_required: AtomicBool::new(settings.required),
            is_usable: AtomicBool::new(true),
            draining,
            failures: Failures::default(),
            refusals: Default::default(),
        }));
        access.replace(Self::prepare(settings)?);
        Ok(access)
    }

    /// Reads the keys of settings.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn prepare(settings: &config::Access) -> Result<PreparedAccess, KeysError> {
        let (file, is_required) = (settings.keys.clone(), settings.required);
        let (contents, records) = match &file {
            Some(path) => {
                let contents = file::read(path)?;
                let records = file::parse(path, &contents)?;
                (contents, records)
            }
            None => (Vec::new(), Vec::new()),
        };
        Ok(PreparedAccess {
            is_required,
            file,
            contents,
            records,
        })
    }

    /// Admits further requests by other settings. Streams go on whose keys are among those.
    pub fn replace(&self, prepared: PreparedAccess) {
        let PreparedAccess {
            is_required,
            file,
            contents,
            records,
        } = prepared;
        self.0.is_required.store(is_required, Ordering::Relaxed);
        self.put(None, file, contents, records);
    }

    /// Reads the file again, and ends the streams of keys that are not valid any more. A file that cannot be used changes
    /// nothing.
    fn reload(&self, now: Timestamp) -> Result<Reload, KeysError> {
        let before = self.in_force();
        before.keyring.end_streams(now);
        let Some(path) = &before.file else {
            return Ok(Reload::Unchanged);
        };
        let read = file::read(path).and_then(|contents| {
            if contents == before.contents {
                return Ok(None);
            }
            let records = file::parse(path, &contents)?;
            Ok(Some((contents, records)))
        });
        self.0.is_usable.store(read.is_ok(), Ordering::Relaxed);
        let Some((contents, records)) = read? else {
            return Ok(Reload::Unchanged);
        };
        self.put(Some(&before), before.file.clone(), contents, records);
        Ok(Reload::Replaced(self.valid_keys(now)))
    }

    /// Puts keys in force, in the place of `before` alone if that is given: while the file was read again, other settings may have
    /// named another one.
    fn put(
        &self,
        before: Option<&Arc<InForce>>,
        file: Option<PathBuf>,
        contents: Vec<u8>,
        records: Vec<KeyRecord>,
    ) {
        let in_force = self.0.in_force.write();
        let mut in_force = in_force.unwrap_or_else(PoisonError::into_inner);
        if before.is_some_and(|before| !Arc::ptr_eq(before, &in_force)) {
            return;
        }
        let keyring = Keyring::replacing(&in_force.keyring, records, &self.0.draining);
        keyring.end_streams(Timestamp::now());
        self.0.is_usable.store(true, Ordering::Relaxed);
        *in_force = Arc::new(InForce {
            file,
            contents,
            keyring,
        });
    }

    /// The gate of a port.
    pub fn gate(&self, port: Port) -> Gate {
        Gate::new(self.clone(), port)
    }

    /// Whether a reader needs a key.
    pub fn is_required(&self) -> bool {
        self.0.is_required.load(Ordering::Relaxed)
    }

    /// How many keys are valid.
    pub fn valid_keys(&self, now: Timestamp) -> usize {
        self.in_force().keyring.valid(now)
    }

    /// Whether the file could be used when it was read last; `None` if there is none.
    pub fn is_file_usable(&self) -> Option<bool> {
        let has_file = self.in_force().file.is_some();
        has_file.then(|| self.0.is_usable.load(Ordering::Relaxed))
    }

    /// The requests that were refused for their key, by port.
    pub fn refusals(&self) -> impl Iterator<Item = (Port, &KeyRefusals)> {
        Port::ALL.into_iter().zip(&self.0.refusals)
    }

    fn file(&self) -> Option<PathBuf> {
        self.in_force().file.clone()
    }

    fn in_force(&self) -> Arc<InForce> {
        // It is whole at every moment, so a poisoned lock is safe to use.
        let in_force = self.0.in_force.read();
        Arc::clone(&in_force.unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why others than its owner may read a keys file; `None` if they may not, or the system has no such rights. Who reads it can
/// make tokens of its keys.
pub fn doubt(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(path).ok()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Some(format!(
                "others than its owner may use it (mode {mode:03o})"
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_read_again_does_not_replace_that_of_settings_which_came_meanwhile() {
        let access = Access::open(&config::Access::default(), CancellationToken::new()).unwrap();
        let (before, other) = (access.in_force(), PathBuf::from("other.toml"));
        access.put(None, Some(other.clone()), Vec::new(), Vec::new());
        access.put(Some(&before), before.file.clone(), Vec::new(), Vec::new());
        assert_eq!(access.file(), Some(other.clone()));
        let before = access.in_force();
        access.put(Some(&before), None, Vec::new(), Vec::new());
        assert_eq!(access.file(), None);
    }
}
