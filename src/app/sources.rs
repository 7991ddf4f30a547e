//! The sources of a configuration: their records for the commit task, and their pollers.

use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::app::AppError;
use crate::app::blocking::blocking;
use crate::budget::{RequestBudget, RequestCounts};
use crate::clock::Clock;
use crate::commit::CommitHandle;
use crate::config::{Http, SourceSettings};
use crate::domain::{DocumentRecord, History, SourceRecord};
use crate::poller::Poller;
use crate::webhooks::Turn;

/// The records of sources, without tables.
pub(super) fn records(sources: &[SourceSettings]) -> Result<Vec<SourceRecord>, AppError> {
    sources.iter().map(record).collect()
}

fn record(settings: &SourceSettings) -> Result<SourceRecord, AppError> {
    let source = settings.source;
    let documents = settings.documents.iter().map(|document| DocumentRecord {
        name: document.name,
        schedule: document.schedule,
        required: document.required,
        typical_dollar: source.typical_dollar,
        history: History::new(source.revision_policy),
    });
    Ok(SourceRecord {
        id: source.id,
        name: source.name,
        attribution: source.attribution,
        page: source.page,
        terms: source.terms,
        home: source.home,
        zone: zone(settings)?,
        documents: documents.collect(),
        attempted: false,
    })
}

/// What every poller submits to and is counted by.
#[derive(Debug, Clone)]
pub(super) struct Polling {
    pub(super) clock: Clock,
    pub(super) commit: CommitHandle,
    pub(super) counts: RequestCounts,
    /// Whether this replica asks the banks; `None` for a service that runs alone.
    pub(super) leads: Option<watch::Receiver<bool>>,
    /// Whose turn it is to deliver to webhooks.
    pub(super) turn: Turn,
}

impl Polling {
    /// The pollers of sources, and their budgets. They are built on a thread that may block: certificate authorities are read
    /// from files.
    pub(super) async fn pollers(
        &self,
        sources: Vec<SourceSettings>,
        http: &Http,
    ) -> Result<Vec<(Poller, RequestBudget)>, AppError> {
        let (polling, http) = (self.clone(), http.clone());
        let built = blocking(move || {
            let sources = sources.iter();
            sources
                .map(|settings| polling.poller(settings, &http))
                .collect()
        });
        built.await
    }

    /// The poller of a source, and its budget.
    fn poller(
        &self,
        settings: &SourceSettings,
        http: &Http,
    ) -> Result<(Poller, RequestBudget), AppError> {
        let Self {
            clock,
            commit,
            counts,
            leads,
            turn: _,
        } = self.clone();
        let id = settings.source.id;
        let per_day = settings.requests_per_day;
        let budget = RequestBudget::new(id, per_day, zone(settings)?, clock.clone(), counts);
        let poller = Poller::new(settings, http, budget.clone(), clock, commit);
        let poller = poller.map_err(|source| AppError::Client {
            id: id.as_str(),
            source,
        })?;
        let poller = match leads {
            Some(leads) => poller.while_leading(leads),
            None => poller,
        };
        Ok((poller, budget))
    }
}

fn zone(settings: &SourceSettings) -> Result<TimeZone, AppError> {
    let name = settings.source.zone;
    TimeZone::get(name).map_err(|_unknown| AppError::Zone(name))
}
