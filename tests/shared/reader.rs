//! A reader who watches the dollar at replicas in turn, and holds what it is told to what it was told before.

use std::time::Duration;

use silkrate::client::{Backoff, Client, Watch, WatchEvent, WatchOptions};
use silkrate::pb::{Position, Rate};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::replicas::PATIENCE;

/// What a reader was told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
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
    told: watch::Receiver<Told>,
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
        let (sender, told) = watch::channel(Told::default());
        let mut task = JoinSet::new();
        task.spawn(read(watch, sender));
        Self { told, _task: task }
    }

    /// Waits until it was told so.
    pub(crate) async fn until(&mut self, is_so: impl Fn(&Told) -> bool) -> Told {
        let told = tokio::time::timeout(PATIENCE, self.told.wait_for(is_so)).await;
        let told = told.map(|told| told.unwrap().clone());
        told.unwrap_or_else(|_elapsed| panic!("{:?}", self.told.borrow()))
    }
}

impl Told {
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

async fn read(mut watch: Watch, sender: watch::Sender<Told>) {
    let (mut told, mut url) = (Told::default(), None);
    loop {
        match watch.next().await.unwrap() {
            WatchEvent::Snapshot => told.snapshots += 1,
            WatchEvent::Update { after, .. } => {
                told.updates += 1;
                told.misplaced += usize::from(after != told.position);
            }
            WatchEvent::Opening { .. } => {
                let moved = url.replace(watch.url().to_owned());
                told.moves += usize::from(moved.is_some_and(|moved| moved != watch.url()));
            }
            WatchEvent::Heartbeat(_) | WatchEvent::Disconnected { .. } => continue,
        }
        let (position, rates) = (watch.position().cloned(), watch.rates().to_vec());
        told.older += usize::from(is_older(&told, position.as_ref(), &rates));
        (told.position, told.rates) = (position, rates);
        sender.send_replace(told.clone());
    }
}

/// Whether a position or its rates are older than what a reader was told.
fn is_older(told: &Told, position: Option<&Position>, rates: &[Rate]) -> bool {
    let (Some(before), Some(position)) = (&told.position, position) else {
        return false;
    };
    let days = told.rates.iter().zip(rates);
    let mut days = days.map(|(before, rate)| (&before.effective_date, &rate.effective_date));
    position.epoch == before.epoch && position.revision < before.revision
        || days.any(|(before, day)| day < before)
}
