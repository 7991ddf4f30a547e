//! The keys file, read again while the service runs, and what the log has of it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::access::{Access, KeysError, LOG, Reload, doubt};
use crate::one_read::{NoOutcome, OneRead};

/// How often the file is read again, and keys are seen to have expired: a key that was revoked is of no use soon after, and
/// reading some kilobytes costs nothing.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How long a check waits for the file. A disk or a mount that takes longer for some kilobytes is broken, and who sends a signal
/// to have it read again does not wait for it.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads the keys file again. Clones share what the log has.
#[derive(Debug, Clone)]
pub struct Reloader {
    access: Access,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    read: OneRead<Result<Reload, KeysError>>,
    /// Why the file cannot be used, as the log has it.
    refused: Mutex<Option<String>>,
}

impl Reloader {
    /// Reads the file of these keys.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            shared: Arc::new(Shared {
                read: OneRead::within(READ_TIMEOUT),
                refused: Mutex::default(),
            }),
        }
    }

    /// The keys.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Reads the file again now. One that cannot be used changes nothing: the log says so once, until it changes again.
    pub async fn reload(&self) {
        let Some(path) = self.access.file() else {
            return;
        };
        let access = self.access.clone();
        let read = self
            .shared
            .read
            .outcome(move || access.reload(Timestamp::now()));
        match read.await {
            Ok(Ok(reload)) => self.log_reload(reload, &path),
            Ok(Err(error)) => self.log_refusal(&error.to_string(), error.remedy()),
            Err(NoOutcome::Slow) => {
                let reason = format!(
                    "{}: reading it takes longer than {READ_TIMEOUT:?}",
                    path.display()
                );
                self.log_refusal(&reason, "see whether the disk or the mount answers");
            }
            Err(NoOutcome::Ended) => {
                tracing::error!(target: LOG, "could not read the keys file again");
            }
        }
    }

    /// Reads the file again at intervals, and ends the streams of keys that have expired, until stopped.
    pub async fn watch(self, stopped: CancellationToken) {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if let Some(path) = self.access.file() {
            log_doubt(&path);
        }
        let watched = async {
            loop {
                ticks.tick().await;
                self.reload().await;
            }
        };
        tokio::select! {
            () = watched => {}
            () = stopped.cancelled() => {}
        }
    }

    fn log_reload(&self, reload: Reload, path: &Path) {
        let mut refused = self.lock();
        let was_refused = refused.take().is_some();
        let shown = path.display();
        match reload {
            Reload::Unchanged if was_refused => {
                tracing::info!(target: LOG, path = %shown, "the keys file is again that in use");
            }
            Reload::Unchanged => {}
            Reload::Replaced(keys) => {
                tracing::info!(target: LOG, path = %shown, keys, "replaced the keys; streams of the others go on");
                log_doubt(path);
            }
        }
    }

    fn log_refusal(&self, error: &str, remedy: &str) {
        let mut refused = self.lock();
        if refused.as_deref() != Some(error) {
            *refused = Some(error.to_owned());
            tracing::error!(target: LOG, error, remedy, "kept the keys: their file cannot be used");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_doubt(path: &Path) {
    if let Some(problem) = doubt(path) {
        let remedy = "chmod 600, so that the user of the service alone may read it";
        tracing::warn!(target: LOG, path = %path.display(), problem, remedy, "the keys file is not private");
    }
}
