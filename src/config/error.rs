//! The errors of a configuration, with the place to correct.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::variables::variable_of;

/// Settings of earlier versions that were removed.
const REMOVED_KEYS: &[&str] = &["server.gather_writes", "server.shared_encoding"];

/// The place a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from one.
    File {
        /// The file.
        path: PathBuf,
        /// The line of the value.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// It is not set.
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

/// The error of a configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: not TOML: {message}")]
    Syntax {
        /// The place.
        origin: Origin,
        /// The message of the parser.
        message: String,
    },
    /// The key is unknown.
    #[error("`{key}` ({origin}) is not a setting{}", nearest_text(.nearest.as_deref()))]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The place.
        origin: Origin,
        /// The most similar known key or variable; `None` when none is similar.
        nearest: Option<String>,
    },
    /// The value is not accepted.
    #[error("`{key}` ({origin}): {reason}; accepted: {accepted}")]
    Value {
        /// The key.
        key: String,
        /// The place.
        origin: Origin,
        /// What is wrong with the value. It never contains a secret.
        reason: String,
        /// The accepted values.
        accepted: String,
    },
}

/// Everything that is wrong with a configuration: at least one error.
#[derive(Debug)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// `None` if nothing is wrong.
    pub(super) fn new(errors: Vec<ConfigError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self { errors })
    }

    /// The errors, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.errors.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        let errors = vec![error];
        Self { errors }
    }
}

impl fmt::Display for ConfigErrors {
    /// One error a line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

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
        format!("; did you mean `{nearest}`?")
    })
}
