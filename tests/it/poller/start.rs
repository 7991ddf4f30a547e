//! The requests to a source at start, and the rates served after them.

use silkrate::pb;

use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

const LATEST: &str = "/scripts/XML_daily.asp";

fn dated(date: &str) -> String {
    format!("{LATEST}?date_req={date}")
}

/// A table of the Bank of Russia: a dollar and a hundred tenge.
pub(super) fn cbr(date: &str, usd: &str, kzt: &str) -> String {
    let row = |code: &str, units: u32, value: &str| {
        format!(
            "<Valute ID=\"R0\"><NumCode>0</NumCode><CharCode>{code}</CharCode><Nominal>{units}</Nominal>\
                 <Name>{code}</Name><Value>{value}</Value></Valute>"
        )
    };
    let rows = [row("USD", 1, usd), row("KZT", 100, kzt)].concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><ValCurs Date=\"{date}\" name=\"\">{rows}</ValCurs>"
    )
}

/// The Bank of Russia in March 2026, with the table of a day as the newest.
async fn bank_of_march(newest: &str) -> Bank {
    let bank = Bank::start().await;
    let tables = [
        ("03.03.2026", cbr("03.03.2026", "77,1734", "15,5104")),
        ("04.03.2026", cbr("04.03.2026", "77,6093", "15,4416")),
        ("05.03.2026", cbr("05.03.2026", "77,8009", "15,6198")),
    ];
    for (date, table) in &tables {
        bank.publish(&[(dated(&date.replace('.', "/")), table.clone())]);
        if *date == newest {
            bank.publish(&[(LATEST.to_owned(), table.clone())]);
        }
    }
    bank
}

async fn rate_at(bank: &Bank, now: &str) -> pb::Rate {
    let mut config = settings(now);
    config.sources.push(source("cbr", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let rate = silkrate.rate("KZT/RUB").await;
    silkrate.finish().await;
    rate
}

#[tokio::test]
async fn if_the_newest_table_is_tomorrows_todays_and_the_one_before_are_requested() {
    let rate = rate_at(&bank_of_march("05.03.2026").await, "2026-03-04T14:00:00Z").await;
    assert_eq!(
        (rate.value.as_str(), rate.effective_date()),
        ("0.154416", "2026-03-04")
    );
    assert_eq!(rate.change.unwrap().reference_date, "2026-03-03");
    let announced = rate.announced.unwrap();
    assert_eq!(
        (announced.value.as_str(), announced.effective_date.as_str()),
        ("0.156198", "2026-03-05")
    );
    assert_eq!(announced.change.unwrap().reference_date, "2026-03-04");
}

#[tokio::test]
async fn if_the_newest_table_is_todays_the_one_before_is_requested() {
    let bank = bank_of_march("04.03.2026").await;
    let rate = rate_at(&bank, "2026-03-04T09:00:00Z").await;
    assert_eq!(
        (rate.value.as_str(), rate.effective_date()),
        ("0.154416", "2026-03-04")
    );
    assert_eq!(
        (rate.change.unwrap().reference_date.as_str(), rate.announced),
        ("2026-03-03", None)
    );
}

#[tokio::test]
async fn days_without_a_table_are_skipped() {
    // The eighth is a holiday and the seventh and sixth have no table of their own: the newest is of the fifth.
    let bank = bank_of_march("05.03.2026").await;
    let rate = rate_at(&bank, "2026-03-08T09:00:00Z").await;
    assert_eq!(
        (rate.value.as_str(), rate.effective_date()),
        ("0.156198", "2026-03-05")
    );
    assert_eq!(rate.change.unwrap().reference_date, "2026-03-04");
}

#[tokio::test]
async fn a_missing_newest_table_is_requested_by_date() {
    let bank = bank_of_march("never").await;
    let rate = rate_at(&bank, "2026-03-05T09:00:00Z").await;
    assert_eq!(
        (rate.value.as_str(), rate.effective_date()),
        ("0.156198", "2026-03-05")
    );
    assert_eq!(rate.change.unwrap().reference_date, "2026-03-04");
}
