//! Why the service could not start, or failed.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::access::KeysError;
use crate::app::finding::Finding;
use crate::fetch::FetchError;
use crate::ledger::LedgerError;
use crate::shared::log::LogError;
use crate::shared::restore::RestoreError;
use crate::tls::TlsError;
use crate::webhooks::WebhookError;

/// Why the service could not start, or failed.
#[derive(Debug, Error)]
pub enum AppError {
    /// A port is in use or not allowed.
    #[error("cannot listen on {address} ({key}): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
        /// The setting of the address.
        key: &'static str,
    },
    /// A certificate, its key, or the authorities of clients cannot be used.
    #[error("cannot serve TLS (`{table}.{}`): {source}", .source.setting())]
    Tls {
        /// The table of the settings.
        table: &'static str,
        /// What is wrong.
        source: TlsError,
    },
    /// The keys cannot be used.
    #[error("cannot use the keys (`access.keys`): {0}")]
    Keys(#[from] KeysError),
    /// The ledger cannot be opened, or was written under another kind of clock.
    #[error(transparent)]
    Store(#[from] LedgerError),
    /// The client for a source cannot be built.
    #[error("cannot build the HTTP client for {id}: {source}")]
    Client {
        /// The source.
        id: &'static str,
        /// The error.
        source: FetchError,
    },
    /// The webhooks cannot be served.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The log that replicas share cannot be used.
    #[error("cannot share a log (`shared.servers`): {0}")]
    Log(#[from] LogError),
    /// A certificate, a key or a password for the servers of that log cannot be used.
    #[error("cannot share a log (`shared.{setting}`): {reason}")]
    LogFile {
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with its file.
        reason: String,
    },
    /// What the ledger keeps of the log that replicas share cannot be read.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The time zone of a source is unknown to the bundled data.
    #[error("unknown time zone {0}")]
    Zone(&'static str),
    /// The reflection service refuses the descriptor.
    #[error("cannot build the reflection service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// Other settings cannot work.
    #[error("{}", listed(.0))]
    Refused(Vec<Finding>),
    /// A task ended before it was stopped, or panicked.
    #[error("the task `{task}` {how}")]
    TaskEnded {
        /// Which one.
        task: String,
        /// In which way.
        how: String,
    },
}

fn listed(findings: &[Finding]) -> String {
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    findings.join("; ")
}
