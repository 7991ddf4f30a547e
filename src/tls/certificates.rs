//! The certificates of all ports: read again while the service runs, and what the log has of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::one_read::{NoOutcome, OneRead};
use crate::tls::{Reload, ServerTls, TlsError};

/// How often the files are read again: a renewed certificate is in use soon after the program that renewed it has ended, and
/// reading some kilobytes costs nothing.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How long a check waits for the files of a port. A disk or a mount that takes longer for some kilobytes is broken, and who
/// sends a signal to have them read again does not wait for it.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
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
    read: OneRead<Result<Reload, TlsError>>,
    logged: Mutex<Logged>,
}

/// What the log has already.
#[derive(Debug, Default)]
struct Logged {
    /// Why the files cannot be used.
    refused: Option<String>,
    /// Whether the last check found a key that is not that of the certificate. The first one says nothing: between the two steps
    /// of a program that replaces one file after the other, the new certificate stands beside the old key.
    is_mismatched: bool,
    /// That the end is near.
    warned: Option<Instant>,
}

impl Logged {
    /// Whether this reason is not in the log yet. From now on it is.
    fn is_news(&mut self, reason: String) -> bool {
        let is_news = self.refused.as_ref() != Some(&reason);
        self.refused = Some(reason);
        is_news
    }
}

impl Certificates {
    /// The certificates of these ports, by the names that the log and the metrics have for them.
    pub fn new(ports: impl IntoIterator<Item = (&'static str, Arc<ServerTls>)>) -> Self {
        let ports = ports.into_iter().map(|(name, tls)| Port {
            name,
            tls,
            read: OneRead::within(READ_TIMEOUT),
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
    /// them once, until they change again. A disk that does not answer holds up neither the other ports nor the caller.
    pub async fn reload(&self) {
        join_all(self.ports.iter().map(Port::reload)).await;
    }

    /// Reads the files again at intervals, and warns of an end that is near, until stopped.
    pub async fn watch(self, stopped: CancellationToken) {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watched = async {
            for port in self.ports.iter() {
                port.log_doubts();
            }
            loop {
                ticks.tick().await;
                // First what needs no disk.
                for port in self.ports.iter() {
                    port.warn(Timestamp::now());
                }
                self.reload().await;
            }
        };
        tokio::select! {
            () = watched => {}
            () = stopped.cancelled() => {}
        }
    }
}

impl Port {
    async fn reload(&self) {
        let tls = Arc::clone(&self.tls);
        let read = self.read.outcome(move || tls.reload(Timestamp::now()));
        let outcome = read.await;
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(Ok(reload)) => self.log_reload(reload, &mut logged),
            Ok(Err(error)) => self.log_refusal(&error, &mut logged),
            Err(NoOutcome::Slow) => self.log_slow(&mut logged),
            Err(NoOutcome::Ended) => {
                tracing::error!(
                    port = self.name,
                    "could not read the certificate of a port again"
                );
            }
        }
    }

    fn log_reload(&self, reload: Reload, logged: &mut Logged) {
        let (port, path) = (self.name, self.tls.files().certificate.display());
        logged.is_mismatched = false;
        match reload {
            Reload::Unchanged => {
                if logged.refused.take().is_some() {
                    tracing::info!(port, %path, "the files of a port are again those in use");
                }
            }
            Reload::Replaced(validity) => {
                *logged = Logged::default();
                tracing::info!(port, %path, expires = %validity.ends, "replaced the certificate of a port; open connections go on");
                self.log_doubts();
            }
        }
    }

    /// Logs what clients probably refuse.
    fn log_doubts(&self) {
        let (port, path) = (self.name, self.tls.files().certificate.display());
        for doubt in self.tls.doubts() {
            let (error, remedy) = (doubt.problem(), doubt.remedy());
            tracing::warn!(port, %path, error, remedy, "clients may refuse the certificate of a port");
        }
    }

    fn log_refusal(&self, error: &TlsError, logged: &mut Logged) {
        let is_mismatch = matches!(error, TlsError::Mismatch { .. });
        let is_first = is_mismatch && !logged.is_mismatched;
        logged.is_mismatched = is_mismatch;
        let reason = error.to_string();
        if !is_first && logged.is_news(reason) {
            let (port, remedy) = (self.name, error.remedy());
            tracing::warn!(port, %error, remedy, "kept the certificate of a port: its files cannot be used");
        }
    }

    fn log_slow(&self, logged: &mut Logged) {
        let reason = format!("reading them takes longer than {READ_TIMEOUT:?}");
        if logged.is_news(reason.clone()) {
            let (port, path) = (self.name, self.tls.files().certificate.display());
            let remedy = "see whether the disk or the mount answers; they are in use as soon as they are read";
            tracing::warn!(port, %path, error = reason, remedy, "kept the certificate of a port: its files cannot be read");
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::config::TlsFiles;
    use crate::tls::HttpVersions;

    /// A port whose certificate ends within a week.
    fn ending(folder: &std::path::Path) -> Certificates {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(["rates.example".to_owned()]).unwrap();
        let now = Timestamp::now().as_second().unsigned_abs();
        let now = std::time::UNIX_EPOCH + Duration::from_secs(now);
        parameters.not_before = (now - Duration::from_secs(300 * 24 * 60 * 60)).into();
        parameters.not_after = (now + Duration::from_secs(7 * 24 * 60 * 60)).into();
        let files = TlsFiles {
            certificate: folder.join("site.pem"),
            key: folder.join("site.key"),
            client_ca: None,
        };
        let certificate = parameters.self_signed(&key).unwrap();
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        let tls = ServerTls::load(&files, HttpVersions::Http2, Timestamp::now()).unwrap();
        Certificates::new([("grpc", Arc::new(tls))])
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_delays_neither_the_warning_of_an_end_nor_a_stop() {
        let folder = tempfile::tempdir().unwrap();
        let mut certificates = ending(folder.path());
        let port = &mut Arc::get_mut(&mut certificates.ports).unwrap()[0];
        // Longer than the test: only a read of its own limit would tell.
        port.read = OneRead::within(Duration::from_secs(3600));
        let (answer, disk) = mpsc::channel();
        let hangs = async {
            let read = move || disk.recv().unwrap();
            certificates.ports[0].read.outcome(read).await
        };
        tokio::select! {
            biased;
            outcome = hangs => panic!("{outcome:?}"),
            () = std::future::ready(()) => {}
        }
        let stopped = CancellationToken::new();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(certificates.clone().watch(stopped.clone()));
        while certificates.ports[0]
            .logged
            .lock()
            .unwrap()
            .warned
            .is_none()
        {
            tokio::task::yield_now().await;
        }
        stopped.cancel();
        tasks.join_next().await.unwrap().unwrap();
        answer.send(Ok(Reload::Unchanged)).unwrap();
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_is_a_reason_to_warn_until_it_does_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut certificates = ending(folder.path());
        let port = &mut Arc::get_mut(&mut certificates.ports).unwrap()[0];
        port.read = OneRead::within(Duration::from_millis(1));
        let (answer, disk) = mpsc::channel();
        let read = move || disk.recv().unwrap();
        let port = &certificates.ports[0];
        assert_eq!(port.read.outcome(read).await, Err(NoOutcome::Slow));
        certificates.reload().await;
        let refused = || port.logged.lock().unwrap().refused.clone();
        assert_eq!(
            refused().as_deref(),
            Some("reading them takes longer than 5s")
        );
        answer.send(Ok(Reload::Unchanged)).unwrap();
        while refused().is_some() {
            certificates.reload().await;
        }
    }
}
