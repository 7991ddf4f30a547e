//! The commit task of a replica, with a test in the place of the log.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::{Span, Timestamp};
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::commit::{
    Beginning, BufferedLedger, Commit, CommitHandle, FollowedStep, LedgerHealth, Proposal,
    Proposer, Submission, SubmitOutcome,
};
use silkrate::domain::{Intent, LogStep, Pair, Preference, RateFilter, Table};
use silkrate::ledger::{ClockKind, LedgerReader};
use silkrate::shared::apply::{Origin, Replica};
use silkrate::shared::log::{Double, Faults, Log, SharedStore};
use silkrate::shared::members::State;
use silkrate::shared::node::{Node, NodeSettings, REVERTIBLE_FOR, Status};
use silkrate::shared::record::FORMAT;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::replicas::{LOG, NBK, PATIENCE, bank, table};

/// A commit task, and the proposals that it makes.
pub(crate) struct Task {
    pub(crate) commit: CommitHandle,
    pub(crate) board: BoardReader,
    health: watch::Receiver<LedgerHealth>,
    pub(crate) readers: watch::Receiver<Option<LedgerReader>>,
    proposals: mpsc::Receiver<Proposal>,
    /// What the log leads to.
    pub(crate) replica: Replica,
    stop: CancellationToken,
    run: JoinSet<()>,
}

impl Task {
    pub(crate) async fn start(ledger: BufferedLedger, now: &str) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let clock = Clock::replay_until(now, 1, now);
        let ticker = (vec![Preference::Home], RateFilter::default());
        let ledger = ledger.sharing_log();
        let opened = Commit::open_replica(vec![bank()], ticker, ledger, clock, None);
        let (task, commit) = opened.await;
        let (board, health) = (task.board(), task.ledger_health());
        let readers = task.ledger();
        let (stop, mut run) = (CancellationToken::new(), JoinSet::new());
        run.spawn(task.run(stop.clone()));
        let (_proposer, proposals) = Proposer::new();
        Self {
            replica: Replica::before_the_log(board.snapshot()),
            commit,
            board,
            health,
            readers,
            proposals,
            stop,
            run,
        }
    }

    pub(crate) async fn in_memory(now: &str) -> Self {
        let ledger = BufferedLedger::open(None, ClockKind::Replay).unwrap();
        Self::start(ledger, now).await
    }

    pub(crate) async fn lead(&mut self) {
        let (proposer, proposals) = Proposer::new();
        self.proposals = proposals;
        let beginning = if self.replica.seq == 0 {
            Beginning::First
        } else {
            Beginning::Continued
        };
        self.commit.lead(proposer, beginning).await.unwrap();
    }

    /// The next proposal; `None` if the task gave its lead up.
    pub(crate) async fn proposal(&mut self) -> Option<Proposal> {
        let next = tokio::time::timeout(PATIENCE, self.proposals.recv());
        next.await.unwrap()
    }

    /// Accepts a proposal, as the log does.
    pub(crate) fn accept(&mut self, proposal: Proposal) -> FollowedStep {
        let origin = Origin {
            node: "test".to_owned(),
            build: "test".to_owned(),
            format: FORMAT,
        };
        let Proposal {
            entry,
            snapshot,
            accepted,
        } = proposal;
        let record = self.replica.record(&snapshot, &entry, None, &origin);
        let applied = self.replica.apply(&record.encode().unwrap()).unwrap();
        let step = LogStep {
            log: LOG.into(),
            seq: applied.replica.seq,
            chain: applied.replica.chain.fingerprint(),
            is_whole: applied.record.is_whole,
            shown: applied.record.served.clone(),
        };
        let snapshot = Arc::clone(&applied.replica.snapshot);
        self.replica = applied.replica;
        accepted.send(step.clone()).unwrap();
        FollowedStep {
            entry: applied.entry,
            step,
            snapshot,
            is_shown: true,
        }
    }

    /// Submits tables, in a task of its own: their commit waits for the log.
    pub(crate) fn submit(&self, tables: Vec<Table>) -> JoinSet<SubmitOutcome> {
        let (commit, mut task) = (self.commit.clone(), JoinSet::new());
        let submission = Submission {
            source: NBK,
            tables,
            intent: Intent::AnyDate,
            attempt_ended: true,
            is_live: true,
            answered: Vec::new(),
        };
        task.spawn(async move { commit.submit(submission).await.unwrap() });
        task
    }

    /// Files tables, and accepts every proposal until they are filed.
    pub(crate) async fn file(&mut self, tables: Vec<Table>) -> Vec<FollowedStep> {
        let (mut filed, mut steps) = (self.submit(tables), Vec::new());
        loop {
            tokio::select! {
                outcome = filed.join_next() => {
                    assert!(outcome.unwrap().unwrap().revision.is_some());
                    return steps;
                }
                proposal = self.proposals.recv() => steps.push(self.accept(proposal.unwrap())),
            }
        }
    }

    /// Runs the replica over a log.
    fn join(
        &self,
        log: &Log,
        node: &str,
        may_lead: bool,
    ) -> (JoinSet<()>, watch::Receiver<Status>) {
        let settings = NodeSettings {
            log: LOG.into(),
            origin: Origin {
                node: node.to_owned(),
                build: "test".to_owned(),
                format: FORMAT,
            },
            admin_address: String::new(),
            may_lead,
            revertible_for: REVERTIBLE_FOR,
            clock: Clock::real(),
            lease: Duration::from_secs(600),
        };
        let node = Node::new(
            log.clone(),
            self.commit.clone(),
            settings,
            self.replica.clone(),
        );
        let (status, mut running) = (node.status(), JoinSet::new());
        running.spawn(node.run(CancellationToken::new()));
        (running, status)
    }

    /// What is served of the dollar.
    pub(crate) fn dollar(&self) -> String {
        let rate = self.board.snapshot().rate(Pair::parse("USD/KZT").unwrap());
        rate.map_or_else(String::new, |rate| format!("{rate:?}"))
    }

    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        self.run.join_next().await.unwrap().unwrap();
    }
}

