//! That a bank was asked for a due table is a commit.

use jiff::SignedDuration;
use jiff::civil::date;
use silkrate::commit::Submission;
use silkrate::domain::{Answer, Freshness, Intent, SourceId};
use tempfile::TempDir;

use crate::support::boards::noon;
use crate::support::commits::{Commits, NEVER, store, tenge};

#[tokio::test]
async fn the_answer_of_a_bank_without_a_due_table_is_one_commit_and_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let nbk = SourceId::new("nbk");
    // The table of the next day is due at 18:00 each day.
    let evening = noon(date(2026, 4, 2)) + SignedDuration::from_hours(8);
    let ask = async |commits: &Commits| {
        let submission = Submission {
            source: nbk,
            tables: Vec::new(),
            intent: Intent::Newest,
            attempt_ended: true,
            is_live: true,
            answered: vec![Answer {
                source: nbk,
                document: "daily",
                asked_at: evening,
            }],
        };
        commits.handle.submit(submission).await.unwrap().revision
    };
    let commits = Commits::open(store(&path, NEVER), evening).await;
    commits
        .submit_newest(tenge(date(2026, 4, 2), &[("USD", 1, "475.09")]))
        .await;
    let late = commits.rate("USD/KZT").freshness_status;
    assert_eq!(late.freshness, Freshness::Late);
    assert!(
        late.reason.ends_with("the bank has not been reached since"),
        "{late:?}"
    );
    let before = commits.board.snapshot().position.revision;
    assert_eq!(ask(&commits).await, Some(before + 1));
    assert_eq!(ask(&commits).await, None, "known already");
    let late = commits.rate("USD/KZT").freshness_status;
    assert!(
        late.reason
            .ends_with("still shows the table for 2026-04-02"),
        "{late:?}"
    );
    let before = commits.close().await;
    let commits = Commits::open(store(&path, NEVER), evening).await;
    assert_eq!(commits.board.snapshot(), before);
    assert_eq!(ask(&commits).await, None);
    assert_eq!(commits.close().await, before);
}
