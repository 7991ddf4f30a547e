//! Work on the threads that may block.

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Does something on a thread that may block: it reads files, or waits for the lock of another program.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it what waits here.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// The same with work of which only a part blocks.
pub(super) async fn blocking_on<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let runtime = Handle::current();
    blocking(move || runtime.block_on(work)).await
}
