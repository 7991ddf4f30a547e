//! A disk that a simulation fills. While it is written, the paused clock of the runtime stands still: a write takes no time of
//! the simulation, however slow the machine is.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use crate::commit::BufferedLedger;
use crate::ledger::LedgerError;

/// The disk below the ledger of a simulation. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk {
    is_full: Arc<AtomicBool>,
}

impl SimulatedDisk {
    /// Fills the disk, or frees it.
    pub fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// A write to a file on this disk.
    pub(super) async fn write(
        &self,
        path: Option<&Path>,
        writing: impl Future<Output = Result<(), LedgerError>>,
    ) -> Result<(), LedgerError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(LedgerError::Full {
                path: path.unwrap_or(Path::new("memory")).to_owned(),
                reason: "the simulation filled the disk".to_owned(),
            });
        }
        at_one_instant(writing).await
    }
}

impl BufferedLedger {
    /// Sets that the file lies on the disk of a simulation.
    #[must_use]
    pub fn on(self, disk: SimulatedDisk) -> Self {
        Self {
            disk: Some(disk),
            ..self
        }
    }
}

/// Awaits what another thread does. A runtime does not advance its paused clock while a blocking task runs.
pub(super) async fn at_one_instant<T>(work: impl Future<Output = T>) -> T {
    let (end, ended) = mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || ended.recv().is_err());
    let done = work.await;
    drop(end);
    // The clock may go on only when that task has ended.
    drop(holding.await);
    done
}
