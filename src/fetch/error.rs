//! The errors of a request, distinguished by what to do about them.

use std::error::Error;
use std::io;
use std::time::Duration;

use thiserror::Error as ThisError;

use crate::causes::{causes, is_end};
use crate::sources::printable;

/// Why a document could not be fetched. The text is safe to print and never contains a key.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum FetchError {
    /// The address is invalid.
    #[error("`{address}` is not a usable address: {reason}")]
    Address {
        /// The address, shortened.
        address: String,
        /// The reason.
        reason: String,
    },
    /// The key has characters that no header can carry.
    #[error("the key has characters that cannot be sent")]
    UnusableKey,
    /// The certificate authorities cannot be read.
    #[error("cannot read the certificate authorities: {0}")]
    Authorities(String),
    /// The client cannot be built.
    #[error("cannot build the HTTP client: {0}")]
    Client(String),
    /// The request was not sent: the source has been sent as many requests today as are allowed.
    #[error("the requests of the day are used up")]
    BudgetUsedUp,
    /// The connection failed: the name is unknown, no program listens, or there is no route.
    #[error("connection failed: {0}")]
    Connect(String),
    /// The proxy refuses the connection, or cannot be reached.
    #[error("connection through the proxy {proxy} failed: {reason}")]
    Proxy {
        /// Its URL, without a user and a password.
        proxy: String,
        /// The reason.
        reason: String,
    },
    /// The connection timed out.
    #[error("connection timed out after {0:?}")]
    ConnectTimeout(Duration),
    /// The certificate is expired, of another name, or of an unknown authority.
    #[error("certificate not trusted: {0}")]
    Certificate(String),
    /// The TLS handshake failed.
    #[error("TLS handshake failed: {0}")]
    Tls(String),
    /// The bank stopped sending.
    #[error("read timed out after {0:?}")]
    ReadTimeout(Duration),
    /// The request timed out as a whole.
    #[error("request timed out after {0:?}")]
    TotalTimeout(Duration),
    /// The connection broke, or what it carried was not HTTP.
    #[error("incomplete response: {0}")]
    Incomplete(String),
    /// The bank redirects to an address that is not followed.
    #[error("status {status}, a redirect to {target} that is not followed: {reason}")]
    Redirect {
        /// The status.
        status: u16,
        /// The target, without its query, shortened.
        target: String,
        /// Why it is not followed, and what to do.
        reason: &'static str,
    },
    /// The bank answered with another status than 200.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// The delay that the bank demands, at most a day.
        retry_after: Option<Duration>,
    },
    /// The bank answered 304 although no validators were sent.
    #[error("status 304 to an unconditional request")]
    UnexpectedNotModified,
    /// The document is longer than a mebibyte.
    #[error("document larger than 1 MiB")]
    TooLarge,
    /// The document has a content encoding that was not requested.
    #[error("unknown content encoding `{0}`")]
    ContentEncoding(String),
    /// The compressed document cannot be decompressed.
    #[error("cannot decompress the document: {0}")]
    Undecodable(String),
}

impl FetchError {
    /// Whether the bank answered that it has no such document.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }

    /// Whether the bank refuses this client: it wants a key, another plan, or fewer requests. Asking sooner than configured does
    /// not change that.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { status, .. } if matches!(status, 401 | 402 | 403 | 429))
    }

    /// The delay that the bank demands, at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a request for the bank's next document would fail too: the bank cannot be reached, or refuses the
    /// client. After other failures the next document may still be fine.
    pub fn affects_all_documents(&self) -> bool {
        match self {
            Self::Address { .. }
            | Self::UnusableKey
            | Self::Authorities(_)
            | Self::Client(_)
            | Self::BudgetUsedUp
            | Self::Connect(_)
            | Self::Proxy { .. }
            | Self::ConnectTimeout(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::ReadTimeout(_)
            | Self::TotalTimeout(_)
            | Self::Incomplete(_) => true,
            Self::Status { status, .. } => self.is_refusal() || matches!(status, 500..=599),
            Self::Redirect { .. }
            | Self::UnexpectedNotModified
            | Self::TooLarge
            | Self::ContentEncoding(_)
            | Self::Undecodable(_) => false,
        }
    }
}

/// Classifies an error below HTTP by its causes. The caller has removed the URL from it.
pub(super) fn transport(error: &reqwest::Error) -> FetchError {
    let causes: Vec<&(dyn Error + 'static)> = causes(error).collect();
    let deepest = causes.last().map_or_else(
        || printable(&error.to_string()),
        |cause| printable(&cause.to_string()),
    );
    let secure = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<rustls::Error>());
    match secure {
        Some(rustls::Error::InvalidCertificate(_)) => FetchError::Certificate(deepest),
        Some(_) => FetchError::Tls(deepest),
        // Only a handshake can reach the end of a connection that is not established.
        None if error.is_connect() && causes.iter().any(|cause| is_end(*cause)) => {
            FetchError::Tls(deepest)
        }
        None if error.is_connect() => FetchError::Connect(deepest),
        // The client reports every failure within a body as one of decoding. Below its own errors, those of the decoder
        // begin with an I/O error and those of the connection with one of the protocol.
        None if error.is_decode()
            && causes
                .iter()
                .find(|cause| !cause.is::<reqwest::Error>())
                .is_some_and(|cause| cause.is::<io::Error>()) =>
        {
            FetchError::Undecodable(deepest)
        }
        None => FetchError::Incomplete(deepest),
    }
}
