//! The metrics of the budget of requests.

use std::time::Duration;

use jiff::SignedDuration;
use silkrate::clock::Clock;

use crate::admin::eventually;
use crate::admin::metrics::{samples, scrape, until, until_so};
use crate::support::april::bank_of_april;
use crate::support::bank::{Bank, Fault};
use crate::support::silkrate::{Silkrate, settings, source};

/// How long a request waits for a bank that does not answer: as long as no test.
const LONG: Duration = Duration::from_secs(600);
const TODAY: &str = "silkrate_source_requests_today{source=\"nbk\"}";

#[tokio::test]
async fn the_budget_of_requests_is_known_before_the_first_poll_has_ended() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Hang));
    let mut config = settings("2026-04-02T09:00:00Z");
    let mut nbk = source("nbk", "", &bank.url());
    nbk.requests_per_day = 7;
    config.sources.push(nbk);
    let silkrate = Silkrate::start(config).await;
    let samples = until(&silkrate, TODAY, "1").await;
    assert_eq!(
        samples["silkrate_source_requests_per_day{source=\"nbk\"}"],
        "7"
    );
    let polls = "silkrate_source_polls_total{source=\"nbk\",outcome=\"unreachable\"}";
    assert_eq!(samples[polls], "0", "it has not ended");
    silkrate.finish().await;
}

#[tokio::test]
async fn the_requests_of_a_day_are_counted_anew_from_midnight_at_the_bank() {
    let bank = bank_of_april().await;
    // 14:00 in Almaty.
    let now = "2026-04-02T09:00:00Z";
    let clock = Clock::replay(now.parse().unwrap(), 1);
    let mut config = settings(now);
    config.http.read_timeout = LONG;
    config.http.total_timeout = LONG;
    let mut nbk = source("nbk", "", &bank.url());
    // Those of a start.
    nbk.requests_per_day = 3;
    config.sources.push(nbk);
    let mut silkrate = Silkrate::start_with(config, clock.clone()).await;
    until(&silkrate, TODAY, "3").await;
    // A request is counted when it is sent. The last one must be answered before the bank stops to answer.
    eventually(async || (bank.seen().len() == 3).then_some(())).await;
    silkrate.all_attempted().await;
    // The requests of the next day: one, which is not answered.
    bank.break_with(Some(Fault::Hang));
    clock.set_forward(SignedDuration::from_mins(9 * 60 + 55));
    assert_eq!(samples(&scrape(&silkrate).await)[TODAY], "3");
    // A minute after midnight in Almaty, hours before that of UTC.
    clock.set_forward(SignedDuration::from_mins(6));
    assert_ne!(samples(&scrape(&silkrate).await)[TODAY], "3");
    until(&silkrate, TODAY, "1").await;
    let per_day = "silkrate_source_requests_per_day{source=\"nbk\"}";
    until_so(&silkrate, |samples| samples[per_day] == "3").await;
    silkrate.finish().await;
}
