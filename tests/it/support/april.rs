//! The Kazakh bank on 2 April 2026, with real values, and a service that polls it.

use std::time::Duration;

use crate::support::bank::Bank;
use crate::support::silkrate::{PATIENCE, Silkrate, settings, source};

/// A table of the Kazakh bank with two real rows: the dollar and a hundred Uzbek sums.
pub(crate) fn nbk(date: &str, usd: (&str, &str), uzs: (&str, &str)) -> String {
    let row = |code: &str, units: u32, (value, change): (&str, &str)| {
        format!(
            "<item><title>{code}</title><description>{value}</description><quant>{units}</quant>\
             <index></index><change>{change}</change></item>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rates><date>{date}</date>{}{}</rates>",
        row("USD", 1, usd),
        row("UZS", 100, uzs)
    )
}

/// The path of the bank's table of a date.
pub(crate) fn nbk_path(date: &str) -> String {
    format!("/rss/get_rates.cfm?fdate={date}")
}

/// The bank on the afternoon of 2 April 2026, with the table of the day before and none for tomorrow.
pub(crate) async fn bank_of_april() -> Bank {
    let bank = Bank::start().await;
    let second = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[
        (
            nbk_path("01.04.2026"),
            nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02")),
        ),
        (nbk_path("02.04.2026"), second.clone()),
        (nbk_path("03.04.2026"), second),
    ]);
    bank
}

pub(crate) async fn silkrate_of_april(bank: &Bank) -> Silkrate {
    silkrate_waiting(bank, PATIENCE).await
}

/// The same, which waits so long for an answer of the bank.
pub(crate) async fn silkrate_waiting(bank: &Bank, read_timeout: Duration) -> Silkrate {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.http.read_timeout = read_timeout;
    config.sources.push(source("nbk", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}
