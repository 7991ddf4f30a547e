//! The commit task of a replica where it leads with much, joins, or is reloaded.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::date;
use silkrate::domain::{Currency, Fixing, Preference, RateFilter};

use crate::commits::{Task, leader_of};
use crate::replicas::table;

#[tokio::test]
async fn a_filing_that_is_too_large_for_one_record_goes_ahead_in_parts() {
    let (mut leader, _steps) = leader_of(2, "476.10", "2026-04-02T09:00:00Z").await;
    let letters = || 'A'..='J';
    let codes =
        letters().flat_map(|first| letters().map(move |second| format!("Z{first}{second}")));
    let codes: Vec<Currency> = codes.map(|code| Currency::parse(&code).unwrap()).collect();
    let wide = |days| {
        let day = date(2026, 4, 1) - Span::new().days(days);
        let mut table = table(day, "475.00");
        let dollar = table.rows.values().next().unwrap().clone();
        table.rows.extend(codes.iter().map(|code| {
            let fixing = Fixing {
                currency: *code,
                ..Fixing::clone(&dollar)
            };
            (*code, Arc::new(fixing))
        }));
        table
    };
    let rows = 60 * (codes.len() + 2);
    let before = leader.board.snapshot().position.clone();
    let mut filed = leader.submit((0..60).map(wide).collect());
    let mut steps = Vec::new();
    let mut found = 0;
    while found < rows {
        let proposal = leader.proposal().await.unwrap();
        // The task answers meanwhile what it can without the log.
        let status = leader.commit.ledger_status().unwrap();
        assert_eq!((status.error.as_str(), &status.position), ("", &before));
        assert_eq!(proposal.snapshot.position, before);
        found += proposal
            .entry
            .filed
            .iter()
            .map(|table| table.rows.len())
            .sum::<usize>();
        steps.push(leader.accept(proposal));
    }
    assert_eq!((found, steps.len()), (rows, 2));
    let last = leader.proposal().await.unwrap();
    assert_eq!(last.entry.filed, []);
    let _step = leader.accept(last);
    assert!(filed.join_next().await.unwrap().unwrap().revision.is_some());
    assert!(leader.commit.can_lead().await.unwrap());

    // If a part of it was not accepted, the tables are read again before the next lead.
    let mut cut = leader.submit((60..120).map(wide).collect());
    let first = leader.proposal().await.unwrap();
    let _step = leader.accept(first);
    drop(leader.proposal().await.unwrap());
    assert_eq!(cut.join_next().await.unwrap().unwrap().revision, None);
    assert!(leader.commit.can_lead().await.unwrap());
    leader.end().await;
}

#[tokio::test]
async fn settings_that_are_reloaded_at_a_replica_that_follows_are_those_of_its_lead() {
    let (leader, steps) = leader_of(2, "476.10", "2026-04-02T09:00:00Z").await;
    let mut replica = Task::in_memory("2026-04-02T09:00:00Z").await;
    replica.commit.follow(steps).await.unwrap();
    replica.replica = leader.replica.clone();
    let before = leader.board.snapshot().position.clone();
    let ticker = (vec![Preference::Home], RateFilter::default());
    let (preferences, pairs) = ticker;
    let reloaded = replica.commit.reconfigure(Vec::new(), preferences, pairs);
    assert_eq!(reloaded.await.unwrap(), before);
    assert_eq!(replica.dollar(), leader.dollar());

    // A source that is gone begins an epoch.
    replica.lead().await;
    let proposal = replica.proposal().await.unwrap();
    assert_ne!(proposal.snapshot.position.epoch, before.epoch);
    assert_eq!(proposal.snapshot.sources().count(), 0);
    let _step = replica.accept(proposal);
    leader.end().await;
    replica.end().await;
}

#[tokio::test]
async fn a_replica_has_no_past_before_it_has_read_the_log() {
    let (leader, steps) = leader_of(2, "476.10", "2026-04-02T09:00:00Z").await;
    let replica = Task::in_memory("2026-04-02T09:00:00Z").await;
    let has_past = || replica.readers.borrow().is_some();
    let state = Arc::clone(&steps.last().unwrap().snapshot);
    replica
        .commit
        .show(Arc::clone(&state), false)
        .await
        .unwrap();
    assert_eq!(replica.dollar(), leader.dollar());
    assert!(!has_past());
    replica.commit.follow(steps).await.unwrap();
    assert!(!has_past());
    replica.commit.show(state, true).await.unwrap();
    assert!(has_past());
    leader.end().await;
    replica.end().await;
}
