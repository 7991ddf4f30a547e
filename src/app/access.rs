//! The keys of clients, from the settings.

use tokio_util::sync::CancellationToken;

use crate::access::{Access, Gate, KeysError, Port, PreparedAccess};
use crate::app::AppError;
use crate::app::blocking::blocking;
use crate::config::{self, Config};

/// Reads the keys of settings, on a thread that may block.
pub(super) async fn prepare(settings: &config::Access) -> Result<PreparedAccess, KeysError> {
    let settings = settings.clone();
    blocking(move || Access::prepare(&settings)).await
}

/// The keys of a service that starts now.
pub(super) async fn open(
    settings: &config::Access,
    draining: CancellationToken,
) -> Result<Access, AppError> {
    let settings = settings.clone();
    Ok(blocking(move || Access::open(&settings, draining)).await?)
}

/// The gate of the operators' port. It is open on loopback, where a user of the machine alone reaches it, to clients with a
/// certificate, and where the operator says that something else guards it.
pub(super) fn operators_gate(access: &Access, config: &Config) -> Gate {
    access.gate(Port::Admin).guarded(is_guarded(config))
}

/// Whether operators need a key, even if readers need none.
pub(super) fn is_guarded(config: &Config) -> bool {
    let server = &config.server;
    let tls = server.admin_tls.as_ref();
    let shows_certificate = tls.is_some_and(|files| files.client_ca.is_some());
    !server.admin_listen.ip().is_loopback() && !shows_certificate && !config.access.open_admin
}
