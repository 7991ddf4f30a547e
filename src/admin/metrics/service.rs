//! The service as a whole.

use std::fmt;

use tokio::runtime::Handle;

use crate::board::BoardReader;
use crate::clock::Clock;
use crate::telemetry::{Collect, Page};

#[derive(Debug)]
pub(super) struct ServiceMetrics {
    board: BoardReader,
    clock: Clock,
    /// What runs the tasks; absent in a test without a runtime.
    runtime: Option<Handle>,
}

impl ServiceMetrics {
    pub(super) fn new(board: BoardReader, clock: Clock) -> Self {
        let runtime = Handle::try_current().ok();
        Self {
            board,
            clock,
            runtime,
        }
    }
}

impl Collect for ServiceMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        let names = ("silkrate_build", "The program that runs");
        page.info(names, &[("version", version)])?;
        let names = (
            "silkrate_clock_timestamp_seconds",
            "The clock of the service; a replay has its own",
        );
        page.gauge(names, Some(self.clock.now()))?;
        let names = ("silkrate_revision", "The revision that is served");
        page.gauge(names, Some(self.board.snapshot().position.revision))?;
        let names = (
            "silkrate_tasks",
            "Tasks that run: some for each connection and stream, and those of the service itself",
        );
        let tasks = self.runtime.as_ref().map(|runtime| {
            let alive = runtime.metrics().num_alive_tasks();
            u64::try_from(alive).unwrap_or(u64::MAX)
        });
        page.gauge(names, tasks)
    }
}
