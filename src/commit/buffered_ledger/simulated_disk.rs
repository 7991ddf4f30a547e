//! A disk that a simulation fills. Writing and reading it takes no time of the simulation, however slow the machine is, and
//! nothing else happens meanwhile.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::commit::BufferedLedger;
use crate::commit::buffered_ledger::Open;
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
        let written = at_one_instant(writing);
        // What befalls the service may befall it between a write and what follows.
        tokio::task::yield_now().await;
        written
    }
}

impl BufferedLedger {
    /// Sets that the file lies on the disk of a simulation.
    #[must_use]
    pub fn on(mut self, disk: SimulatedDisk) -> Self {
        self.disk = Some(disk);
        self.open = self.open.map(|open| Open {
            reader: open.reader.on_this_thread(),
            ..open
        });
        self
    }
}

/// Waits for what another thread does, and lets nothing else run on this one meanwhile: neither the order of tasks nor a paused
/// clock depends on how long that takes.
pub(super) fn at_one_instant<T>(work: impl Future<Output = T>) -> T {
    // Without the cooperative budget of the runtime, which only a turn of another task renews.
    let mut work = pin!(tokio::task::unconstrained(work));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
