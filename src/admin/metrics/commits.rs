//! What the commit task counts.

use std::fmt;
use std::sync::Arc;

use crate::telemetry::{Collect, CommitCounts, Page, UNLABELLED};

#[derive(Debug)]
pub(super) struct CommitMetrics(pub(super) Arc<CommitCounts>);

impl Collect for CommitMetrics {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let Self(counts) = self;
        let names = (
            "silkrate_commit_duration_seconds",
            "How long the commits took that changed what is served, from deriving the state until it was published",
        );
        page.histograms(names, [(UNLABELLED, &counts.commits)])?;
        let sources = counts.sources();
        let corrections = sources
            .iter()
            .map(|(source, counts)| ([("source", *source)], &counts.corrections));
        let names = (
            "silkrate_source_corrections",
            "Values of the source that replaced another one of the same date",
        );
        page.counters(names, corrections)?;
        let delays = sources
            .iter()
            .map(|(source, counts)| ([("source", *source)], &counts.delays));
        let names = (
            "silkrate_source_publication_delay_seconds",
            "From the beginning of the publication hours of each expected table of the source until it was committed",
        );
        page.histograms(names, delays)
    }
}
