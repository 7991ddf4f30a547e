//! The errors of calls and streams.

use std::time::Duration;

use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::causes::causes;
use crate::client::HandshakeFault;
use crate::domain::Reason;

/// The metadata of a refusal: the URL where operators reach the replica that takes the request.
const LEADER_ADDRESS: &str = "leader_address";

/// An invalid field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `filter.pairs[0]`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// Why a call or a stream failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The URL is malformed.
    #[error("`{url}` is not the URL of a server: {reason}")]
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificate authorities to trust cannot be used.
    #[error("the certificate authorities cannot be used: {0}")]
    Authorities(String),
    /// The certificate of the client cannot be used.
    #[error("the certificate of the client cannot be used: {0}")]
    Identity(String),
    /// The key of the client cannot be used. The text does not have it.
    #[error("the access key cannot be used: {0}")]
    Key(String),
    /// The key would be sent without TLS over a network.
    #[error(
        "the access key would be sent to {url} in the clear, where every network on the way can read it"
    )]
    ExposedKey {
        /// The server.
        url: String,
    },
    /// The server accepted a connection that cannot be used.
    #[error("no connection to {url}: {fault}")]
    Handshake {
        /// The server.
        url: String,
        /// Why it cannot be used.
        fault: HandshakeFault,
    },
    /// There is no connection to the server.
    #[error("no connection to {url}: {reason}")]
    Unreachable {
        /// The server.
        url: String,
        /// The error of the system.
        reason: String,
    },
    /// The server accepted the call, and sent nothing until the deadline.
    #[error("{url} did not respond within {after:?}")]
    Silent {
        /// The server.
        url: String,
        /// The deadline.
        after: Duration,
    },
    /// The server answered with an error.
    #[error("{}", refusal_text(.message, .violations))]
    Refused {
        /// The status code.
        code: Code,
        /// The server's message.
        message: String,
        /// The machine-readable reason; none when there is none, or when this version does not know it.
        reason: Option<Reason>,
        /// The invalid fields of the request.
        violations: Vec<Violation>,
        /// The least delay before a retry.
        retry_after: Option<Duration>,
        /// Where operators reach the replica that takes the request in place of this one, if the server says.
        leader_address: Option<String>,
    },
}

fn refusal_text(message: &str, violations: &[Violation]) -> String {
    if violations.is_empty() {
        return message.to_owned();
    }
    let texts = violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field, violation.description));
    texts.collect::<Vec<_>>().join("; ")
}

impl ClientError {
    /// Reads a status. A status that the transport made up, and no server sent, has a cause.
    pub(super) fn of(url: &str, status: &Status) -> Self {
        // The innermost cause says most: `Connection refused` rather than `transport error`.
        if let Some(cause) = causes(status).last() {
            let url = url.to_owned();
            return match HandshakeFault::of(status, url.starts_with("https://")) {
                Some(fault) => Self::Handshake { url, fault },
                None => Self::Unreachable {
                    url,
                    reason: cause.to_string(),
                },
            };
        }
        let details = status.get_error_details();
        let violations = details.bad_request().into_iter();
        let violations = violations.flat_map(|bad| &bad.field_violations);
        let info = details.error_info();
        let leader_address = info.and_then(|info| info.metadata.get(LEADER_ADDRESS).cloned());
        let message = match status.message() {
            "" => format!("{url} responded: {}", status.code().description()),
            message => message.to_owned(),
        };
        Self::Refused {
            code: status.code(),
            message,
            reason: info.and_then(|info| Reason::parse(&info.reason)),
            leader_address,
            violations: violations
                .map(|violation| Violation {
                    field: violation.field.clone(),
                    description: violation.description.clone(),
                })
                .collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }

    /// Whether a retry of the same request would fail in the same way.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::Authorities(_)
            | Self::Identity(_)
            | Self::Key(_)
            | Self::ExposedKey { .. }
            | Self::Refused {
                reason: Some(Reason::MessageTooLarge),
                ..
            } => true,
            // A certificate that expired is renewed, and a proxy that is set up wrongly is corrected.
            Self::Handshake { .. } | Self::Unreachable { .. } | Self::Silent { .. } => false,
            Self::Refused { code, .. } => matches!(
                code,
                Code::InvalidArgument
                    | Code::Unimplemented
                    | Code::Unauthenticated
                    | Code::PermissionDenied
            ),
        }
    }

    /// Whether a stream ended because it reached its maximum age, as every stream does.
    pub(super) fn is_planned(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                reason: Some(Reason::StreamAged),
                ..
            }
        )
    }

    /// Whether another replica may answer the same request: this server is not reached, or cannot answer now.
    pub(super) fn is_of_one_server(&self) -> bool {
        match self {
            Self::Handshake { .. } | Self::Unreachable { .. } | Self::Silent { .. } => true,
            Self::Refused { code, .. } => *code == Code::Unavailable,
            Self::BadUrl { .. }
            | Self::Authorities(_)
            | Self::Identity(_)
            | Self::Key(_)
            | Self::ExposedKey { .. } => false,
        }
    }

    /// Whether the request itself is invalid, for any server.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::Authorities(_)
            | Self::Identity(_)
            | Self::Key(_)
            | Self::ExposedKey { .. } => true,
            Self::Handshake { .. } | Self::Unreachable { .. } | Self::Silent { .. } => false,
            Self::Refused { code, .. } => *code == Code::InvalidArgument,
        }
    }

    /// Where operators reach the replica that takes the request in place of this one, if the server says.
    pub(super) fn leader_address(&self) -> Option<&str> {
        match self {
            Self::Refused {
                reason: Some(Reason::NotLeader),
                leader_address,
                ..
            } => leader_address.as_deref(),
            _ => None,
        }
    }

    /// The least delay before a retry, if the server demands one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::BadUrl { .. }
            | Self::Authorities(_)
            | Self::Identity(_)
            | Self::Key(_)
            | Self::ExposedKey { .. }
            | Self::Handshake { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. } => None,
        }
    }
}
