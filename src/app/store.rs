//! Opens what the service keeps on the disk.

use crate::app::AppError;
use crate::app::blocking::blocking;
use crate::budget::RequestCounts;
use crate::commit::BufferedLedger;
use crate::config::{Config, Store};
use crate::ledger::ClockKind;

/// The counts of requests, beside the ledger.
pub(super) fn request_counts(config: &Config) -> RequestCounts {
    match &config.store {
        Store::Memory => RequestCounts::in_memory(),
        Store::File(path) => RequestCounts::beside(path),
    }
}

/// Opens the ledger on a thread that may block: it reads files, and may wait for another program's lock.
pub(super) async fn open_store(config: &Config) -> Result<BufferedLedger, AppError> {
    let path = match &config.store {
        Store::Memory => None,
        Store::File(path) => Some(path.clone()),
    };
    let (clock, is_required) = (clock_kind(config), config.store_required);
    let opened = blocking(move || {
        if is_required {
            BufferedLedger::open(path, clock)
        } else {
            BufferedLedger::open_if_possible(path, clock)
        }
    });
    let opened = opened.await?;
    Ok(match &config.shared {
        Some(_) => opened.sharing_log(),
        None => opened,
    })
}

/// The kind of clock whose times the ledger keeps.
pub(super) fn clock_kind(config: &Config) -> ClockKind {
    match config.clock {
        None => ClockKind::Real,
        Some(_) => ClockKind::Replay,
    }
}
