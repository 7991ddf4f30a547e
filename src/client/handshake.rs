//! Why a connection could not be made ready for calls, though the server accepted it.

use std::error::Error;

use rustls::{AlertDescription, CertificateError};
use thiserror::Error as ThisError;
use tonic::ConnectError;

use crate::causes::{causes, is_end};

/// Why the client and a server that accepted its connection did not come to calls.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum HandshakeFault {
    /// The URL is `https://`, and the server does not speak TLS.
    #[error("the server does not speak TLS on this port")]
    NoTls,
    /// The URL is `http://`, and what the server sent is not HTTP/2. A server with TLS may also close the connection, which
    /// looks as if it had stopped.
    #[error("the server does not speak HTTP/2 without TLS on this port")]
    NotPlain,
    /// The server speaks TLS, and not HTTP/2 in it.
    #[error("the server does not speak HTTP/2 on this port, which gRPC needs")]
    NoHttp2,
    /// No trusted authority has signed the certificate.
    #[error("no trusted authority has signed the certificate of the server")]
    UnknownAuthority,
    /// The certificate is for other names.
    #[error("the certificate of the server is for another name: {0}")]
    OtherName(String),
    /// The certificate has another defect, such as a date that has passed.
    #[error("the certificate of the server is not valid: {0}")]
    Certificate(String),
    /// The server demands a certificate of the client.
    #[error("the server demands a certificate of the client")]
    NoClientCertificate,
    /// The server refused the certificate of the client.
    #[error("the server refused the certificate of the client: {0}")]
    ClientCertificate(&'static str),
    /// TLS failed for another reason.
    #[error("TLS failed: {0}")]
    Tls(String),
}

impl HandshakeFault {
    /// The fault behind an error of the transport, for a URL that is `https://` or not; none if it has another cause.
    pub(super) fn of(error: &(dyn Error + 'static), is_https: bool) -> Option<Self> {
        let causes = || causes(error);
        if is_https {
            let tls = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>());
            // Before the connection is established it can only end in place of the server's part of the handshake.
            let is_ended = || causes().any(<dyn Error>::is::<ConnectError>) && causes().any(is_end);
            return match tls {
                Some(error) => Some(Self::of_tls(error)),
                // After the handshake the error reaches the call as text: a server that refuses the certificate of a client
                // says so only then.
                None => causes()
                    .find_map(|cause| alert(&cause.to_string()))
                    .map(Self::of_alert)
                    .or_else(|| is_ended().then_some(Self::NoTls)),
            };
        }
        // Another protocol reads as a frame of a wrong size; silkrate itself says in the protocol of the client what is wrong.
        let is_secure = causes()
            .filter_map(|cause| cause.downcast_ref::<h2::Error>())
            .any(|error| match error.reason() {
                Some(h2::Reason::FRAME_SIZE_ERROR) => !error.is_remote(),
                Some(h2::Reason::INADEQUATE_SECURITY) => error.is_remote(),
                _ => false,
            });
        is_secure.then_some(Self::NotPlain)
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert),
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                Self::UnknownAuthority
            }
            rustls::Error::InvalidCertificate(
                name @ (CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }),
            ) => Self::OtherName(name.to_string()),
            rustls::Error::InvalidCertificate(defect) => Self::Certificate(defect.to_string()),
            other => Self::Tls(other.to_string()),
        }
    }

    /// What the server has against the client. Alerts about certificates are about that of the client: it has no other one.
    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::NoApplicationProtocol => Self::NoHttp2,
            AlertDescription::CertificateRequired => Self::NoClientCertificate,
            AlertDescription::UnknownCA => {
                Self::ClientCertificate("it trusts no authority that has signed it")
            }
            AlertDescription::CertificateExpired => {
                Self::ClientCertificate("it has expired, or is not valid yet")
            }
            AlertDescription::CertificateRevoked => Self::ClientCertificate("it is revoked"),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied => {
                Self::ClientCertificate("it is of another kind, or not for clients")
            }
            other => Self::Tls(rustls::Error::AlertReceived(other).to_string()),
        }
    }
}

/// The alerts of a server about the certificate of a client.
const ALERTS: [AlertDescription; 8] = [
    AlertDescription::CertificateRequired,
    AlertDescription::UnknownCA,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRevoked,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateUnknown,
    AlertDescription::AccessDenied,
];

/// The alert whose error has this text.
fn alert(text: &str) -> Option<AlertDescription> {
    let mut alerts = ALERTS.into_iter();
    alerts.find(|alert| text.ends_with(&rustls::Error::AlertReceived(*alert).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_has_expired_is_named_as_such() {
        let error = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let fault = HandshakeFault::of_tls(&error);
        assert!(matches!(fault, HandshakeFault::Certificate(_)), "{fault:?}");
    }
}
