//! The sources of a backfill, and the dates of each.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::backfill::{DateRange, documents, has_history};
use crate::cli::failure::Failure;
use crate::config::{Config, SourceSettings};
use crate::pb::admin::GetStoreResponse;

/// The sources to backfill.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) jobs: Vec<SourceJob<'a>>,
}

/// One source and its dates.
#[derive(Debug)]
pub(super) struct SourceJob<'a> {
    pub(super) settings: &'a SourceSettings,
    pub(super) dates: DateRange,
}

impl SourceJob<'_> {
    /// The number of days, summed over the documents.
    pub(super) fn days(&self) -> u64 {
        let documents = u64::try_from(documents(self.settings).count()).unwrap_or(u64::MAX);
        self.dates.count().saturating_mul(documents)
    }
}

impl<'a> Plan<'a> {
    /// The sources named, or every enabled bank, from the first to the last date: by default yesterday in the bank's time
    /// zone, and never later than its today, since later tables are the poller's work.
    pub(super) fn new(
        settings: Vec<&'a SourceSettings>,
        (from, to): (Date, Option<Date>),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let job = |settings: &'a SourceSettings| {
            let zone = TimeZone::get(settings.source.zone).unwrap_or(TimeZone::UTC);
            let today = zone.to_datetime(now).date();
            let yesterday = today.yesterday().unwrap_or(today);
            let last = to.map_or(yesterday, |to| to.min(today));
            let dates = DateRange::new(from, last).ok_or_else(|| no_date(from, last))?;
            Ok(SourceJob { settings, dates })
        };
        let jobs = settings.into_iter().map(job);
        let jobs = jobs.collect::<Result<_, Failure>>()?;
        Ok(Self { jobs })
    }

    /// Notes to print before the work begins.
    pub(super) fn notes(&self, store: &GetStoreResponse) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(error) = &store.error {
            notes.push(format!("the server cannot write its ledger: {error}"));
        } else if store.path.is_none() {
            notes.push(
                "the server keeps nothing on disk: filed tables are lost when it stops".into(),
            );
        }
        for job in &self.jobs {
            let documents = job.settings.documents.iter();
            for document in documents.filter(|document| !has_history(document)) {
                let id = job.settings.source.id;
                notes.push(format!(
                    "{id} {}: skipped, the source publishes no history of it",
                    document.name
                ));
            }
        }
        notes
    }
}

/// The sources named, in that order; every enabled bank if none is named.
///
/// # Errors
/// When a source has no history, or the dates have no day between them, whatever day it is.
pub(super) fn chosen<'a>(
    config: &'a Config,
    ids: &[String],
    (from, to): (Date, Option<Date>),
) -> Result<Vec<&'a SourceSettings>, Failure> {
    if let Some(to) = to.filter(|to| *to < from) {
        return Err(no_date(from, to));
    }
    let able = |settings: &&SourceSettings| settings.documents.iter().any(has_history);
    if ids.is_empty() {
        let banks = config.sources.iter();
        let banks = banks.filter(|settings| settings.source.home.is_some());
        return Ok(banks.filter(able).collect());
    }
    let enabled: Vec<&SourceSettings> = config.sources.iter().filter(able).collect();
    let found = ids.iter().map(|id| {
        let is_it = |settings: &&&SourceSettings| settings.source.id.as_str() == id;
        enabled.iter().find(is_it).copied().ok_or_else(|| {
            let names = enabled.iter().map(|settings| settings.source.id.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            Failure::Usage {
                message: format!("`{id}` is not an enabled source with a history"),
                hint: format!("those are {names}; `silkrate config` shows what is enabled"),
            }
        })
    });
    found.collect()
}

fn no_date(from: Date, last: Date) -> Failure {
    Failure::Usage {
        message: format!("there is no date from {from} to {last}"),
        hint: "the first date is named with --start, the last one with --end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::sources::ALL;

    fn config() -> Config {
        Config::load(None, std::iter::empty()).unwrap()
    }

    fn plan<'a>(config: &'a Config, now: &str, ids: &[&str], to: Option<Date>) -> Plan<'a> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let dates = (date(2026, 3, 1), to);
        let sources = chosen(config, &ids, dates).unwrap();
        Plan::new(sources, dates, now.parse().unwrap()).unwrap()
    }

    fn last(plan: &Plan<'_>, id: &str) -> Date {
        let mut jobs = plan.jobs.iter();
        let job = jobs.find(|job| job.settings.source.id.as_str() == id);
        job.unwrap().dates.last
    }

    #[test]
    fn every_enabled_bank_is_planned_until_yesterday_in_its_own_zone() {
        // Half past eight in the evening, UTC, is after midnight in Almaty and before it in Moscow.
        let config = config();
        let plan = plan(&config, "2026-04-01T20:30:00Z", &[], None);
        let ids: Vec<&str> = plan
            .jobs
            .iter()
            .map(|job| job.settings.source.id.as_str())
            .collect();
        let with_history = ALL
            .iter()
            .filter(|source| source.home.is_some() && source.documents.iter().any(has_history))
            .map(|source| source.id.as_str());
        assert_eq!(ids, with_history.collect::<Vec<_>>());
        assert!(ids.contains(&"nbkr") && !ids.contains(&"market"), "{ids:?}");
        assert_eq!(last(&plan, "nbk"), date(2026, 4, 1));
        assert_eq!(last(&plan, "cbr"), date(2026, 3, 31));
    }

    #[test]
    fn no_date_beyond_today_is_planned() {
        let (config, now) = (config(), "2026-04-01T09:00:00Z");
        let later = plan(&config, now, &["nbk"], Some(date(2026, 12, 31)));
        assert_eq!(last(&later, "nbk"), date(2026, 4, 1));
        let earlier = plan(&config, now, &["nbk"], Some(date(2026, 3, 9)));
        assert_eq!(last(&earlier, "nbk"), date(2026, 3, 9));
        let dates = (date(2026, 4, 2), None);
        let sources = chosen(&config, &[], dates).unwrap();
        let none = Plan::new(sources, dates, now.parse().unwrap());
        assert_eq!(none.unwrap_err().code(), 64);
    }

    #[test]
    fn a_document_without_history_is_noted_before_the_work_begins() {
        let config = config();
        let plan = plan(&config, "2026-04-01T09:00:00Z", &["nbkr"], None);
        let store = GetStoreResponse {
            path: Some("silkrate.db".to_owned()),
            ..GetStoreResponse::default()
        };
        assert_eq!(
            plan.notes(&store),
            ["nbkr weekly: skipped, the source publishes no history of it"]
        );
        assert_eq!(plan.jobs[0].days(), 31, "one document of two");
        let memory = plan.notes(&GetStoreResponse::default());
        assert!(memory[0].contains("keeps nothing on disk"), "{memory:?}");
    }
}
