//! Why a configuration is refused, in words that tell what to change.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::variables::variable_of;

/// Settings of earlier versions that were removed.
const REMOVED_KEYS: &[&str] = &["server.gather_writes", "server.shared_encoding"];

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from one.
    File {
        /// The file.
        path: PathBuf,
        /// The line the value stands on.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(formatter, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(formatter, "the variable {name}"),
            Self::Default => formatter.write_str("the default"),
        }
    }
}

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: not TOML: {message}")]
    Syntax {
        /// The place.
        origin: Origin,
        /// What the reader says.
        message: String,
    },
    /// There is no such key.
    #[error("`{key}` ({origin}) is not a setting{}", nearest_text(.nearest.as_deref()))]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The place.
        origin: Origin,
        /// The known key, or the known variable, that it was probably meant to be; none when all are far off.
        nearest: Option<String>,
    },
    /// The value cannot be taken.
    #[error("`{key}` ({origin}): {reason}; accepted: {accepted}")]
    Value {
        /// The key.
        key: String,
        /// The place.
        origin: Origin,
        /// What is wrong with the value. It never repeats a secret.
        reason: String,
        /// What would be right.
        accepted: String,
    },
}

impl ConfigError {
    /// Whether it is about a setting of an earlier version that was removed.
    pub fn is_removed_key(&self) -> bool {
        let Self::UnknownKey { key, .. } = self else {
            return false;
        };
        let mut removed = REMOVED_KEYS.iter();
        removed.any(|removed| removed == key || variable_of(removed) == *key)
    }
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; the nearest is `{nearest}`")
    })
}
