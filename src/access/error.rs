//! Why the keys file cannot be used.

use std::path::PathBuf;

use thiserror::Error;

/// Why the keys file cannot be used or changed. No text contains a key or a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeysError {
    /// There is no such file.
    #[error("{}: there is no such file", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{}: it cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// What is in it is not a list of keys.
    #[error("{}, line {line}: {problem}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// It cannot be written.
    #[error("{}: it cannot be written: {reason}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// No key has the id or the name.
    #[error("no valid key has the id or the name `{}`", .0.escape_debug())]
    Unknown(String),
    /// Several valid keys have the name.
    #[error("{} valid keys have the name `{}`, with the ids {}", .ids.len(), .name.escape_debug(), .ids.join(" and "))]
    SeveralNamed {
        /// The name.
        name: String,
        /// Their ids, in the order of the file: the oldest first.
        ids: Vec<String>,
    },
    /// A key has the name already.
    #[error("there is a valid key with the name `{}` already", .0.escape_debug())]
    NameTaken(String),
    /// A text is no name.
    #[error("`{}` is no name of a key: it has 1 to 64 letters, digits, dots, hyphens and underscores", .0.escape_debug())]
    BadName(String),
    /// The file is full.
    #[error("the file has {0} keys, the maximum")]
    Full(usize),
    /// The key could not be shown.
    #[error("the new key cannot be printed, so the file is as it was: {0}")]
    NotShown(String),
    /// The system has no random bytes.
    #[error("the system has no random bytes for a key")]
    NoRandomness,
}

impl KeysError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing(_) => "`silkrate keys add NAME` makes it with its first key",
            Self::Unreadable { .. } => {
                "the user of the service must be able to read it, and no other: chown and chmod 600"
            }
            Self::Wrong { .. } => {
                "correct the line, or restore the file from a copy; `silkrate keys` changes it without mistakes"
            }
            Self::Unwritable { .. } => {
                "run the command as the user who owns the file and its folder"
            }
            Self::Unknown(_) => "`silkrate keys list` prints all of them",
            Self::SeveralNamed { .. } => {
                "name one by its id: the last one is the newest, and `silkrate keys list` prints when each was made"
            }
            Self::NameTaken(_) => {
                "choose another name, or replace that key: `silkrate keys rotate NAME`"
            }
            Self::BadName(_) => "choose a name such as news-desk",
            Self::Full(_) => "remove entries of keys that are revoked or expired from the file",
            Self::NotShown(_) => "run the command again, with an output that takes the key",
            Self::NoRandomness => "try again; if it lasts, the system is broken",
        }
    }
}
