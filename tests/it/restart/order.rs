//! Other settings at a start: which of them change answers that were given is reported.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::date;
use silkrate::clock::Clock;
use silkrate::commit::Commit;
use silkrate::domain::{Currency, Preference, RateFilter, SourceId, SourceRecord};
use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, store};
use crate::support::records::{PREFERENCES, Records};

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Starts and stops with these preferences. Returns the warnings of the start.
async fn warnings(path: &Path, preferences: &[Preference]) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::WARN)
        .finish();
    let records = Records::default()
        .with("nbk", Some(Currency::KZT), Vec::new())
        .with("cbr", Some(Currency::RUB), Vec::new());
    let records = records.sources.values();
    let records = records.map(|record| SourceRecord::clone(record)).collect();
    let clock = Clock::replay(noon(date(2026, 4, 2)), 1);
    let guard = tracing::subscriber::set_default(subscriber);
    let settings = (preferences.to_vec(), RateFilter::default());
    let opened = Commit::open(records, settings, store(path, NEVER), clock).await;
    drop(guard);
    let (commit, handle) = opened;
    Commits::run(commit, handle).close().await;
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn a_start_with_other_preferences_says_that_answers_to_past_dates_may_differ() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    assert_eq!(warnings(&path, &PREFERENCES).await, "");
    assert_eq!(warnings(&path, &PREFERENCES).await, "");
    let cbr = Preference::Source(SourceId::new("cbr"));
    let other = warnings(&path, &[cbr, Preference::Home]).await;
    assert!(
        other.contains("answers to past dates may differ") && other.contains("KZT: cbr, nbk"),
        "{other}"
    );
    let again = warnings(&path, &[cbr, Preference::Home]).await;
    assert_eq!(again, "", "it is said once");
}
