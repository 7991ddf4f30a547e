//! The part with TLS, beside the same without it.

use std::io;
use std::time::Duration;

use super::{DESCRIPTORS_SPARE, Figures, PAIRS, Plan, kibibytes, times};
use crate::servers::Design;
use crate::{fanout, handshakes};

impl Plan {
    /// Handshakes, calls and subscribers over TLS.
    pub(super) fn tls(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{Ours, OursTls};
        let count = if self.is_quick { 500 } else { 3000 };
        for (is_resuming, what) in [(false, "whole"), (true, "resumed")] {
            let cost = handshakes::cost(count, is_resuming)?;
            let each_second = 1_000_000_000 / cost.max(1);
            figures.print(&format!(
                "  ours-tls    {what} handshakes: {cost} ns for a connection, {each_second} each second on one core"
            ))?;
        }
        let costs = self.calls(figures, (PAIRS, 10), &[Ours, OursTls])?;
        let cost = |design: Design| costs.get(design.name()).copied();
        if let Some(value) = times(cost(OursTls), cost(Ours)) {
            let what = "CPU time per call over TLS, 5 pairs, concurrency 10, relative to plain";
            figures.add("", what, None, value);
        }
        let room = self.descriptors.saturating_sub(DESCRIPTORS_SPARE);
        let shape = fanout::Shape {
            pairs: PAIRS,
            connections: room.min(if self.is_quick { 500 } else { 2000 }),
            streams: 1,
            publications: if self.is_quick { 5 } else { 15 },
            pause: Duration::from_millis(200),
        };
        let found = Self::publications(figures, &shape, &[Ours, OursTls])?;
        let cost = |design: Design| found.get(design.name()).map(|outcome| outcome.cost);
        if let Some(value) = times(cost(OursTls), cost(Ours)) {
            let what = "CPU time per message over TLS, one connection each, relative to plain";
            figures.add("G19", what, Some(1600), value);
        }
        if let Some(secure) = found.get(OursTls.name()) {
            let what = "memory per idle subscriber over TLS, one connection each";
            figures.add("", what, None, kibibytes(secure.bytes_each));
        }
        Ok(())
    }
}
