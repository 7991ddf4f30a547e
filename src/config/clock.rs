//! `[clock]`: a simulated clock.

use jiff::Timestamp;

/// `[clock]`
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The time at the start of the process.
    pub start: Timestamp,
    /// The factor by which it runs faster than real time; at least 1.
    pub speed: u32,
}
