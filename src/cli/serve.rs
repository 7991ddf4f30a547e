//! `silkrate serve`: the service, until it is told to stop.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use crate::app::{App, AppError};
use crate::cli::failure::Failure;
use crate::cli::{config, replay};
use crate::config::Config;
use crate::{listener, telemetry};

const EXAMPLES: &str = "\
Examples:
  silkrate serve                               the defaults: six banks, 127.0.0.1:50051
  silkrate serve --config silkrate.toml
  silkrate serve --demo                        recorded figures, no network needed
  SILKRATE_SERVER__LISTEN=0.0.0.0:50051 silkrate serve
  RUST_LOG=debug silkrate serve                more to read on stderr";

/// After a second signal what still runs is not waited for.
const ABORT_PATIENCE: Duration = Duration::ZERO;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// The configuration file (TOML); variables named SILKRATE_… go over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Replay recorded figures through a bank on loopback: nothing is asked of a real one, nothing is kept.
    #[arg(long)]
    demo: bool,
}

pub(super) fn run(arguments: &ServeArgs) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    telemetry::init(if arguments.demo {
        LevelFilter::ERROR
    } else {
        LevelFilter::INFO
    });
    if let Some(descriptors) = listener::raise_descriptors() {
        tracing::debug!(descriptors, "each connection takes one");
    }
    // Measured with gathered writes: two threads that share their work take a tenth more for an answer than one alone,
    // and all of a crowd has a message in two thirds of the time; a runtime for each thread gains nothing certain.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let drain = CancellationToken::new();
        let service = service(config, arguments.demo, drain.clone());
        Box::pin(until_stopped(service, &drain, Signals::listen()?)).await
    });
    runtime.shutdown_timeout(ABORT_PATIENCE);
    result
}

/// The service itself: it ends when `drain` is cancelled and what was under way has ended.
async fn service(config: Config, demo: bool, drain: CancellationToken) -> Result<(), Failure> {
    if demo {
        return replay::run(config, drain).await;
    }
    let app = App::bind(config).await;
    let app = app.map_err(|error| not_started(&error))?;
    let ended = app.run(drain.cancelled_owned()).await;
    ended.map_err(|error| ended_early(&error.to_string()))
}

/// The failure of a service that could not start: it has logged nothing yet.
pub(super) fn not_started(error: &AppError) -> Failure {
    let hint = match error {
        AppError::Listen { key, .. } => {
            let variable = key.replace('.', "__").to_uppercase();
            format!(
                "stop what listens there, or choose another port: SILKRATE_{variable}=127.0.0.1:0 silkrate serve"
            )
        }
        _ => "`silkrate config` prints the settings in force".to_owned(),
    };
    Failure::failed(error.to_string(), hint)
}

/// The failure of a service that ran.
pub(super) fn ended_early(reason: &str) -> Failure {
    Failure::failed(reason, "the lines above tell what led to it")
}

/// Runs the service. The first signal lets it finish what is under way; the second one does not.
async fn until_stopped(
    service: impl Future<Output = Result<(), Failure>>,
    drain: &CancellationToken,
    mut signals: Signals,
) -> Result<(), Failure> {
    tokio::pin!(service);
    let ended = tokio::select! {
        ended = &mut service => Some(ended),
        () = signals.next() => None,
    };
    if let Some(ended) = ended {
        return ended;
    }
    tracing::info!("stopping; a second signal aborts");
    drain.cancel();
    tokio::select! {
        ended = &mut service => ended,
        () = signals.next() => Err(ended_early("aborted by a second signal")),
    }
}

/// What asks a process to stop: Ctrl-C, and the signal that supervisors send.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as where there are signals")]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_service_that_ends_early_with_an_error_is_a_failure() {
        let drain = CancellationToken::new();
        let service = std::future::ready(Err(ended_early("a task has ended")));
        let ended = until_stopped(service, &drain, Signals::listen().unwrap()).await;
        assert_eq!(ended.unwrap_err().code(), 1);
        assert!(!drain.is_cancelled());
    }
}
