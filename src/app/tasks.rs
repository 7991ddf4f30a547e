//! The tasks of the service, in the order in which they are stopped.
//!
//! A task that ends before its stage is stopped, or that panics at any time, is a failure: it is logged and becomes the
//! result of the run.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::app::AppError;

/// How long the stages up to the commit task may take before the listeners begin to drain. It is milliseconds unless a disk or
/// another replica does not answer. A drain wakes the streams of all clients at once, tens of thousands perhaps, and each step of the
/// commit task would wait behind all of them: the ledger would be closed last.
const HEAD_START: Duration = Duration::from_secs(1);

/// A stage of the flow of data. Stages are stopped in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The pollers, which submit tables.
    Pollers,
    /// What this replica does with the log that it shares, while the commit task runs.
    Replica,
    /// The commit task, which writes them to the ledger and publishes them.
    Commit,
    /// The webhooks, which read what was committed last.
    Webhooks,
    /// The listeners, which serve them. They need no other stage to end their streams, so they drain beside the others, from
    /// [`HEAD_START`] on at the latest.
    Listeners,
    /// The operators' port: a supervisor can ask about a service that drains.
    Operators,
}

/// The running tasks, each with its stage and name.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    running: JoinSet<()>,
    names: BTreeMap<Id, Task>,
    polling: CancellationToken,
    sharing: CancellationToken,
    committing: CancellationToken,
    notifying: CancellationToken,
    serving: CancellationToken,
    operating: CancellationToken,
    /// The first failure.
    failure: Option<AppError>,
}

/// A running task: its stage, its name, and what stops it.
#[derive(Debug)]
struct Task {
    stage: Stage,
    name: String,
    stop: CancellationToken,
}

impl Tasks {
    /// The token that stops the tasks of a stage.
    pub(super) fn token(&self, stage: Stage) -> CancellationToken {
        match stage {
            Stage::Pollers => self.polling.clone(),
            Stage::Replica => self.sharing.clone(),
            Stage::Commit => self.committing.clone(),
            Stage::Webhooks => self.notifying.clone(),
            Stage::Listeners => self.serving.clone(),
            Stage::Operators => self.operating.clone(),
        }
    }

    pub(super) fn start(
        &mut self,
        stage: Stage,
        name: &str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.start_until(self.token(stage), stage, name, task);
    }

    /// Starts a task that a token of its own stops too, which is a child of that of its stage.
    pub(super) fn start_until(
        &mut self,
        stop: CancellationToken,
        stage: Stage,
        name: &str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.running.spawn(task);
        let task = Task {
            stage,
            name: name.to_owned(),
            stop,
        };
        self.names.insert(handle.id(), task);
    }

    /// Stops the tasks of a stage with a name, and waits until they have ended.
    pub(super) async fn stop(&mut self, stage: Stage, name: &str) {
        let is_it = |task: &&Task| task.stage == stage && task.name == name;
        for task in self.names.values().filter(is_it) {
            task.stop.cancel();
        }
        while self.names.values().any(|task| is_it(&task)) && self.join_next().await {}
    }

