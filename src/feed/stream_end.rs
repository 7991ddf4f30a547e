//! The ends of streams.

use thiserror::Error;

use crate::domain::Refusal;

/// Why a stream ends. A stream always ends with an error, never with OK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamEnd {
    /// The service is shutting down.
    #[error("the server is shutting down")]
    Draining,
    /// Too much waits to be read.
    #[error("{bytes_max} bytes wait to be read, the maximum")]
    Unread {
        /// The maximum.
        bytes_max: usize,
    },
    /// The stream has reached its maximum age.
    #[error("the stream has reached its maximum age")]
    Aged,
    /// The key with which it was opened was revoked or has expired.
    #[error("the key of the stream was revoked or has expired")]
    KeyEnded,
    /// It was opened without a key, and now every reader needs one.
    #[error("a key is required now")]
    KeyRequired,
}

impl From<StreamEnd> for Refusal {
    fn from(end: StreamEnd) -> Self {
        match end {
            StreamEnd::Draining => Self::Draining,
            StreamEnd::Unread { bytes_max } => Self::AnswersUnread { bytes_max },
            StreamEnd::Aged => Self::StreamAged,
            StreamEnd::KeyEnded => Self::KeyEnded,
            StreamEnd::KeyRequired => Self::KeyRequired { needed: "read" },
        }
    }
}
