//! Why there is no document: told apart by what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use thiserror::Error as ThisError;

use crate::sources::printable;

/// How deep a chain of causes is followed; the deepest seen has seven.
const CAUSES_MAX: usize = 16;

/// Why there is no document. The text is for people and safe to print; it never contains a key.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum FetchError {
    /// The address cannot be asked.
    #[error("`{address}` is not a usable address: {reason}")]
    Address {
        /// The address, shortened.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key has characters that no header can carry.
    #[error("the key has characters that cannot be sent")]
    UnusableKey,
    /// The certificate authorities cannot be read.
    #[error("no certificate authorities: {0}")]
    Authorities(String),
    /// The client cannot be built.
    #[error("no client: {0}")]
    Client(String),
    /// There is no connection: no such name, nobody listens, no route.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection took too long.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// The certificate is expired, of another name, or of an authority that is not believed.
    #[error("certificate refused: {0}")]
    Certificate(String),
    /// There is a connection, and no TLS on it.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The bank fell silent.
    #[error("silent for {0:?}")]
    ReadTimeout(Duration),
    /// The answer took too long in all.
    #[error("no whole answer within {0:?}")]
    TotalTimeout(Duration),
    /// The connection broke, or what came over it was not HTTP.
    #[error("no whole answer: {0}")]
    Broken(String),
    /// The bank sends us elsewhere. We do not go.
    #[error("status {status}, a redirect to {target}")]
    Redirect {
        /// The status.
        status: u16,
        /// The target, without its query, shortened.
        target: String,
    },
    /// The bank answered with another status than 200.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long the bank asks us to wait, at most a day.
        retry_after: Option<Duration>,
    },
    /// The bank says that nothing changed, and we had nothing to compare with.
    #[error("status 304 without a document to compare with")]
    NothingToCompare,
    /// More than a mebibyte.
    #[error("a document of more than a mebibyte")]
    TooLarge,
    /// The document is encoded in a way that was not asked for.
    #[error("a document in the unknown encoding `{0}`")]
    ContentEncoding(String),
    /// The document says that it is compressed, and is not, or not as it says.
    #[error("a document that does not decompress: {0}")]
    Undecodable(String),
}

impl FetchError {
    /// Whether the bank has no such document.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }

    /// How long the bank asks us to wait, at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the bank's next document would fare no better: it cannot be reached, or does not want us now. After
    /// other failures the next document may still be well.
    pub fn ends_the_poll(&self) -> bool {
        match self {
            Self::Address { .. }
            | Self::UnusableKey
            | Self::Authorities(_)
            | Self::Client(_)
            | Self::Connect(_)
            | Self::ConnectTimeout(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::ReadTimeout(_)
            | Self::TotalTimeout(_)
            | Self::Broken(_) => true,
            Self::Status { status, .. } => matches!(status, 401 | 403 | 429 | 500..=599),
            Self::Redirect { .. }
            | Self::NothingToCompare
            | Self::TooLarge
            | Self::ContentEncoding(_)
            | Self::Undecodable(_) => false,
        }
    }
}

/// A failure below HTTP, by its causes. The caller has taken the address out of it.
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
        // Only a handshake can meet the end of a connection before there is one.
        None if error.is_connect() && causes.iter().any(|cause| is_end(*cause)) => {
            FetchError::Tls(deepest)
        }
        None if error.is_connect() => FetchError::Connect(deepest),
        // The client calls every failure within a body one of decoding. Below its own errors, those of the decoder
        // begin with an I/O error and those of the connection with one of the protocol.
        None if error.is_decode()
            && causes
                .iter()
                .find(|cause| !cause.is::<reqwest::Error>())
                .is_some_and(|cause| cause.is::<io::Error>()) =>
        {
            FetchError::Undecodable(deepest)
        }
        None => FetchError::Broken(deepest),
    }
}

/// Whether a cause is that the connection ended.
fn is_end(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::UnexpectedEof)
}

/// The causes of an error, outermost first, itself left out.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(cause(error), |error| cause(*error)).take(CAUSES_MAX)
}

/// What is behind an error. What an I/O error wraps counts as its cause.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
        Some(Some(inner)) => Some(inner),
        Some(None) | None => error.source(),
    }
}