    /// Waits until a task fails. It never returns while all tasks run.
    pub(super) async fn failed(&mut self) {
        while self.failure.is_none() {
            if !self.join_next().await {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Stops stage after stage and waits until the tasks have ended, at most for `limit`: after it the rest is dropped.
    ///
    /// # Errors
    /// The first failure since the start. Connections that outlast the limit are no failure.
    pub(super) async fn shut_down(mut self, limit: Duration) -> Result<(), AppError> {
        let until_committed = [Stage::Pollers, Stage::Replica, Stage::Commit];
        let stopped = tokio::time::timeout(limit, async {
            let committed = self.stop_stages(&until_committed);
            // They are waited for further below if they take longer.
            let _in_time = tokio::time::timeout(HEAD_START, committed).await;
            self.serving.cancel();
            self.stop_stages(&until_committed).await;
            let others = [Stage::Webhooks, Stage::Listeners, Stage::Operators];
            self.stop_stages(&others).await;
        });
        if stopped.await.is_err() {
            self.report_running(limit);
        }
        self.failure.map_or(Ok(()), Err)
    }

    /// Stops stage after stage, each once the tasks of the one before have ended.
    async fn stop_stages(&mut self, stages: &[Stage]) {
        for stage in stages {
            self.token(*stage).cancel();
            self.join(*stage).await;
        }
    }

    /// Waits until every task of a stage has ended.
    async fn join(&mut self, stage: Stage) {
        while self.names.values().any(|task| task.stage == stage) && self.join_next().await {}
    }

    /// Reports the tasks that have not ended within the limit.
    fn report_running(&mut self, limit: Duration) {
        for task in std::mem::take(&mut self.names).into_values() {
            let name = task.name;
            match task.stage {
                // Its turn to stop did not come.
                Stage::Operators if !self.operating.is_cancelled() => {}
                Stage::Listeners | Stage::Operators => tracing::warn!(
                    listener = name,
                    ?limit,
                    "closing connections that did not end in time"
                ),
                Stage::Pollers | Stage::Replica | Stage::Commit | Stage::Webhooks => {
                    let how = format!("did not stop within {limit:?}");
                    self.fail(AppError::TaskEnded { task: name, how });
                }
            }
        }
    }

    /// Logs a failure, and keeps it unless there was one before.
    fn fail(&mut self, failure: AppError) {
        tracing::error!(%failure, "the service failed");
        self.failure.get_or_insert(failure);
    }

    /// Waits for the next task to end; false when none is left.
    async fn join_next(&mut self) -> bool {
        let Some(ended) = self.running.join_next_with_id().await else {
            return false;
        };
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(task) = self.names.remove(&id) else {
            return true;
        };
        let how = match ended {
            Ok(_) if task.stop.is_cancelled() => return true,
            Ok(_) => "ended unexpectedly".to_owned(),
            Err(error) if error.is_panic() => "panicked".to_owned(),
            Err(error) => error.to_string(),
        };
        let task = task.name;
        self.fail(AppError::TaskEnded { task, how });
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// Tasks of which one listener runs until it is stopped.
    fn tasks() -> Tasks {
        let mut tasks = Tasks::default();
        let stop = tasks.token(Stage::Listeners).cancelled_owned();
        tasks.start(Stage::Listeners, "grpc", stop);
        tasks
    }

    fn text(result: Result<(), AppError>) -> String {
        result.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_task_that_ends_before_it_is_stopped_is_a_failure_however_it_ends() {
        let mut ended = tasks();
        ended.start(Stage::Pollers, "nbk", async {});
        ended.failed().await;
        let result = ended.shut_down(LIMIT).await;
        assert_eq!(text(result), "the task `nbk` ended unexpectedly");

        let mut panicked = tasks();
        panicked.start(Stage::Pollers, "nbk", async { panic!("on purpose") });
        panicked.failed().await;
        let result = panicked.shut_down(LIMIT).await;
        assert_eq!(text(result), "the task `nbk` panicked");
    }

    #[tokio::test]
    async fn a_task_that_is_stopped_alone_has_ended_then_and_is_no_failure() {
        let mut tasks = tasks();
        for name in ["nbk", "cbr"] {
            let stop = tasks.token(Stage::Pollers).child_token();
            let stopped = stop.clone().cancelled_owned();
            tasks.start_until(stop, Stage::Pollers, name, stopped);
        }
        tasks.stop(Stage::Pollers, "nbk").await;
        let running: Vec<&str> = tasks
            .names
            .values()
            .map(|task| task.name.as_str())
            .collect();
        assert_eq!(running, ["grpc", "cbr"]);
        assert!(tasks.shut_down(LIMIT).await.is_ok());
    }

    #[tokio::test]
    async fn pollers_end_before_the_commit_task_is_stopped() {
        let mut tasks = tasks();
        let order = Arc::new(Mutex::new(Vec::new()));
        for (stage, name) in [(Stage::Commit, "commit"), (Stage::Pollers, "nbk")] {
            let (stopped, order) = (tasks.token(stage), Arc::clone(&order));
            tasks.start(stage, name, async move {
                stopped.cancelled().await;
                // Time for the others to end first, if they could.
                tokio::task::yield_now().await;
                order.lock().unwrap().push(name);
            });
        }
        tasks.shut_down(LIMIT).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["nbk", "commit"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_commit_task_has_ended_before_listeners_drain_unless_it_takes_long() {
        for (taken, drained) in [
            (Duration::from_millis(10), Duration::from_millis(10)),
            (2 * HEAD_START, HEAD_START),
        ] {
            let mut tasks = Tasks::default();
            let begun = Instant::now();
            let stopped = tasks.token(Stage::Commit);
            tasks.start(Stage::Commit, "commit", async move {
                stopped.cancelled().await;
                tokio::time::sleep(taken).await;
            });
            let (stopped, drains) = (tasks.token(Stage::Listeners), Arc::new(Mutex::new(None)));
            let drain = Arc::clone(&drains);
            tasks.start(Stage::Listeners, "grpc", async move {
                stopped.cancelled().await;
                *drain.lock().unwrap() = Some(begun.elapsed());
            });
            tasks.shut_down(LIMIT).await.unwrap();
            assert_eq!(*drains.lock().unwrap(), Some(drained));
        }
    }

    #[tokio::test]
    async fn a_panic_while_stopping_is_a_failure() {
        for stage in [
            Stage::Pollers,
            Stage::Commit,
            Stage::Webhooks,
            Stage::Listeners,
            Stage::Operators,
        ] {
            let mut tasks = tasks();
            let stopped = tasks.token(stage);
            tasks.start(stage, "doomed", async move {
                stopped.cancelled().await;
                panic!("on purpose");
            });
            let result = tasks.shut_down(LIMIT).await;
            assert_eq!(text(result), "the task `doomed` panicked");
        }
    }

    #[tokio::test]
    async fn a_commit_task_that_ends_while_pollers_stop_is_a_failure() {
        let mut tasks = tasks();
        let (stopped, commit_ended) = (tasks.token(Stage::Pollers), CancellationToken::new());
        let ended = commit_ended.clone();
        tasks.start(Stage::Pollers, "nbk", async move {
            stopped.cancelled().await;
            ended.cancelled().await;
        });
        let stopped = tasks.token(Stage::Pollers);
        tasks.start(Stage::Commit, "commit", async move {
            let _ends_with_the_task = commit_ended.drop_guard();
            stopped.cancelled().await;
        });
        let result = tasks.shut_down(LIMIT).await;
        assert_eq!(text(result), "the task `commit` ended unexpectedly");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_outlasts_the_limit_is_a_failure_unless_it_serves_connections() {
        let mut busy = tasks();
        busy.start(Stage::Listeners, "web", std::future::pending());
        assert!(busy.shut_down(LIMIT).await.is_ok());

        let mut stuck = tasks();
        stuck.start(Stage::Commit, "commit", std::future::pending());
        let result = stuck.shut_down(LIMIT).await;
        assert_eq!(text(result), "the task `commit` did not stop within 10s");
    }
}
