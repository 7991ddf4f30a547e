//! Random commits and random readers: the rows of a reader are always those that were served at its position.
//!
//! A plan is a list of steps: commits of any size (corrections, new days, currencies that vanish, banks that are lost), a
//! change of epoch, time that passes, and readers that connect with old, foreign and future positions, read a few frames,
//! read nothing, or disconnect. The queue of commits and the list of removals have two entries, so that every plan exceeds
//! both. Readers read the bytes of the wire, half of them from a service that shares encoded messages, half from one that
//! does not; [`reader`] checks each message.
//!
//! A few hundred plans in a normal run; `PROPTEST_CASES=50000 cargo test --test it model` for a long one, of some ten minutes.

mod plan;
mod reader;
mod world;

use std::time::Duration;

use proptest::prelude::*;

use crate::model::plan::{Step, plans};
use crate::model::reader::{INTERVAL, Reader};
use crate::model::world::{Ending, World};
use crate::support::boards::HEARTBEAT;

/// Readers of one plan.
const READERS: usize = 4;
/// A reader of a short plan never has more frames before it.
const FRAMES_MAX: usize = 1_000;

async fn run(steps: Vec<Step>) {
    let mut world = World::new();
    let mut readers: Vec<Reader> = (0..READERS).map(|_| Reader::default()).collect();
    for step in steps {
        match step {
            Step::Commits(changes) => {
                for change in changes {
                    world.commit(change);
                }
            }
            Step::Renew => world.renew(),
            Step::Wait(seconds) => pass(Duration::from_secs(u64::from(seconds))).await,
            Step::Connect { reader, terms } => readers[reader].connect(&mut world, &terms).await,
            Step::Disconnect { reader } => readers[reader].disconnect(),
            Step::Read { reader, frames } => {
                readers[reader].read(&mut world, usize::from(frames));
            }
        }
    }
    // Each reader reads all that is left, and once more after the longest interval.
    for reader in &mut readers {
        reader.read(&mut world, FRAMES_MAX);
    }
    pass(INTERVAL.max(HEARTBEAT)).await;
    for reader in &mut readers {
        if reader.read(&mut world, FRAMES_MAX) == Ending::Open {
            reader.assert_is_current(&world);
        }
    }
}

/// Advances the time, and runs the tasks that are due.
async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_reader_holds_what_was_served_at_its_position(steps in plans(READERS)) {
        fastrand::seed(7);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(steps));
    }
}
