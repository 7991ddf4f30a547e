//! Opens the webhooks of a configuration.

use crate::app::AppError;
use crate::app::blocking::blocking_on;
use crate::board::{BoardReader, Preferences};
use crate::clock::Clock;
use crate::config::{Config, Store};
use crate::webhooks::{Turn, WebhookError, WebhookReloader, Webhooks, path_beside};

/// The webhooks, if there are any. Their file is beside that of the ledger; if it cannot be used, and the ledger need not be
/// usable either, what they know is kept in memory. Files are read on a thread that may block.
pub(super) async fn open(
    config: &Config,
    (board, turn): (BoardReader, Turn),
    preferences: &Preferences,
    clock: Clock,
) -> Result<Option<(Webhooks, WebhookReloader)>, AppError> {
    if config.webhooks.is_empty() {
        return Ok(None);
    }
    let path = match &config.store {
        Store::Memory => None,
        Store::File(path) => Some(path_beside(path)),
    };
    let open = |path| {
        let (webhooks, http) = (config.webhooks.clone(), config.http.clone());
        let (of_board, clock) = ((board.clone(), preferences.clone()), clock.clone());
        blocking_on(async move { Webhooks::open(&webhooks, &http, path, of_board, clock).await })
    };
    let (webhooks, reloader) = match open(path).await {
        Err(WebhookError::Store(error)) if !config.store_required => {
            tracing::error!(%error, "events of webhooks are kept in memory until the service stops");
            open(None).await?
        }
        opened => opened?,
    };
    Ok(Some((webhooks.in_turn(turn), reloader)))
}
