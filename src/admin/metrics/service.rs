//! The service as a whole.

use std::fmt;

use crate::board::BoardReader;
use crate::clock::Clock;
use crate::telemetry::{Collect, Page};

#[derive(Debug)]
pub(super) struct ServiceMetrics {
    board: BoardReader,
    clock: Clock,
}

impl ServiceMetrics {
    pub(super) fn new(board: BoardReader, clock: Clock) -> Self {
        Self { board, clock }
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
        page.gauge(names, Some(self.board.snapshot().position.revision))
    }
}
