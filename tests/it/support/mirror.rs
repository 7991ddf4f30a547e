//! A replica that follows a board by records alone, and is compared with it at every position.

use std::sync::Arc;

use jiff::Timestamp;
use silkrate::board::BoardReader;
use silkrate::domain::{Cause, LedgerEntry, RateFilter, Snapshot};
use silkrate::shared::apply::{Origin, Replica};
use silkrate::shared::record::FORMAT;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The task that follows a board.
pub(crate) struct Mirror {
    stop: oneshot::Sender<()>,
    task: JoinSet<Following>,
}

/// What has been followed.
struct Following {
    replica: Replica,
    records: usize,
}

impl Mirror {
    pub(crate) fn start(board: &BoardReader) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let (snapshot, mut queue) = board.subscribe();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut following = Following::begin(&snapshot);
            loop {
                let next = tokio::select! {
                    biased;
                    next = queue.recv() => next,
                    _ = &mut stopped => return following,
                };
                match next {
                    Ok(snapshot) => following.follow(&snapshot),
                    // The commits were faster than this task: it begins again with the next one.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return following,
                }
            }
        });
        Self { stop, task }
    }

    /// Compares the state at the end, and returns the number of records that were applied.
    pub(crate) async fn end(mut self, board: &BoardReader) -> usize {
        self.stop.send(()).unwrap();
        let following = self.task.join_next().await.unwrap().unwrap();
        let (mirrored, published) = (&following.replica.snapshot, board.snapshot());
        assert_eq!(mirrored.position, published.position);
        assert_eq!(rows(mirrored, None), rows(&published, None));
        following.records
    }
}

impl Following {
    fn begin(snapshot: &Arc<Snapshot>) -> Self {
        let mut following = Self {
            replica: Replica::before_the_log(Arc::clone(snapshot)),
            records: 0,
        };
        following.follow(snapshot);
        following
    }

    fn follow(&mut self, published: &Arc<Snapshot>) {
        let before = &self.replica.snapshot.position;
        let is_next = before.epoch != published.position.epoch
            || before.revision + 1 == published.position.revision;
        if !is_next && self.replica.seq > 0 {
            let records = self.records;
            *self = Self {
                records,
                ..Self::begin(published)
            };
            return;
        }
        let origin = Origin {
            node: "leader".to_owned(),
            build: "test".to_owned(),
            format: FORMAT,
        };
        let record = self
            .replica
            .record(published, &entry(published), None, &origin);
        let stored = record.encode().unwrap();
        let applied = self.replica.apply(&stored).unwrap();
        let mirrored = &applied.replica.snapshot;
        assert_eq!(mirrored.position, published.position);
        let after = (self.replica.seq > 0).then_some(before.revision);
        assert_eq!(rows(mirrored, after), rows(published, after));
        self.replica = applied.replica;
        self.records += 1;
    }
}

/// Everything that is served, or what is served to a client at an earlier revision, with every digit.
fn rows(snapshot: &Snapshot, after: Option<u64>) -> String {
    let all = RateFilter::parse(&["*/*"]).unwrap();
    if let Some(after) = after {
        return format!("{:?}", snapshot.update_since(after, &all));
    }
    let sources: Vec<_> = snapshot.sources().collect();
    format!("{:?} {sources:?}", snapshot.rates(&all))
}

fn entry(snapshot: &Snapshot) -> LedgerEntry {
    LedgerEntry::empty(
        snapshot.position.clone(),
        Timestamp::UNIX_EPOCH,
        Cause::Clock,
    )
}
