//! The lock file beside the ledger. It keeps other processes away.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::ledger::LedgerError;
use crate::ledger::error::of_system;

/// How long to wait for another holder of the lock: a process that is just ending, or one that was forked and holds the
/// lock until it has become another program.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to try the lock meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// What is in the lock file. Earlier versions kept the last position in it, and emptied it before each write: an empty file
/// must be theirs.
const TEXT: &str = "the lock of a ledger of silkrate; its last position is in the file .position\n";

/// The lock, held for as long as the ledger is open.
#[derive(Debug)]
pub(super) struct LockFile {
    lock: File,
    path: PathBuf,
    label: PathBuf,
    /// The identity of the file that the path named when it was opened.
    identity: Option<Identity>,
}

/// The identity of a file, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    file: u64,
}

impl LockFile {
    /// Locks the ledger against other processes, until this is dropped or the process ends.
    pub(super) fn take(path: &Path, label: &Path) -> Result<Self, LedgerError> {
        let lock_path = lock_path(path);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&lock_path)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => of_system(label, &error),
                _ => of_system(&lock_path, &error),
            })?;
        match lock_with_timeout(&lock) {
            Ok(()) => Ok(Self {
                lock,
                path: path.to_owned(),
                label: label.to_owned(),
                identity: None,
            }),
            Err(TryLockError::WouldBlock) => Err(LedgerError::InUse {
                path: label.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(of_system(&lock_path, &error)),
        }
    }

    /// Whether there is a lock file beside this ledger: some process has opened it before.
    pub(super) fn exists(path: &Path) -> bool {
        lock_path(path).exists()
    }

    /// Writes the purpose of the lock into a new file. An existing file is not changed.
    pub(super) fn describe(&mut self) {
        let is_empty = self.lock.metadata().is_ok_and(|file| file.len() == 0);
        if is_empty && let Err(error) = self.lock.write_all(TEXT.as_bytes()) {
            tracing::debug!(%error, "could not write into the lock file");
        }
    }

    /// Records the identity of the ledger's file.
    pub(super) fn identify(&mut self) {
        self.identity = identity(&self.path);
    }

    /// Checks that the path still names the file that is open: writes to a file that was moved away are lost.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        if self.identity == identity(&self.path) {
            Ok(())
        } else {
            Err(LedgerError::Moved {
                path: self.label.clone(),
            })
        }
    }
}

/// Takes the lock, and waits up to [`LOCK_TIMEOUT`] while another process holds it.
fn lock_with_timeout(lock: &File) -> Result<(), TryLockError> {
    let began = Instant::now();
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_TIMEOUT => {
                std::thread::sleep(RETRY_INTERVAL);
            }
            taken => return taken,
        }
    }
}

/// The path of a file beside the ledger: its name and a suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).ok()?;
    Some(Identity {
        device: metadata.dev(),
        file: metadata.ino(),
    })
}

/// On this system a file that is open cannot be replaced.
#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<Identity> {
    None
}
