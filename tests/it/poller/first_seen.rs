//! When tables were first seen: what the ledger knows of it, before and after a restart.

use std::path::Path;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use silkrate::clock::Clock;
use silkrate::commit::Submission;
use silkrate::domain::{FirstSeen, Intent, SourceId};

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, opened, store, tenge};

const NBK: SourceId = SourceId::new("nbk");
const FIRST: Date = date(2026, 4, 1);

/// The commit task on a ledger, with a clock that stands still.
async fn commits(path: &Path, now: Timestamp) -> Commits {
    let (commit, handle) = opened(store(path, NEVER), Clock::replay_until(now, 1, now)).await;
    Commits::run(commit, handle)
}

/// Submits a table of a day.
async fn submit(commits: &Commits, day: Date, usd: &str, is_live: bool) {
    let submission = Submission {
        source: NBK,
        tables: vec![tenge(day, &[("USD", 1, usd)])],
        intent: Intent::AnyDate,
        attempt_ended: true,
        is_live,
        answered: Vec::new(),
    };
    let outcome = commits.handle.submit(submission).await.unwrap();
    assert_eq!(outcome.refused, []);
}

async fn first_seen(commits: &Commits) -> FirstSeen {
    let context = commits.handle.poll_context(NBK).await.unwrap().unwrap();
    let [(document, seen)] = &context.first_seen[..] else {
        panic!("{:?}", context.first_seen)
    };
    assert_eq!(*document, "daily");
    seen.clone()
}

#[tokio::test]
async fn tables_of_a_poll_are_seen_when_they_are_filed_and_those_of_a_start_or_a_backfill_are_not()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let mut expected = Vec::new();
    for day in 0..8_i8 {
        let (today, usd) = (FIRST + i64::from(day).days(), format!("47{day}.09"));
        let service = commits(&path, noon(today)).await;
        let tomorrow = today.tomorrow().unwrap();
        match day {
            // The first table after a start or an outage, which is seen live at the next poll: too late.
            2 => {
                submit(&service, tomorrow, &usd, false).await;
                submit(&service, tomorrow, &usd, true).await;
            }
            4 => {
                let table = tenge(tomorrow, &[("USD", 1, &usd)]);
                let outcome = service.handle.backfill(NBK, table).await.unwrap();
                assert!(outcome.has_changes, "{outcome:?}");
            }
            _ => {
                submit(&service, tomorrow, &usd, true).await;
                expected.push((tomorrow, noon(today)));
            }
        }
        let before = first_seen(&service).await;
        assert_eq!(before, expected.iter().copied().collect(), "{today}");
        drop(service.close().await);
        let service = commits(&path, noon(tomorrow)).await;
        assert_eq!(first_seen(&service).await, before, "{today}");
        // A correction does not change when the table was first seen.
        submit(&service, tomorrow, &format!("47{day}.10"), true).await;
        assert_eq!(first_seen(&service).await, before, "{today}");
        drop(service.close().await);
    }
    assert_eq!(expected.len(), 6);
}

#[tokio::test]
async fn an_unknown_source_has_no_context() {
    let folder = tempfile::tempdir().unwrap();
    let service = commits(&folder.path().join("silkrate.db"), noon(FIRST)).await;
    let unknown = service.handle.poll_context(SourceId::new("ecb")).await;
    assert!(unknown.unwrap().is_none());
    drop(service.close().await);
}
