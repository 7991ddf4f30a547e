//! Keys of clients, in a file of a test.

use std::path::PathBuf;

use jiff::Timestamp;
use silkrate::access::{Key, KeyLimits, KeysFile, NewKey, Scope};
use silkrate::config::Access;
use tempfile::TempDir;

/// A keys file in a folder of its own.
#[derive(Debug)]
pub(crate) struct Keys {
    folder: TempDir,
}

impl Keys {
    /// A file that is there, with no valid key.
    pub(crate) fn new() -> Self {
        let keys = Self {
            folder: TempDir::new().unwrap(),
        };
        keys.add("former", Scope::Read);
        keys.revoke("former");
        keys
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("keys.toml")
    }

    pub(crate) fn file(&self) -> KeysFile {
        KeysFile::new(&self.path())
    }

    /// Adds a key without an end.
    pub(crate) fn add(&self, name: &str, scope: Scope) -> Key {
        self.add_until(name, scope, None)
    }

    pub(crate) fn add_until(&self, name: &str, scope: Scope, expires: Option<Timestamp>) -> Key {
        let new = NewKey {
            name: name.to_owned(),
            scope,
            expires,
            limits: KeyLimits::default(),
        };
        self.file()
            .add(new, Timestamp::now(), |_key, _made| Ok(()))
            .unwrap()
            .0
    }

    pub(crate) fn revoke(&self, name: &str) {
        self.file().revoke(name, Timestamp::now()).unwrap();
    }

    /// The settings for the file.
    pub(crate) fn settings(&self, required: bool) -> Access {
        Access {
            keys: Some(self.path()),
            required,
            open_admin: false,
            requests_per_minute: None,
        }
    }
}

/// The value of the header that sends a key.
pub(crate) fn bearer(key: &Key) -> String {
    format!("Bearer {}", key.expose())
}
