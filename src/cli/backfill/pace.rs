//! How politely a bank is asked for its past.

use std::time::Duration;

use crate::client::BackOff;

/// Between an answer and the next request to the same bank: four requests a second at most are well below what any of
/// the banks throttles, and a year of one still takes minutes.
const PAUSE: Duration = Duration::from_millis(250);
/// The most the first wait after a failure may take; it doubles with each failure in a row.
const BACK_OFF_FIRST: Duration = Duration::from_secs(2);
/// The most any wait may take: a person looks on.
const BACK_OFF_MOST: Duration = Duration::from_secs(60);
/// After so many failures in a row a bank is left: with the waits between them it has had a minute to come back.
const FAILURES_MAX: u32 = 6;
/// The longest wait a bank can ask for that is waited out; whoever asks for more is better asked another time.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// The pauses and limits of asking one bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The least time between an answer and the next request.
    pub pause: Duration,
    /// How the waits after failures grow.
    pub back_off: BackOff,
    /// After how many failures in a row the bank is given up.
    pub failures_max: u32,
    /// The longest wait that is waited out when the bank asks for one.
    pub wait_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pause: PAUSE,
            back_off: BackOff {
                first: BACK_OFF_FIRST,
                most: BACK_OFF_MOST,
            },
            failures_max: FAILURES_MAX,
            wait_max: WAIT_MAX,
        }
    }
}
