//! The tasks of the service. Any that ends unasked ends the service.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use crate::app::AppError;

/// What runs, each task with its name.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    running: JoinSet<()>,
    names: BTreeMap<tokio::task::Id, String>,
}

impl Tasks {
    pub(super) fn start(&mut self, name: &str, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.running.spawn(task);
        self.names.insert(handle.id(), name.to_owned());
    }

    /// The first task that ends, as the error it is.
    pub(super) async fn next_unasked(&mut self) -> AppError {
        let (id, how) = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => (Some(id), "ended unexpectedly".to_owned()),
            Some(Err(error)) if error.is_panic() => (Some(error.id()), "panicked".to_owned()),
            Some(Err(error)) => (Some(error.id()), error.to_string()),
            None => (None, "was never started".to_owned()),
        };
        let task = id
            .and_then(|id| self.names.get(&id).cloned())
            .unwrap_or_default();
        AppError::TaskEnded { task, how }
    }

    /// Waits for every task.
    pub(super) async fn all(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn unasked(task: impl Future<Output = ()> + Send + 'static) -> String {
        let mut tasks = Tasks::default();
        tasks.start("steady", std::future::pending());
        tasks.start("nbk", task);
        tasks.next_unasked().await.to_string()
    }

    #[tokio::test]
    async fn a_task_that_ends_unasked_is_an_error_however_it_ends() {
        assert_eq!(unasked(async {}).await, "the task `nbk` ended unexpectedly");
        assert_eq!(
            unasked(async { panic!("on purpose") }).await,
            "the task `nbk` panicked"
        );
    }
}
