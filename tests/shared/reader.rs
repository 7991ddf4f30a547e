//! A reader who watches the dollar at replicas in turn, and compares what comes with what came before.

use std::time::Duration;

use silkrate::client::{Backoff, Client, Watch, WatchEvent, WatchOptions};
use silkrate::pb::{Position, Rate};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::replicas::PATIENCE;

/// What a reader received.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Received {
    pub(crate) position: Option<Position>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) snapshots: usize,
    pub(crate) updates: usize,
    /// How often it began to read at another replica than before.
    pub(crate) moves: usize,
    /// How often a revision or a day came that is older than the one before it.
    pub(crate) older: usize,
    /// How many updates were to another position than that which it held.
    pub(crate) misplaced: usize,
}

/// A reader, until it is dropped.
pub(crate) struct Reader {
    received: watch::Receiver<Received>,
    _task: JoinSet<()>,
}

impl Reader {
    /// Reads at these replicas, which one it reaches.
    pub(crate) fn start(urls: &[String]) -> Self {
        let options = WatchOptions {
            pairs: vec!["USD/KZT".to_owned()],
            backoff: Backoff {
                first: Duration::from_millis(10),
                max: Duration::from_millis(200),
            },
            ..WatchOptions::default()
        };
        let watch = Watch::new(Client::new(&urls.join(",")).unwrap(), options);
        let (sender, received) = watch::channel(Received::default());
        let mut task = JoinSet::new();
        task.spawn(read(watch, sender));
        Self {
            received,
            _task: task,
        }
    }

    /// Waits until what it received is so.
    pub(crate) async fn until(&mut self, is_so: impl Fn(&Received) -> bool) -> Received {
        let received = tokio::time::timeout(PATIENCE, self.received.wait_for(is_so)).await;
        let received = received.map(|received| received.unwrap().clone());
        received.unwrap_or_else(|_elapsed| panic!("{:?}", self.received.borrow()))
    }
}

impl Received {
    /// Whether it holds this revision of an epoch, or a later one.
    pub(crate) fn has(&self, epoch: &str, revision: u64) -> bool {
        let held = self.position.as_ref();
        held.is_some_and(|held| held.epoch == epoch && held.revision >= revision)
    }

    /// Whether it holds rates of this day, or of a later one.
    pub(crate) fn has_day(&self, day: &str) -> bool {
        let mut days = self
            .rates
            .iter()
            .filter_map(|rate| rate.effective_date.as_deref());
        days.any(|held| held >= day)
    }
}

async fn read(mut watch: Watch, sender: watch::Sender<Received>) {
    let (mut received, mut url) = (Received::default(), None);
    loop {
        match watch.next().await.unwrap() {
            WatchEvent::Snapshot => received.snapshots += 1,
            WatchEvent::Update { after, .. } => {
                received.updates += 1;
                received.misplaced += usize::from(after != received.position);
            }
            WatchEvent::Opening { .. } => {
                let moved = url.replace(watch.url().to_owned());
                received.moves += usize::from(moved.is_some_and(|moved| moved != watch.url()));
            }
            WatchEvent::Heartbeat(_) | WatchEvent::Disconnected { .. } => continue,
        }
        let (position, rates) = (watch.position().cloned(), watch.rates().to_vec());
        received.older += usize::from(is_older(&received, position.as_ref(), &rates));
        (received.position, received.rates) = (position, rates);
        sender.send_replace(received.clone());
    }
}

/// Whether a position or its rates are older than what a reader received.
fn is_older(received: &Received, position: Option<&Position>, rates: &[Rate]) -> bool {
    let (Some(before), Some(position)) = (&received.position, position) else {
        return false;
    };
    let days = received.rates.iter().zip(rates);
    let mut days = days.map(|(before, rate)| (&before.effective_date, &rate.effective_date));
    position.epoch == before.epoch && position.revision < before.revision
        || days.any(|(before, day)| day < before)
}
