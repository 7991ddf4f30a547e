//! The lock file beside the ledger. It keeps other processes away, and it records the last position that was written, so
//! that an older copy of the ledger put in its place is detected.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::domain::Position;
use crate::ledger::LedgerError;
use crate::ledger::error::of_system;

/// How long to wait for another holder of the lock: a process that is just ending, or one that was forked and holds the
/// lock until it has become another program.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to try the lock meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// The most bytes read from the lock file: an epoch and a revision are some forty bytes.
const TEXT_BYTES_MAX: u64 = 256;

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
            .map_err(|error| of_system(&lock_path, &error))?;
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

    /// The last position that was recorded; `None` if it cannot be read.
    pub(super) fn recorded_position(&mut self) -> Option<Position> {
        let mut text = String::new();
        self.lock.seek(SeekFrom::Start(0)).ok()?;
        let mut bytes = (&self.lock).take(TEXT_BYTES_MAX);
        bytes.read_to_string(&mut text).ok()?;
        let (epoch, revision) = text.trim_end().split_once(' ')?;
        Some(Position {
            epoch: epoch.into(),
            revision: revision.parse().ok()?,
        })
    }

    /// Records the last position that was written. A power cut may lose it; the next start then begins a new epoch.
    pub(super) fn record(&mut self, position: &Position) {
        let text = format!("{} {}\n", position.epoch, position.revision);
        let written = self
            .lock
            .set_len(0)
            .and_then(|()| self.lock.seek(SeekFrom::Start(0)))
            .and_then(|_start| self.lock.write_all(text.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, "could not record the position in the lock file; the next start will begin a new epoch");
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

fn lock_path(path: &Path) -> PathBuf {
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
