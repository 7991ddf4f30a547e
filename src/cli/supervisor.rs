//! What systemd is sent, where it started the service with `Type=notify`: that it serves, that it stops, and that it is alive.
//! Under another supervisor nothing is sent.

#[cfg(unix)]
use sd_notify::NotifyState;
use tokio::task::JoinSet;

/// Reports that the ports are bound and the ledger is open: what starts after the service can reach it.
pub(super) fn report_ready() {
    #[cfg(unix)]
    send(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// Reports that a signal was received, and that the settings are read anew. Readiness is reported after it.
pub(super) fn report_reloading() {
    #[cfg(unix)]
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[
            NotifyState::Reloading,
            now,
            NotifyState::Status("reading the configuration anew"),
        ]),
        Err(error) => tracing::warn!(%error, "the supervisor cannot be notified"),
    }
}

/// Reports that a signal was received, and that connections drain.
pub(super) fn report_stopping() {
    #[cfg(unix)]
    send(&[
        NotifyState::Stopping,
        NotifyState::Status("draining streams and connections"),
    ]);
}

/// Keeps reporting that the runtime makes progress, for as long as the result lives, if a watchdog waits for it.
///
/// It is a task like those that serve: if all threads of the runtime are blocked, it is too, and the supervisor restarts the
/// service. A report is sent twice in the time that the watchdog allows, as systemd advises.
pub(super) fn keep_alive() -> JoinSet<()> {
    let mut reports = JoinSet::new();
    #[cfg(unix)]
    if let Some(allowed) = sd_notify::watchdog_enabled()
        && !allowed.is_zero()
    {
        reports.spawn(async move {
            let mut times = tokio::time::interval(allowed / 2);
            loop {
                times.tick().await;
                send(&[NotifyState::Watchdog]);
            }
        });
    }
    reports
}

/// Sends a message. A supervisor that misses it takes its own measures.
#[cfg(unix)]
fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the supervisor cannot be notified");
    }
}
