//! Takes over other settings while the service runs. Everything that can fail is built before anything is replaced, so that a
//! reload changes all that it can, or nothing. What a stream shows changes by a commit, and none ends but those of readers without a
//! key where keys are required from now on.

use std::fmt;

use tokio::sync::{mpsc, oneshot, watch};

use crate::access::{PreparedAccess, Reloader};
use crate::app::blocking::{blocking, blocking_on};
use crate::app::finding::Finding;
use crate::app::preflight::{ReloadFindings, of_reload};
use crate::app::sharing::Sharing;
use crate::app::sources::{Polling, records};
use crate::app::tasks::{Stage, Tasks};
use crate::app::{AppError, access, webhooks};
use crate::board::{BoardReader, Preferences};
use crate::budget::RequestBudget;
use crate::commit::Stopped;
use crate::config::{Config, Log, SettingChange, differences};
use crate::domain::{SourceId, SourceRecord};
use crate::feed::Ticker;
use crate::logging::LogFilter;
use crate::poller::Poller;
use crate::telemetry::CountsByWebhook;
use crate::tls::Certificates;
use crate::web::Browsers;
use crate::webhooks::{PreparedWebhooks, WebhookReloader, Webhooks};

/// How many reloads wait: one more signal during a reload leads to one more reload, whichever number of signals there were.
const RELOADS_MAX: usize = 1;
/// The settings whose change is one of what is served, so that it is a commit: their keys end with these.
const SERVED: &[&str] = &[".enabled", ".kind", ".holidays", ".working_days"];

/// Settings that were read anew, and passed every check of their values.
#[derive(Debug)]
pub struct Reload {
    /// The settings.
    pub config: Config,
    /// Dropped when the reload has ended, well or not.
    pub done: oneshot::Sender<()>,
}

/// What reloads come from, and what sets the log.
pub struct Reloads {
    pub(super) requests: mpsc::Receiver<Reload>,
    pub(super) log: Option<LogFilter>,
}

impl Reloads {
    /// Reloads that are sent to the second value. `log` is the log of the process, if the settings are those of its log.
    pub fn new(log: Option<LogFilter>) -> (Self, mpsc::Sender<Reload>) {
        let (sender, requests) = mpsc::channel(RELOADS_MAX);
        (Self { requests, log }, sender)
    }

    /// No reload.
    pub(super) fn none() -> Self {
        let (reloads, _no_sender) = Self::new(None);
        reloads
    }
}

impl fmt::Debug for Reloads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reloads").finish_non_exhaustive()
    }
}

/// The settings in force, and what they can be replaced in.
pub(super) struct Settings {
    /// Those in force, which operators read.
    pub(super) config: watch::Sender<Config>,
    pub(super) polling: Polling,
    pub(super) board: BoardReader,
    pub(super) ticker: Ticker,
    pub(super) preferences: Preferences,
    pub(super) browsers: Browsers,
    pub(super) budgets: watch::Sender<Vec<RequestBudget>>,
    pub(super) webhooks: Option<WebhookReloader>,
    pub(super) deliveries: watch::Sender<CountsByWebhook>,
    pub(super) certificates: Certificates,
    pub(super) keys: Reloader,
    pub(super) sharing: Sharing,
    pub(super) log: Option<LogFilter>,
}

/// What was built for other settings, and is not in use yet.
struct Prepared {
    config: Config,
    /// The sources that are served from now on, if what is served changes.
    records: Option<Vec<SourceRecord>>,
    /// The sources that are polled otherwise, or no longer.
    stopped: Vec<SourceId>,
    pollers: Vec<(Poller, RequestBudget)>,
    webhooks: PreparedChange,
    /// What is wrong with them, although they work.
    doubtful: Vec<Finding>,
    /// The keys, if other settings are about them.
    access: Option<PreparedAccess>,
}

/// How the webhooks change.
enum PreparedChange {
    None,
    First(Box<Webhooks>, WebhookReloader),
    Others(PreparedWebhooks),
}

