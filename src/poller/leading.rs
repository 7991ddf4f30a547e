//! A replica polls only while it leads.

use tokio::sync::watch;

/// Waits until this replica leads, or until it does not; one that runs alone always does.
pub(super) async fn until(leads: Option<watch::Receiver<bool>>, wanted: bool) {
    match leads {
        Some(mut leads) => {
            if leads.wait_for(|leads| *leads == wanted).await.is_err() {
                // Nothing says any more that it has changed.
                std::future::pending::<()>().await;
            }
        }
        None if wanted => {}
        None => std::future::pending().await,
    }
}
