//! `silkrate backup`: a copy of the ledger and of the file of webhooks, made while the service runs or when it is stopped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::config;
use crate::cli::failure::{Failure, UNUSABLE_FILE};
use crate::config::Store;
use crate::ledger::{Backup, BackupError, back_up, copy_database};
use crate::webhooks::path_beside;

const EXAMPLES: &str = "\
Examples:
  silkrate backup silkrate-2026-04-02.db       a copy of the file that store.path names
  silkrate backup --config silkrate.toml /mnt/backup/silkrate-2026-04-02.db

If there are webhooks, what their receivers know and the events that wait are copied too, to FILE.webhooks.

To restore a copy, stop silkrate. Remove the ledger and the files beside it that end in -wal, .webhooks and \
.webhooks-journal. Put FILE in the place of the ledger, and FILE.webhooks in that of the file that ends in .webhooks, and start \
silkrate. It begins a new epoch, and subscribers receive a snapshot.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BackupArgs {
    /// The file to create. An existing one is never overwritten.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration file (TOML) of the service; SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &BackupArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    let Store::File(ledger) = config.store else {
        return Err(Failure::Usage {
            message: "there is no file to copy: the ledger is kept in memory".to_owned(),
            hint: "set store.path, or name the configuration of the service with --config FILE"
                .to_owned(),
        });
    };
    let webhooks = path_beside(&ledger);
    let beside = path_beside(&arguments.file);
    // First the webhooks: what the ledger has and they do not is sent after a restore, and nothing is taken for known that
    // the ledger lacks.
    let copied = match copied_beside(&webhooks, &beside) {
        // Nothing is wrong with the files of the service, and another target can be named.
        Some(Err(
            error @ (BackupError::Exists { .. }
            | BackupError::Unfinished { .. }
            | BackupError::Target { .. }),
        )) => return Err(error.into()),
        copied => copied,
    };
    let backup = back_up(&ledger, &arguments.file).inspect_err(|_failed| {
        if let Some(Ok(_copied)) = copied {
            drop(fs::remove_file(&beside));
        }
    })?;
    let Backup {
        position,
        fixings,
        bytes,
    } = &backup;
    let position = match position {
        Some(position) => format!("revision {} of epoch {}", position.revision, position.epoch),
        None => "no entry".to_owned(),
    };
    let (from, to) = (ledger.display(), arguments.file.display());
    writeln!(
        out,
        "copied {from} to {to} and checked it: {fixings} fixings, {bytes} bytes, {position}"
    )?;
    match copied {
        None => Ok(()),
        Some(Ok(bytes)) => {
            let (from, to) = (webhooks.display(), beside.display());
            writeln!(out, "copied {from} to {to} and checked it: {bytes} bytes")?;
            Ok(())
        }
        // The copy of the ledger is kept: it is what cannot be fetched again.
        Some(Err(error)) => Err(Failure::failed(
            format!("the ledger was copied, and its webhooks were not: {error}"),
            UNUSABLE_FILE,
        )),
    }
}

/// Copies the file of webhooks; `None` if there is none.
fn copied_beside(webhooks: &Path, target: &Path) -> Option<Result<u64, BackupError>> {
    match webhooks.try_exists() {
        Ok(false) => None,
        Ok(true) => Some(copy_database(webhooks, target)),
        Err(error) => Some(Err(BackupError::Source {
            path: webhooks.to_owned(),
            reason: error.to_string(),
        })),
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let hint = match &error {
            BackupError::NoLedger { .. } => {
                "store.path is relative to the folder in which silkrate was started; name its configuration with --config FILE"
            }
            BackupError::Exists { .. } | BackupError::Unfinished { .. } => {
                "a name with the date never exists: silkrate backup \"silkrate-$(date +%F).db\""
            }
            BackupError::Target { .. } => {
                "check the folder, the rights of this user and the free space of the disk"
            }
            BackupError::Source { .. } => UNUSABLE_FILE,
            BackupError::Ledger(_) | BackupError::NotWhole { .. } => {
                "check the disk; the ledger itself was not changed"
            }
        };
        Self::failed(error.to_string(), hint)
    }
}
