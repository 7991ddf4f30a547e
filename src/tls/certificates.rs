//! The certificates of all ports: read again while the service runs, and what the log has of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::tls::{Reload, ServerTls};

/// How often the files are read again: a renewed certificate is in use soon after the program that renewed it has ended, and
/// reading some kilobytes costs nothing.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How often the log has that the end of a certificate is near: once for each day of an operator.
const WARNING_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The certificates of all ports that speak TLS. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    ports: Arc<[Port]>,
}

/// A port that speaks TLS.
#[derive(Debug)]
struct Port {
    name: &'static str,
    tls: Arc<ServerTls>,
    logged: Mutex<Logged>,
}

/// What the log has already.
#[derive(Debug, Default)]
struct Logged {
    /// Why the files cannot be used.
    refused: Option<String>,
    /// That the end is near.
    warned: Option<Instant>,
}

impl Certificates {
    /// The certificates of these ports, by the names that the log and the metrics have for them.
    pub fn new(ports: impl IntoIterator<Item = (&'static str, Arc<ServerTls>)>) -> Self {
        let ports = ports.into_iter().map(|(name, tls)| Port {
            name,
            tls,
            logged: Mutex::default(),
        });
        Self {
            ports: ports.collect(),
        }
    }

    /// Each port with its name.
    pub fn ports(&self) -> impl Iterator<Item = (&'static str, &Arc<ServerTls>)> {
        self.ports.iter().map(|port| (port.name, &port.tls))
    }

    /// Reads the files of every port again now. Open connections go on. Files that cannot be used change nothing: the log names
    /// them once, until they change again.
    pub async fn reload(&self) {
        let certificates = self.clone();
        // A disk that does not answer must not hold up a thread of the runtime.
        let read = spawn_blocking(move || {
            for port in certificates.ports.iter() {
                port.reload(Timestamp::now());
            }
        });
        if let Err(error) = read.await {
            tracing::error!(%error, "could not read the certificates again");
        }
    }

    /// Reads the files again at intervals, and warns of an end that is near, until stopped.
    pub async fn watch(self, stopped: CancellationToken) {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped.cancelled() => return,
            }
            self.reload().await;
            for port in self.ports.iter() {
                port.warn(Timestamp::now());
            }
        }
    }
}

impl Port {
    fn reload(&self, now: Timestamp) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let (port, path) = (self.name, self.tls.files().certificate.display());
        match self.tls.reload(now) {
            Ok(Reload::Unchanged) => {
                if logged.refused.take().is_some() {
                    tracing::info!(port, %path, "the files of a port are again those in use");
                }
            }
            Ok(Reload::Replaced(validity)) => {
                *logged = Logged::default();
                tracing::info!(port, %path, expires = %validity.ends, "replaced the certificate of a port; open connections go on");
            }
            Err(error) => {
                let reason = error.to_string();
                if logged.refused.as_ref() == Some(&reason) {
                    return;
                }
                tracing::warn!(port, %error, remedy = error.remedy(), "kept the certificate of a port: its files cannot be used");
                logged.refused = Some(reason);
            }
        }
    }

    /// Logs that the certificate is near its end, or past it, once an interval.
    fn warn(&self, now: Timestamp) {
        let validity = self.tls.validity();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |warned: Instant| warned.elapsed() >= WARNING_INTERVAL;
        if !validity.is_near_its_end(now) || !logged.warned.is_none_or(is_due) {
            return;
        }
        logged.warned = Some(Instant::now());
        let (port, path) = (self.name, self.tls.files().certificate.display());
        let expires = validity.ends;
        if now > expires {
            tracing::error!(port, %path, expired = %expires, "the certificate of a port has expired: clients refuse it; renew it");
        } else {
            tracing::warn!(port, %path, %expires, "the certificate of a port expires soon: renew it; the new one is in use within seconds");
        }
    }
}
