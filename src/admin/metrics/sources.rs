//! The sources: how current they are, how their polls go, and what is held.

use std::fmt;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::board::{BoardReader, SourceDetail};
use crate::budget::RequestBudget;
use crate::domain::{Check, Freshness, PollOutcome, Polling};
use crate::telemetry::{Collect, Label, Number, Page};

const FRESHNESS: [&str; 4] = ["fresh", "carried_over", "late", "stale"];
const POLLING: [&str; 3] = ["not_tried", "ok", "failing"];

#[derive(Debug)]
pub(super) struct SourceMetrics {
    board: BoardReader,
    budgets: watch::Receiver<Vec<RequestBudget>>,
}

impl SourceMetrics {
    pub(super) fn new(board: BoardReader, budgets: watch::Receiver<Vec<RequestBudget>>) -> Self {
        Self { board, budgets }
    }
}

impl Collect for SourceMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let sources = Sources {
            details: self.board.details(&self.board.snapshot()),
        };
        sources.tables(page)?;
        sources.polls(page)?;
        self.requests(page)?;
        sources.values(page)
    }
}

impl SourceMetrics {
    /// From the budgets themselves: a day ends without a poll.
    fn requests(&self, page: &mut Page<'_>) -> fmt::Result {
        let budgets = self.budgets.borrow().clone();
        let counts = budgets.iter();
        let counts = counts.map(|budget| ([("source", budget.source().as_str())], budget.count()));
        let counts: Vec<_> = counts.collect();
        let names = (
            "silkrate_source_requests_today",
            "Requests to the source since midnight in its time zone",
        );
        let sent = counts.iter();
        page.gauges(names, sent.map(|(label, count)| (label, count.today)))?;
        let names = (
            "silkrate_source_requests_per_day",
            "The budget of requests to the source for one day",
        );
        let budgets = counts.iter();
        page.gauges(names, budgets.map(|(label, count)| (label, count.per_day)))
    }
}

/// Every source at the moment at which the page is read.
struct Sources {
    details: Vec<SourceDetail>,
}

impl Sources {
    /// A gauge for each source that has a value.
    fn gauges<N: Into<Number>>(
        &self,
        page: &mut Page<'_>,
        names: (&str, &str),
        value: impl Fn(&SourceDetail) -> Option<N>,
    ) -> fmt::Result {
        let samples = self.details.iter();
        let samples = samples.filter_map(|detail| Some((label(detail), value(detail)?)));
        page.gauges(names, samples)
    }

    fn tables(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "silkrate_source_newest_table_timestamp_seconds",
            "When the effective date of the newest table begins at the source; ahead while it is announced",
        );
        self.gauges(page, names, beginning_of_newest)?;
        let names = (
            "silkrate_source_next_table_timestamp_seconds",
            "When the next expected table of the source is due",
        );
        self.gauges(page, names, |detail| {
            Some(detail.state.next_publication?.due)
        })?;
        let names = (
            "silkrate_source_missed_publications",
            "Publications of the source that were due and are missing",
        );
        self.gauges(page, names, |detail| Some(detail.state.missed_publications))?;
        let states = self.details.iter().map(|detail| {
            let known = detail.state.freshness_status.as_ref();
            let present = known.map(|known| freshness(known.freshness));
            (label(detail), "freshness", present)
        });
        let names = (
            "silkrate_source_freshness",
            "One for the freshness of the source, zero for every other; zero for all before its first table",
        );
        page.states(names, &FRESHNESS, states)
    }

    fn polls(&self, page: &mut Page<'_>) -> fmt::Result {
        let states = self.details.iter();
        let states = states.map(|detail| {
            (
                label(detail),
                "polling",
                Some(polling(detail.polls.polling)),
            )
        });
        let names = (
            "silkrate_source_polling",
            "One for the result of the last poll of the source, zero for every other",
        );
        page.states(names, &POLLING, states)?;
        let ended = self.details.iter().flat_map(|detail| {
            PollOutcome::ALL.map(|outcome| {
                let count = detail.polls.outcomes.get(&outcome);
                let [source] = label(detail);
                let labels = [source, ("outcome", outcome.as_str())];
                (labels, count.copied().unwrap_or_default())
            })
        });
        let names = (
            "silkrate_source_polls",
            "Polls of the source since the service started, by how they ended",
        );
        page.counters(names, ended)?;
        let names = (
            "silkrate_source_consecutive_poll_failures",
            "Failed polls of the source since the last successful one",
        );
        self.gauges(page, names, |detail| {
            Some(detail.polls.consecutive_failures)
        })?;
        let names = (
            "silkrate_source_last_success_timestamp_seconds",
            "When the last successful poll of the source began",
        );
        self.gauges(page, names, |detail| detail.polls.last_verified)?;
        let names = (
            "silkrate_source_next_poll_timestamp_seconds",
            "When the next poll of the source is due",
        );
        self.gauges(page, names, |detail| detail.polls.next_attempt)
    }

    fn values(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "silkrate_source_held_values",
            "Values of the source that wait for a rule or an operator",
        );
        self.gauges(page, names, |detail| Some(detail.state.held.len()))?;
        let flags = self.details.iter().flat_map(|detail| {
            Check::ALL.map(|check| {
                let flags = detail.state.flags.iter();
                let failed = flags.filter(|flag| flag.check == check).count();
                let [source] = label(detail);
                ([source, ("check", check.as_str())], failed)
            })
        });
        let names = (
            "silkrate_source_flags",
            "Flags on the values of the source, by the plausibility check that they failed",
        );
        page.gauges(names, flags)?;
        let names = (
            "silkrate_source_dropped_rows",
            "Rows of the newest tables of the source that cannot be read and were left out",
        );
        self.gauges(page, names, |detail| Some(detail.dropped_rows.len()))
    }
}

/// Midnight in the time zone of the source.
fn beginning_of_newest(detail: &SourceDetail) -> Option<Timestamp> {
    let newest = detail.state.newest_effective_date?;
    let begins = newest.to_zoned_datetime(detail.record.zone.clone());
    Some(begins.ok()?.timestamp())
}

fn label(detail: &SourceDetail) -> [Label<'_>; 1] {
    [("source", detail.state.id.as_str())]
}

fn freshness(freshness: Freshness) -> &'static str {
    let [fresh, carried_over, late, stale] = FRESHNESS;
    match freshness {
        Freshness::Fresh => fresh,
        Freshness::CarriedOver => carried_over,
        Freshness::Late => late,
        Freshness::Stale => stale,
    }
}

fn polling(polling: Polling) -> &'static str {
    let [not_tried, ok, failing] = POLLING;
    match polling {
        Polling::NotTried => not_tried,
        Polling::Ok => ok,
        Polling::Failing => failing,
    }
}
