//! The sources: how current they are, how their polls go, and what is held.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::board::{BoardReader, SourceDetail};
use crate::clock::Clock;
use crate::domain::{Freshness, PollOutcome, Polling};
use crate::telemetry::{Collect, Label, Number, Page};

const FRESHNESS: [&str; 4] = ["fresh", "carried_over", "late", "stale"];
const POLLING: [&str; 3] = ["not_tried", "ok", "failing"];

#[derive(Debug)]
pub(super) struct SourceMetrics {
    board: BoardReader,
    clock: Clock,
}

impl SourceMetrics {
    pub(super) fn new(board: BoardReader, clock: Clock) -> Self {
        Self { board, clock }
    }
}

impl Collect for SourceMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let sources = Sources {
            details: self.board.details(&self.board.snapshot()),
            now: self.clock.now(),
        };
        sources.tables(page)?;
        sources.polls(page)?;
        sources.requests(page)?;
        sources.values(page)
    }
}

/// Every source at the moment at which the page is read.
struct Sources {
    details: Vec<SourceDetail>,
    now: Timestamp,
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
            "silkrate_source_newest_table_age_seconds",
            "Since the effective date of the newest table began at the source; negative while it is announced",
        );
        self.gauges(page, names, |detail| self.age_of_newest(detail))?;
        let names = (
            "silkrate_source_next_table_seconds",
            "Until the next expected table of the source is due",
        );
        self.gauges(page, names, |detail| {
            let next = detail.state.next_publication?;
            Some(next.due.duration_since(self.now))
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
            "silkrate_source_poll_failures",
            "Failed polls of the source since the last successful one",
        );
        self.gauges(page, names, |detail| {
            Some(detail.polls.consecutive_failures)
        })?;
        let names = (
            "silkrate_source_last_success_age_seconds",
            "Since a poll of the source last succeeded",
        );
        self.gauges(page, names, |detail| {
            let verified = detail.polls.last_verified?;
            Some(self.now.duration_since(verified))
        })?;
        let names = (
            "silkrate_source_next_poll_seconds",
            "Until the next poll of the source is due",
        );
        self.gauges(page, names, |detail| {
            let next = detail.polls.next_attempt?;
            Some(next.duration_since(self.now))
        })
    }

    fn requests(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "silkrate_source_requests_today",
            "Requests to the source on the day of its last poll, in its time zone",
        );
        self.gauges(page, names, |detail| Some(detail.polls.requests.today))?;
        let names = (
            "silkrate_source_requests_per_day",
            "The budget of requests to the source for one day; zero before its first poll",
        );
        self.gauges(page, names, |detail| Some(detail.polls.requests.per_day))
    }

    fn values(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "silkrate_source_held_values",
            "Values of the source that wait for a rule or an operator",
        );
        self.gauges(page, names, |detail| Some(detail.state.held.len()))?;
        let names = (
            "silkrate_source_flags",
            "Notes on the values of the source that failed a check which does not hold them",
        );
        self.gauges(page, names, |detail| Some(detail.state.flags.len()))?;
        let names = (
            "silkrate_source_dropped_rows",
            "Rows of the newest tables of the source that cannot be read and were left out",
        );
        self.gauges(page, names, |detail| Some(detail.dropped_rows.len()))
    }

    fn age_of_newest(&self, detail: &SourceDetail) -> Option<SignedDuration> {
        let newest = detail.state.newest_effective_date?;
        let began = newest.to_zoned_datetime(detail.record.zone.clone());
        Some(self.now.duration_since(began.ok()?.timestamp()))
    }
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
