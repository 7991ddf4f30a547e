//! What the service tells of itself in numbers, in the format of Prometheus.
//!
//! A [`Page`] is written each time it is read, by parts that [`Collect`] what is in memory already. What nothing else keeps
//! is counted here, in atomics that are never read but by the page.
//!
//! Floats are permitted in this module alone, because the format has no other numbers. No rate is computed from one, and
//! none comes back from here.
//!
#![doc = include_str!("telemetry/README.md")]

mod calls;
mod counter;
mod counts;
mod exposition;
mod handshakes;
mod histogram;
mod number;
mod page;
mod process;
mod refusals;
mod streams;

pub use calls::{CallCounts, PendingCall};
pub use counter::{Counter, Gauge};
pub use counts::{
    CommitCounts, CountsByWebhook, DeliveryCounts, LedgerCounts, SourceCounts, Waiting,
};
pub use exposition::{Exposition, Format};
pub use handshakes::HandshakeCounts;
pub use histogram::Histogram;
pub use number::Number;
pub use page::{Collect, Label, Page, UNLABELLED};
pub use process::{Process, resident_bytes};
pub use refusals::KeyRefusals;
pub use streams::{
    OpenConnection, OpenStream, PortCounts, RefusedConnections, RefusedStreams, ResumeCounts,
    StreamCounts, Transport, TransportCounts,
};
