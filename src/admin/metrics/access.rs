//! The keys of clients: how many there are, whether their file can be used, and the requests that were refused for one.

use std::fmt;

use jiff::Timestamp;

use crate::access::Access;
use crate::telemetry::{Collect, Page};

/// The keys of clients.
#[derive(Debug)]
pub(super) struct AccessMetrics(pub(super) Access);

impl Collect for AccessMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let Self(access) = self;
        let usable = access.is_file_usable();
        let names = (
            "silkrate_access_keys",
            "Keys that are valid; absent without `access.keys`",
        );
        let valid = usable.map(|_| access.valid_keys(Timestamp::now()));
        page.gauge(
            names,
            valid.map(|keys| u64::try_from(keys).unwrap_or(u64::MAX)),
        )?;
        let names = (
            "silkrate_access_keys_file_usable",
            "1 while the keys file can be used, and 0 while the keys before are kept; absent without `access.keys`",
        );
        page.gauge(names, usable.map(u64::from))?;
        let refusals = access.refusals().flat_map(|(port, refusals)| {
            let port = port.as_str();
            let counts = refusals.by_reason();
            counts.map(|(reason, count)| ([("port", port), ("reason", reason)], count))
        });
        let names = (
            "silkrate_access_refusals",
            "Requests that were refused for their key, by port and reason",
        );
        page.counters(names, refusals)
    }
}