/// A replica that leads with the table of a day, and the records of that.
pub(crate) async fn leader_of(day: i8, dollar: &str, now: &str) -> (Task, Vec<FollowedStep>) {
    let mut leader = Task::in_memory(now).await;
    leader.lead().await;
    let tables = vec![table(date(2026, 4, day), dollar)];
    let steps = leader.file(tables).await;
    (leader, steps)
}

#[tokio::test]
async fn a_replica_without_the_tables_of_the_log_does_not_lead_until_it_has_read_them() {
    let (leader, steps) = leader_of(2, "476.10", "2026-04-02T09:00:00Z").await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    std::fs::write(&path, "no ledger").unwrap();
    let ledger = BufferedLedger::open_if_possible(Some(path.clone()), ClockKind::Replay);
    let ledger = ledger.unwrap().retried_after(Duration::from_millis(100));
    // Its clock is behind.
    let mut replica = Task::start(ledger, "2026-04-02T08:00:00Z").await;
    replica.commit.follow(steps).await.unwrap();
    assert_eq!(replica.dollar(), leader.dollar());
    assert!(!replica.commit.can_lead().await.unwrap());
    replica.replica = leader.replica.clone();
    replica.lead().await;
    let proposal = replica.proposal().await;
    assert!(proposal.is_none(), "{proposal:?}");

    std::fs::remove_file(&path).unwrap();
    let written = replica.health.wait_for(|health| health.error.is_none());
    drop(
        tokio::time::timeout(PATIENCE, written)
            .await
            .unwrap()
            .unwrap(),
    );
    assert!(replica.commit.can_lead().await.unwrap());
    replica.lead().await;
    let _outcome = replica.submit(vec![table(date(2026, 4, 3), "477.00")]);
    let proposal = loop {
        let proposal = replica.proposal().await.unwrap();
        // The clock of the replica that led before was an hour ahead.
        assert_eq!(proposal.entry.at.to_string(), "2026-04-02T09:00:00Z");
        if !proposal.entry.filed.is_empty() {
            break proposal;
        }
        let _step = replica.accept(proposal);
    };
    let next = proposal.snapshot.rate(Pair::parse("USD/KZT").unwrap());
    let next = format!("{next:?}");
    assert!(next.contains("476.10"), "the table of the log: {next}");
    let _step = replica.accept(proposal);
    replica.end().await;
    leader.end().await;
}

/// What is served of the dollar after a midnight, by a replica that takes the lead when its clock shows this.
async fn served_after_midnight_at(now: &str) -> String {
    let (mut leader, mut steps) = leader_of(1, "475.00", "2026-04-02T00:00:01Z").await;
    let tables = vec![table(date(2026, 4, 2), "476.10")];
    steps.extend(leader.file(tables).await);
    let served = leader.dollar();
    assert!(served.contains("476.10"), "{served}");
    let mut replica = Task::in_memory(now).await;
    replica.commit.follow(steps).await.unwrap();
    replica.replica = leader.replica.clone();
    assert_eq!(replica.dollar(), served);
    replica.lead().await;
    let _steps = replica.file(vec![table(date(2026, 3, 31), "474.00")]).await;
    let served = replica.dollar();
    replica.end().await;
    leader.end().await;
    served
}

