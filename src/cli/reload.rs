//! SIGHUP: the settings are read anew from the file and the environment of the process, and handed to the running service.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, IsTerminal};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::preflight::warnings;
use crate::app::{App, AppError, Reload, Reloads};
use crate::cli::failure::Failure;
use crate::cli::{config, supervisor};
use crate::config::{Config, ConfigErrors};
use crate::logging::LogFilter;

/// How long the file of the settings and the files that it names may take to be read: a disk or a mount that needs longer for some
/// kilobytes is broken, and a read that never ends would keep every later signal from being obeyed.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// What to do about settings that are not read in time.
const SLOW_DISK: &str = "see whether the disks and mounts of the files answer";

/// Where the settings of a service are read: a file, and the environment.
#[derive(Debug, Clone, Default)]
pub(super) struct SettingsOrigin {
    /// The file; none: the environment alone.
    pub(super) file: Option<PathBuf>,
    /// Variables in place of those of the environment: what the command line says.
    pub(super) variables: Vec<(String, String)>,
}

/// Reads the settings of a service anew on each SIGHUP. A signal that comes before the service serves is obeyed then, and
/// several that come during a reload are one.
pub(super) struct Reloader {
    origin: SettingsOrigin,
    /// From the settings of the file to those of the service: a demo has settings of its own.
    adapt: Arc<dyn Fn(Config) -> Config + Send + Sync>,
    log: LogFilter,
    hang_ups: HangUps,
    /// Which of the standard streams were a terminal at the start: it sends the same signal when it is closed.
    terminals: [bool; 3],
}

impl Reloader {
    /// Reads from there.
    pub(super) fn new(origin: SettingsOrigin, log: LogFilter, hang_ups: HangUps) -> Self {
        Self {
            origin,
            adapt: Arc::new(|config| config),
            log,
            hang_ups,
            terminals: terminals(),
        }
    }

    /// The same, of whose settings the service has others.
    pub(super) fn adapted(self, adapt: impl Fn(Config) -> Config + Send + Sync + 'static) -> Self {
        Self {
            adapt: Arc::new(adapt),
            ..self
        }
    }

    /// Runs a service until `shutdown`, with other settings on each signal. `drain` is cancelled when the terminal is closed.
    pub(super) async fn run(
        self,
        app: App,
        shutdown: CancellationToken,
        drain: &CancellationToken,
    ) -> Result<(), AppError> {
        let (reloads, sender) = Reloads::new(Some(self.log.clone()));
        let served = app.run_reloading(shutdown.cancelled_owned(), reloads);
        tokio::select! {
            ended = served => ended,
            never = self.reload(sender, drain) => match never {},
        }
    }

    async fn reload(
        mut self,
        reloads: mpsc::Sender<Reload>,
        drain: &CancellationToken,
    ) -> Infallible {
        loop {
            self.hang_ups.next().await;
            if drain.is_cancelled() {
                continue;
            }
            let now = terminals();
            let mut terminals = self.terminals.into_iter().zip(now);
            if terminals.any(|(was_open, is_open)| was_open && !is_open) {
                drain.cancel();
                continue;
            }
            tracing::info!("received SIGHUP: reading the configuration anew");
            supervisor::report_reloading();
            if let Some(config) = self.read().await {
                let (done, ended) = oneshot::channel();
                if reloads.send(Reload { config, done }).await.is_ok() {
                    // It is dropped, and never sent.
                    drop(ended.await);
                }
            }
            if !drain.is_cancelled() {
                supervisor::report_ready();
            }
        }
    }

    /// The settings, unless something is wrong with them, which is logged.
    async fn read(&self) -> Option<Config> {
        match read(self.origin.clone()).await {
            Ok(config) => {
                log_warnings(&config);
                Some((self.adapt)(config))
            }
            Err(Unread::Slow) => {
                log_error(&slow(), SLOW_DISK);
                None
            }
            Err(Unread::Wrong(errors)) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                log_error(&errors.join("; "), "correct it");
                None
            }
        }
    }
}

/// Why the settings of a service are not known.
#[derive(Debug)]
pub(super) enum Unread {
    /// A disk or a mount does not answer.
    Slow,
    /// Something is wrong with them.
    Wrong(ConfigErrors),
}

/// Reads the settings of a service, on a thread that may block. The thread of a read that takes too long is left alone.
pub(super) async fn read(origin: SettingsOrigin) -> Result<Config, Unread> {
    let read = spawn_blocking(move || config::load_with(origin.file.as_deref(), &origin.variables));
    match timeout(READ_TIMEOUT, read).await {
        Err(_late) => Err(Unread::Slow),
        Ok(Ok(read)) => read.map_err(Unread::Wrong),
        Ok(Err(error)) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and with it what waits here.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

fn slow() -> String {
    format!("reading the settings takes longer than {READ_TIMEOUT:?}")
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Slow => Self::failed(slow(), SLOW_DISK),
            Unread::Wrong(errors) => errors.into(),
        }
    }
}

/// Which of the standard streams are a terminal: stdin, stdout, stderr. One that was closed is none.
fn terminals() -> [bool; 3] {
    [
        io::stdin().is_terminal(),
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    ]
}

impl fmt::Debug for Reloader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reloader")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Logs what is probably wrong with settings.
pub(super) fn log_warnings(config: &Config) {
    for warning in warnings(config) {
        tracing::warn!(
            setting = warning.key,
            remedy = warning.remedy,
            "{}",
            warning.problem
        );
    }
}

fn log_error(error: &str, remedy: &str) {
    let remedy = format!("{remedy}, and send SIGHUP again");
    tracing::error!(
        error,
        remedy,
        "the configuration is not reloaded, and nothing changes"
    );
}

/// The signal that asks a service to read its settings anew: SIGHUP. Signals are kept from the moment it is made.
#[derive(Debug)]
pub(super) struct HangUps {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl HangUps {
    /// Listens, within a runtime. From then on the signal does not end the process.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signal = signal(SignalKind::hangup())?;
        Ok(Self { signal })
    }

    /// Waits for the signal; several since the last wait are one.
    async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
impl HangUps {
    #[expect(clippy::unnecessary_wraps, reason = "as where there are signals")]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
