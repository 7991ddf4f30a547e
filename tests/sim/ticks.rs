//! The beginning of a run on a tick of the timers.

use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

/// The timers of the runtime fire at whole milliseconds since it was built.
const TICK: Duration = Duration::from_millis(1);
const TICK_NANOSECONDS: i64 = 1_000_000;

/// Advances the paused clock to a tick. Until it was paused the clock ran, for some microseconds that no seed decides; by that part of a tick
/// every instant of a run would be later, and some timers would fire a tick later than in another run.
pub(crate) async fn align() {
    // The part, in nanoseconds, is more than the first and at most the second.
    let (mut more_than, mut at_most) = (-1, TICK_NANOSECONDS - 1);
    while at_most - more_than > 1 {
        let middle = i64::midpoint(more_than, at_most);
        let begun = Instant::now();
        let rest = u64::try_from(TICK_NANOSECONDS - middle).unwrap();
        sleep(Duration::from_nanos(rest)).await;
        // If the part and the rest are more than a tick, the timer fires at the second one from here.
        if begun.elapsed() <= TICK {
            at_most = middle;
        } else {
            more_than = middle;
        }
    }
    let rest = u64::try_from(TICK_NANOSECONDS - at_most).unwrap();
    advance(Duration::from_nanos(rest)).await;
}