#[tokio::test]
async fn a_replica_whose_clock_is_seconds_behind_takes_no_rate_back_that_is_in_force() {
    let served = served_after_midnight_at("2026-04-01T23:59:30Z").await;
    assert!(served.contains("476.10"), "{served}");
    // The clock of the one that led before was wrong.
    let served = served_after_midnight_at("2026-04-01T23:58:30Z").await;
    assert!(served.contains("475.00"), "{served}");
}

#[tokio::test]
async fn a_step_that_is_not_accepted_is_made_again_by_the_next_lead() {
    let (mut leader, _steps) = leader_of(2, "476.10", "2026-04-02T09:00:00Z").await;
    let before = leader.dollar();
    let mut refused = leader.submit(vec![table(date(2026, 4, 3), "477.00")]);
    drop(leader.proposal().await.unwrap());
    assert_eq!(refused.join_next().await.unwrap().unwrap().revision, None);
    assert_eq!(leader.dollar(), before);
    leader.lead().await;
    let mut again = leader.submit(vec![table(date(2026, 4, 3), "477.00")]);
    let proposal = leader.proposal().await.unwrap();
    assert_eq!(proposal.entry.filed.len(), 1);
    let _step = leader.accept(proposal);
    assert!(again.join_next().await.unwrap().unwrap().revision.is_some());
    leader.end().await;
}

#[tokio::test]
async fn a_step_of_which_a_part_was_accepted_keeps_that_part() {
    let (mut leader, _steps) = leader_of(1, "476.10", "2026-04-02T09:00:00Z").await;
    let newest = date(2026, 4, 1);
    let earlier = (1..70).map(|days| newest - Span::new().days(days));
    leader
        .file(earlier.map(|day| table(day, "475.00")).collect())
        .await;
    // The table of a year ago is read from the ledger, after the first proposal.
    let tables = [(date(2025, 4, 2), "474.00"), (date(2026, 4, 2), "477.00")];
    let tables = tables.map(|(day, dollar)| table(day, dollar)).to_vec();
    let mut filed = leader.submit(tables);
    let first = leader.proposal().await.unwrap();
    assert_eq!(first.entry.filed.len(), 2);
    let _step = leader.accept(first);
    let second = leader.proposal().await.unwrap();
    assert_eq!(second.entry.filed, []);
    drop(second);
    filed.join_next().await.unwrap().unwrap();
    let served = leader.dollar();
    assert!(served.contains("477.00"), "{served}");
    leader.lead().await;
    let start = leader.proposal().await.unwrap();
    let next = start.snapshot.rate(Pair::parse("USD/KZT").unwrap());
    let next = format!("{next:?}");
    assert!(next.contains("477.00"), "{next}");
    let _step = leader.accept(start);
    leader.end().await;
}

#[tokio::test]
async fn of_records_that_are_read_together_the_last_one_is_shown() {
    let log = Log::Double(Double::new(SharedStore::default(), 7, Faults::default()));
    let leader = Task::in_memory("2026-04-02T09:00:00Z").await;
    let (mut leading, mut status) = leader.join(&log, "first", true);
    drop(
        status
            .wait_for(|status| status.state == State::Leading)
            .await
            .unwrap(),
    );
    for (day, dollar) in [(1, "475.00"), (2, "476.10"), (3, "477.00")] {
        let mut filed = leader.submit(vec![table(date(2026, 4, day), dollar)]);
        let outcome = filed.join_next().await.unwrap().unwrap();
        assert!(outcome.revision.is_some());
    }
    let last = leader.board.snapshot().position.clone();
    let follower = Task::in_memory("2026-04-02T09:00:00Z").await;
    let mut watched = follower.board.watch();
    watched.mark_unchanged();
    let (mut following, _status) = follower.join(&log, "second", false);
    let shown = tokio::time::timeout(PATIENCE, watched.changed());
    shown.await.unwrap().unwrap();
    assert_eq!(watched.borrow().snapshot.position, last);
    assert_eq!(follower.dollar(), leader.dollar());
    following.shutdown().await;
    leading.shutdown().await;
    follower.end().await;
    leader.end().await;
}

#[tokio::test]
async fn a_lead_is_given_up_when_the_commit_task_ends() {
    let mut task = Task::in_memory("2026-04-02T09:00:00Z").await;
    let log = Log::Double(Double::new(SharedStore::default(), 7, Faults::default()));
    let (mut running, mut status) = task.join(&log, "first", true);
    let leads = status.wait_for(|status| status.state == State::Leading && status.seq > 0);
    drop(
        tokio::time::timeout(PATIENCE, leads)
            .await
            .unwrap()
            .unwrap(),
    );
    assert!(log.leader().await.unwrap().is_some());
    task.stop.cancel();
    task.run.join_next().await.unwrap().unwrap();
    let ended = tokio::time::timeout(PATIENCE, running.join_next());
    ended.await.unwrap().unwrap().unwrap();
    assert_eq!(log.leader().await, Ok(None));
}