impl Settings {
    /// Takes over other settings as far as a running service can, and logs each of them.
    pub(super) async fn take_over(&mut self, reload: Reload, tasks: &mut Tasks) {
        let Reload { config, done } = reload;
        let changes = differences(&self.in_force().effective(&[]), &config.effective(&[]));
        match self.prepare(config, &changes).await {
            Ok(mut prepared) => {
                let doubtful = std::mem::take(&mut prepared.doubtful);
                let (before, after) = (self.in_force().log, prepared.config.log);
                // What was applied is logged if one of the two levels shows it.
                let level = before.level.max(after.level);
                self.set_log(Log { level, ..after });
                self.apply(prepared, tasks).await;
                log_changes(&changes);
                log_findings(&doubtful);
                self.set_log(after);
            }
            Err(error) => {
                tracing::error!(%error, "the configuration is not reloaded, and nothing changes");
            }
        }
        // They are read again by themselves too; who sends a signal does not want to wait.
        self.certificates.reload().await;
        self.keys.reload().await;
        drop(done);
    }

    fn in_force(&self) -> Config {
        self.config.borrow().clone()
    }

    /// Builds what other settings need.
    async fn prepare(&self, next: Config, changes: &[SettingChange]) -> Result<Prepared, AppError> {
        let (read, of_changes) = (next.clone(), changes.to_vec());
        let found = blocking(move || of_reload(&read, &of_changes)).await;
        let ReloadFindings { refused, doubtful } = found;
        if !refused.is_empty() {
            return Err(AppError::Refused(refused));
        }
        let in_force = self.in_force();
        let config = in_force.reloaded(next);
        let mut applied = changes.iter().filter(|change| !change.needs_restart);
        let is_served = applied.any(|change| is_served(&change.key));
        let records = is_served.then(|| records(&config.sources)).transpose()?;
        let is_same_http = config.http == in_force.http;
        let is_kept = |id: SourceId| {
            let mut before = in_force
                .sources
                .iter()
                .filter(|known| known.source.id == id);
            let mut now = config.sources.iter().filter(|known| known.source.id == id);
            let both = before.next().zip(now.next());
            is_same_http && both.is_some_and(|(before, now)| before.is_same(now))
        };
        let before = in_force.sources.iter().map(|known| known.source.id);
        let other = config
            .sources
            .iter()
            .filter(|settings| !is_kept(settings.source.id));
        let pollers = self.polling.pollers(other.cloned().collect(), &config.http);
        Ok(Prepared {
            records,
            stopped: before.filter(|id| !is_kept(*id)).collect(),
            pollers: pollers.await?,
            webhooks: self.prepare_webhooks(&config).await?,
            doubtful,
            access: if config.access == in_force.access {
                None
            } else {
                Some(access::prepare(&config.access).await?)
            },
            config,
        })
    }

    async fn prepare_webhooks(&self, config: &Config) -> Result<PreparedChange, AppError> {
        let in_force = self.in_force();
        let is_same = config.webhooks == in_force.webhooks && config.http == in_force.http;
        if is_same {
            return Ok(PreparedChange::None);
        }
        if let Some(running) = &self.webhooks {
            let (running, webhooks, http) = (
                running.clone(),
                config.webhooks.clone(),
                config.http.clone(),
            );
            let prepared = blocking_on(async move { running.prepare(&webhooks, &http).await });
            return Ok(PreparedChange::Others(prepared.await?));
        }
        let board = (self.board.clone(), self.polling.turn.clone());
        let clock = self.polling.clock.clone();
        let opened = webhooks::open(config, board, &self.preferences, clock).await?;
        Ok(opened.map_or(PreparedChange::None, |(webhooks, reloader)| {
            PreparedChange::First(Box::new(webhooks), reloader)
        }))
    }

    fn set_log(&self, settings: Log) {
        if let Some(log) = &self.log {
            log.set(settings);
        }
    }

