//! The ports that speak TLS: when their certificates end, and how handshakes ended.

use std::fmt;

use crate::telemetry::{Collect, Page};
use crate::tls::Certificates;

/// The certificates of the ports.
#[derive(Debug)]
pub(super) struct TlsMetrics(pub(super) Certificates);

impl Collect for TlsMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let Self(certificates) = self;
        let names = (
            "silkrate_certificate_expiry_timestamp_seconds",
            "When the certificate of a port ends, by the clock of the machine",
        );
        let ends = certificates.ports();
        let ends = ends.map(|(port, tls)| ([("port", port)], tls.validity().ends));
        page.gauges(names, ends)?;
        let handshakes = certificates.ports().flat_map(|(port, tls)| {
            let counts = tls.counts.by_outcome();
            counts.map(|(outcome, count)| ([("port", port), ("outcome", outcome)], count))
        });
        let names = (
            "silkrate_tls_handshakes",
            "Handshakes of TLS on a port, by how they ended",
        );
        page.counters(names, handshakes)
    }
}
