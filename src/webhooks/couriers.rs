//! The tasks that deliver, one for each receiver, and their replacement while the service runs.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::webhooks::delivery::Courier;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::store::Store;
use crate::webhooks::turn::Turn;

/// The running couriers.
#[derive(Debug)]
pub(super) struct Couriers {
    store: Store,
    clock: Clock,
    turn: Turn,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    running: Vec<(Arc<Receiver>, CancellationToken)>,
}

impl Couriers {
    /// Starts a courier for each receiver. All of them end when `stop` is cancelled.
    pub(super) fn start(
        (store, clock, turn): (Store, Clock, Turn),
        receivers: Vec<Arc<Receiver>>,
        stop: CancellationToken,
    ) -> Self {
        let mut couriers = Self {
            store,
            clock,
            turn,
            stop,
            tasks: JoinSet::new(),
            running: Vec::new(),
        };
        for receiver in receivers {
            couriers.add(receiver);
        }
        couriers
    }

    fn add(&mut self, receiver: Arc<Receiver>) {
        let stop = self.stop.child_token();
        let courier = Courier::new(
            self.store.clone(),
            self.clock.clone(),
            Arc::clone(&receiver),
            self.turn.clone(),
        );
        self.tasks.spawn(courier.run(stop.clone()));
        self.running.push((receiver, stop));
    }

    /// Ends the couriers of the receivers that are not in a list, and starts those that are new. An attempt that is under way
    /// to a receiver of the list goes on; one to another is dropped, and its event waits in the file. One that has ended is
    /// recorded.
    pub(super) async fn replace(&mut self, receivers: Vec<Arc<Receiver>>) {
        let is_kept = |known: &Arc<Receiver>| receivers.iter().any(|kept| Arc::ptr_eq(kept, known));
        self.running.retain(|(known, stop)| {
            let is_kept = is_kept(known);
            if !is_kept {
                stop.cancel();
            }
            is_kept
        });
        // Two couriers of one webhook would send an event twice.
        while self.tasks.len() > self.running.len() {
            self.ended().await;
        }
        for receiver in receivers {
            let mut running = self.running.iter();
            if running.all(|(known, _)| !Arc::ptr_eq(known, &receiver)) {
                self.add(receiver);
            }
        }
    }

    /// Waits until a courier has ended. It never returns while there is none.
    ///
    /// # Panics
    /// If the courier panicked.
    pub(super) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            Some(_) => {}
        }
    }

    /// Waits until all couriers have ended.
    pub(super) async fn all_ended(mut self) {
        while !self.tasks.is_empty() {
            self.ended().await;
        }
    }
}
