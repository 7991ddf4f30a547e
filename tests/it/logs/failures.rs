//! What the log has of tables that are refused and of queries that fail.

use jiff::SignedDuration;
use rusqlite::Connection;
use silkrate::clock::Clock;
use silkrate::config::Store;
use tempfile::TempDir;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::browser::get;
use crate::support::captured::Captured;
use crate::support::silkrate::{Silkrate, settings, source};

#[tokio::test]
async fn a_missed_table_that_is_refused_has_a_line_with_its_date_and_the_reason() {
    let captured = Captured::start();
    let bank = Bank::start().await;
    let first = nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02"));
    let last_of_march = nbk("31.03.2026", ("481.54", "0.26"), ("3.95", "0.00"));
    bank.publish(&[
        (nbk_path("31.03.2026"), last_of_march),
        (nbk_path("01.04.2026"), first.clone()),
        (nbk_path("02.04.2026"), first),
    ]);
    let now = "2026-04-01T09:00:00Z";
    let clock = Clock::replay(now.parse().unwrap(), 1);
    let mut config = settings(now);
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
    silkrate.all_attempted().await;
    // Two days later that of the day between is missed, and has half of the rows of the others.
    let row = "<item><title>USD</title><description>475.09</description><quant>1</quant><change>-3.68</change></item>";
    let short = format!("<rates><date>02.04.2026</date>{row}</rates>");
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[
        (nbk_path("02.04.2026"), short),
        (nbk_path("03.04.2026"), third.clone()),
        (nbk_path("04.04.2026"), third),
    ]);
    clock.set_forward(SignedDuration::from_hours(48));
    let refused = captured.message("a missed table was refused").await;
    assert_eq!(refused["level"], "WARN");
    assert_eq!(refused["source"], "nbk");
    assert_eq!(refused["date"], "2026-04-02");
    let reason = "daily: it has only 1 of the 2 currencies of the table before it";
    assert_eq!(refused["reason"], reason);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_has_one_line_for_all_queries_that_fail() {
    let captured = Captured::start();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(path.clone());
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let damage = Connection::open(&path).unwrap();
    damage
        .execute_batch("ALTER TABLE fixings RENAME TO elsewhere")
        .unwrap();
    for _ in 0..3 {
        let answer = get(silkrate.web, "/v1/history/KZT/USD", &[]).await;
        assert_eq!(answer.refusal().1, "STORE_UNAVAILABLE");
    }
    let message = "a historical query failed: the ledger cannot be read";
    let lines = captured.messages();
    let lines = lines.iter().filter(|line| *line == message);
    assert_eq!(lines.count(), 1);
    damage
        .execute_batch("ALTER TABLE elsewhere RENAME TO fixings")
        .unwrap();
    let answer = get(silkrate.web, "/v1/history/KZT/USD", &[]).await;
    assert_eq!(answer.status, 200);
    silkrate.finish().await;
}
