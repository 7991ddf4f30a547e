//! The threads on which queries on the ledger and the rendering of their answers run, and on which webhooks look up past days.
//! They have a lower priority than those that commit and serve: a query of a year computes for hundreds of milliseconds, and on
//! a small machine every step of a commit would wait for a turn of the processor.

use std::io;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::domain::Refusal;

/// How many of the threads there are at most: two for the queries that run at a time, and as many that render answers.
pub const THREADS_MAX: usize = 4;
/// How much less than others the threads want the processor, as `nice` has it: a tenth of the time where it is contended, so
/// that queries are slow on a busy machine and do not stop.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Nothing but the pool of blocking threads of a runtime. A thread cannot raise its priority again, so these run nothing else.
static THREADS: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_current_thread()
        .thread_name("silkrate-query")
        .max_blocking_threads(THREADS_MAX)
        .on_thread_start(lower_priority)
        .build()
});

/// Runs a closure on one of the threads, after those that wait already. It may block.
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    match &*THREADS {
        Ok(threads) => threads.spawn_blocking(work),
        // At the usual priority rather than not at all.
        Err(_not_built) => tokio::task::spawn_blocking(work),
    }
}

/// Renders an answer on one of the threads. An answer that takes longer than about a millisecond is rendered here: on the
/// threads that serve, every stream would wait for it.
///
/// # Errors
/// [`Refusal::Internal`] if the closure panicked.
pub async fn render<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let rendered = spawn(work).await;
    rendered.map_err(|_panicked| Refusal::Internal("the answer could not be rendered".to_owned()))
}

/// Of the calling thread, on Linux. Elsewhere a priority is that of the whole process, and is left as it is.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "a thread for queries keeps its priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn queries_have_a_lower_priority_than_other_threads() {
        let usual = getpriority_process(None).unwrap();
        let of_query = spawn(|| getpriority_process(None).unwrap());
        assert_eq!(of_query.await.unwrap(), NICENESS.max(usual));
        assert_eq!(getpriority_process(None).unwrap(), usual);
    }

    #[tokio::test]
    async fn an_answer_whose_rendering_panics_is_refused_and_the_next_one_is_rendered() {
        let panicked = render::<()>(|| panic!("as the test wants")).await;
        let refusal = panicked.unwrap_err();
        assert!(matches!(refusal, Refusal::Internal(_)), "{refusal}");
        assert_eq!(render(|| 1).await, Ok(1));
    }
}
