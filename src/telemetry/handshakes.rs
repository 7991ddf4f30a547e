//! How the handshakes of TLS ended.

use crate::telemetry::Counter;

/// How the handshakes of a port ended. A peer that sent nothing at all began none.
#[derive(Debug, Default)]
pub struct HandshakeCounts {
    /// The connection is secure.
    pub completed: Counter,
    /// The peer spoke without TLS.
    pub plain: Counter,
    /// The client showed no certificate, or one that is not accepted.
    pub client_certificate: Counter,
    /// The client refused, most often the certificate of the port.
    pub refused: Counter,
    /// The client and the port have no version, algorithm or protocol in common.
    pub incompatible: Counter,
    /// What the peer sent is no handshake.
    pub malformed: Counter,
    /// The deadline passed.
    pub slow: Counter,
    /// The peer closed the connection.
    pub ended: Counter,
}

impl HandshakeCounts {
    /// The count of each outcome, with its name.
    pub fn by_outcome(&self) -> [(&'static str, &Counter); 8] {
        let Self {
            completed,
            plain,
            client_certificate,
            refused,
            incompatible,
            malformed,
            slow,
            ended,
        } = self;
        [
            ("completed", completed),
            ("plain", plain),
            ("client_certificate", client_certificate),
            ("refused", refused),
            ("incompatible", incompatible),
            ("malformed", malformed),
            ("slow", slow),
            ("ended", ended),
        ]
    }
}
