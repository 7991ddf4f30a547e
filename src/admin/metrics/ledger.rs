//! The ledger: whether it is written, what waits for it, and its size.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use tokio::sync::watch;

use crate::commit::LedgerHealth;
use crate::telemetry::{Collect, LedgerCounts, Page, UNLABELLED};

#[derive(Debug)]
pub(super) struct LedgerMetrics {
    health: watch::Receiver<LedgerHealth>,
    counts: Arc<LedgerCounts>,
    path: Option<PathBuf>,
}

impl LedgerMetrics {
    pub(super) fn new(
        health: watch::Receiver<LedgerHealth>,
        counts: Arc<LedgerCounts>,
        path: Option<PathBuf>,
    ) -> Self {
        Self {
            health,
            counts,
            path,
        }
    }
}

impl Collect for LedgerMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "silkrate_ledger_append_duration_seconds",
            "How long the ledger took to append each entry, or to refuse it",
        );
        page.histograms(names, [(UNLABELLED, &self.counts.appends)])?;
        let names = (
            "silkrate_ledger_failures",
            "Attempts to write to the ledger, or to open it again, that failed",
        );
        page.counter(names, Some(&self.counts.failures))?;
        let LedgerHealth { error, unsaved } = self.health.borrow().clone();
        let names = (
            "silkrate_ledger_writable",
            "One while the ledger is written, zero while entries are kept in memory",
        );
        page.gauge(names, Some(error.is_none()))?;
        let names = (
            "silkrate_ledger_unsaved_entries",
            "Entries in memory that are not in the ledger",
        );
        page.gauge(names, Some(unsaved))?;
        let names = (
            "silkrate_ledger_lost_entries",
            "Entries that were dropped from the full buffer before the ledger could be written",
        );
        page.counter(names, Some(&self.counts.lost_entries))?;
        let names = (
            "silkrate_ledger_size_bytes",
            "The file of the ledger, and what is not folded into it yet",
        );
        page.gauge(names, self.path.as_deref().and_then(size))
    }
}

/// The bytes of the file and of its log, which is absent at times.
fn size(path: &Path) -> Option<u64> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = fs::metadata(log).map_or(0, |log| log.len());
    fs::metadata(path).ok()?.len().checked_add(log)
}
