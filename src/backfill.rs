//! The banks' past: fetched slowly enough not to burden a bank, and uploaded to a running server, which checks it like
//! any other table.
//!
//! ```text
//! server: which dates are filed? ─▶ bank: the other dates, one request at a time ─▶ parse ─▶ server: file the table
//! ```
//!
//! Nothing is kept here. Dates that the server has are not requested again, so an interrupted run loses little, and the
//! same run continues where the last one stopped.

mod bank;
mod dates;
mod job;
mod stats;
mod throttle;
mod upload;

use std::collections::BTreeSet;

pub use dates::DateRange;
use jiff::civil::Date;
pub use stats::{Recorder, Stats};
use thiserror::Error;
pub use throttle::Throttle;

use crate::backfill::bank::BankClient;
use crate::backfill::job::Job;
use crate::client::{Admin, ClientError};
use crate::config::{Http, SourceSettings};
use crate::sources::Document;

/// Fetches the past from banks and uploads it to a server.
#[derive(Debug, Clone, Copy)]
pub struct Backfill<'a> {
    /// The operators' port of the server.
    pub admin: &'a Admin,
    /// The settings of the HTTP client for the banks.
    pub http: &'a Http,
    /// The limits on requests to one bank.
    pub throttle: Throttle,
}

/// Why the backfill of a source stopped before its last date.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Aborted(String);

impl From<ClientError> for Aborted {
    fn from(error: ClientError) -> Self {
        Self(format!("the server did not accept the request: {error}"))
    }
}

impl Backfill<'_> {
    /// Fetches and uploads the dates of one source, document after document. The result is in the recorder's statistics,
    /// the reason for an early end included.
    pub async fn source(&self, settings: &SourceSettings, dates: DateRange, recorder: &Recorder) {
        if let Err(Aborted(reason)) = self.documents(settings, dates, recorder).await {
            recorder.update(|stats| stats.aborted = Some(reason));
        }
    }

    async fn documents(
        &self,
        settings: &SourceSettings,
        dates: DateRange,
        recorder: &Recorder,
    ) -> Result<(), Aborted> {
        let mut bank = BankClient::new(self.http, settings, self.throttle, recorder)?;
        for document in documents(settings) {
            let job = Job::new(*self, settings.source.id, document, recorder);
            job.run(&mut bank, dates).await?;
        }
        Ok(())
    }

    /// The dates for which the server has a table of a document.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the request.
    pub async fn filed(
        &self,
        settings: &SourceSettings,
        document: &Document,
        dates: DateRange,
    ) -> Result<BTreeSet<Date>, ClientError> {
        upload::filed(self.admin, settings.source.id, document, dates).await
    }
}

/// The documents of a source whose past can be requested.
pub fn documents(settings: &SourceSettings) -> impl Iterator<Item = &'static Document> {
    settings
        .documents
        .iter()
        .filter(|document| has_history(document))
}

/// Whether the past of a document can be requested: by date, or as a series.
pub fn has_history(document: &Document) -> bool {
    document.dated.is_some() || document.series.is_some()
}