    async fn apply(&mut self, prepared: Prepared, tasks: &mut Tasks) {
        let Prepared {
            config,
            records,
            stopped,
            pollers,
            webhooks,
            doubtful: _,
            access,
        } = prepared;
        if let Some(access) = access {
            self.keys.access().replace(access);
            self.sharing.replace(&config.access);
        }
        for id in &stopped {
            tasks.stop(Stage::Pollers, id.as_str()).await;
        }
        if let Some(records) = records {
            self.serve(&config, records).await;
        }
        let mut budgets = self.budgets.borrow().clone();
        budgets.retain(|budget| !stopped.contains(&budget.source()));
        for (poller, budget) in pollers {
            budgets.push(budget);
            start_poller(tasks, poller);
        }
        budgets.sort_by_key(RequestBudget::source);
        self.budgets.send_replace(budgets);
        match webhooks {
            PreparedChange::None => {}
            PreparedChange::First(webhooks, reloader) => {
                start_webhooks(tasks, *webhooks);
                self.webhooks = Some(reloader);
            }
            PreparedChange::Others(prepared) => {
                if let Some(running) = &mut self.webhooks {
                    running.replace(prepared).await;
                }
            }
        }
        let deliveries = self.webhooks.as_ref().map(WebhookReloader::counts);
        self.deliveries.send_replace(deliveries.unwrap_or_default());
        self.config.send_replace(config);
    }

    /// Serves by other sources, another order, ticker or pages, and publishes the revision that tells so.
    async fn serve(&self, config: &Config, records: Vec<SourceRecord>) {
        let pairs = config.ticker.pairs.clone();
        if *self.ticker.pairs() != pairs {
            let newest = || self.board.snapshot().position.clone();
            self.ticker.set(pairs.clone(), newest);
        }
        self.browsers.set(&config.web);
        let order = config.ticker.prefer.clone();
        self.preferences.set(&order);
        let served = self.polling.commit.reconfigure(records, order, pairs).await;
        let position = served.inspect_err(|Stopped| tracing::error!("the commit task has ended"));
        if let Ok(position) = position {
            tracing::info!(epoch = %position.epoch, revision = position.revision, "serving by the reloaded settings");
        }
    }
}

/// Logs what is wrong with settings.
fn log_findings(findings: &[Finding]) {
    for Finding {
        key,
        problem,
        remedy,
    } in findings
    {
        tracing::warn!(setting = key, remedy, "{problem}");
    }
}

/// Starts a poller, which can be stopped alone.
pub(super) fn start_poller(tasks: &mut Tasks, poller: Poller) {
    let stop = tasks.token(Stage::Pollers).child_token();
    let id = poller.id();
    let task = poller.run(stop.clone());
    tasks.start_until(stop, Stage::Pollers, id.as_str(), task);
}

/// Starts the webhooks.
pub(super) fn start_webhooks(tasks: &mut Tasks, webhooks: Webhooks) {
    let stopped = tasks.token(Stage::Webhooks);
    tasks.start(Stage::Webhooks, "webhooks", webhooks.run(stopped));
}

/// Whether a setting decides what is served.
fn is_served(key: &str) -> bool {
    ["ticker.", "web."]
        .iter()
        .any(|table| key.starts_with(table))
        || key.starts_with("sources.") && SERVED.iter().any(|end| key.ends_with(end))
}

/// A line for each setting, and one for all of them.
fn log_changes(changes: &[SettingChange]) {
    for change in changes {
        let setting = &change.key;
        if change.needs_restart {
            tracing::warn!(setting, %change, "this setting takes effect at a restart");
        } else {
            tracing::info!(setting, %change, "applied a setting");
        }
    }
    let at_restart = changes.iter().filter(|change| change.needs_restart).count();
    let applied = changes.len().saturating_sub(at_restart);
    tracing::info!(applied, at_restart, "reloaded the configuration");
}
