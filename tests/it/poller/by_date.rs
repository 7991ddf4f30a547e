//! Banks that are requested by date: tomorrow's table, and the ways in which they answer that they do not have it yet.

use silkrate::domain::{Pair, Rate, Snapshot};
use silkrate::pb;

use crate::support::april::{nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

/// The table of the Uzbek bank with one row, the dollar.
fn cbu(date: &str, rate: &str, diff: &str) -> String {
    format!(r#"[{{"Ccy":"USD","Nominal":"1","Rate":"{rate}","Diff":"{diff}","Date":"{date}"}}]"#)
}

fn cbu_path(date: &str) -> String {
    format!("/en/arkhiv-kursov-valyut/json/all/{date}/")
}

/// The Uzbek bank in September 2026, with its tables of the seventh and the eighth.
async fn bank_of_september() -> Bank {
    let bank = Bank::start().await;
    let eighth = cbu("08.09.2026", "11789.33", "4.03");
    bank.publish(&[
        (
            cbu_path("2026-09-07"),
            cbu("07.09.2026", "11785.30", "-10.71"),
        ),
        (cbu_path("2026-09-08"), eighth.clone()),
        // There is no table of the ninth: the one before it is answered.
        (cbu_path("2026-09-09"), eighth),
    ]);
    bank
}

async fn silkrate_at(id: &str, bank: &Bank, now: &str) -> Silkrate {
    let mut config = settings(now);
    config.sources.push(source(id, "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}

fn rate(snapshot: &Snapshot, pair: &str) -> Option<Rate> {
    snapshot.rate(Pair::parse(pair).unwrap())
}

/// Waits until the bank has answered a number of polls, and asserts that none of them failed.
async fn assert_polls_succeed(silkrate: &mut Silkrate, bank: &Bank) {
    bank.ended(6).await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.polling(), pb::Polling::Ok, "{detail:?}");
    assert_eq!(
        (detail.last_error.as_deref(), detail.consecutive_failures),
        (None, 0)
    );
}

#[tokio::test]
async fn the_uzbek_table_of_tomorrow_is_announced_on_the_evening_before() {
    let bank = bank_of_september().await;
    // Five past six in Tashkent.
    let mut silkrate = silkrate_at("cbu", &bank, "2026-09-08T13:05:00Z").await;
    assert_polls_succeed(&mut silkrate, &bank).await;
    let before = rate(&silkrate.board.snapshot(), "USD/UZS").unwrap();
    assert_eq!(before.value.to_string(), "11789.33");
    assert!(before.announced.is_none(), "{before:?}");

    bank.publish(&[(
        cbu_path("2026-09-09"),
        cbu("09.09.2026", "11813.21", "23.88"),
    )]);
    silkrate
        .committed(|snapshot| {
            rate(snapshot, "USD/UZS").is_some_and(|rate| rate.announced.is_some())
        })
        .await;
    let rate = rate(&silkrate.board.snapshot(), "USD/UZS").unwrap();
    assert_eq!(rate.value.to_string(), "11789.33");
    let announced = rate.announced.unwrap();
    assert_eq!(
        (
            announced.value.to_string(),
            announced.effective_date.to_string()
        ),
        ("11813.21".to_owned(), "2026-09-09".to_owned())
    );
    assert_eq!(announced.change.unwrap().absolute.to_string(), "23.88");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_document_without_rows_for_tomorrow_is_no_failed_poll() {
    let second = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    for tomorrow in [
        "<rates><date>03.04.2026</date></rates>".to_owned(),
        "<rates></rates>".to_owned(),
        // Today's table, once more.
        second.clone(),
    ] {
        let bank = Bank::start().await;
        bank.publish(&[
            (
                nbk_path("01.04.2026"),
                nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02")),
            ),
            (nbk_path("02.04.2026"), second.clone()),
            (nbk_path("03.04.2026"), tomorrow),
        ]);
        let mut silkrate = silkrate_at("nbk", &bank, "2026-04-02T09:00:00Z").await;
        assert_polls_succeed(&mut silkrate, &bank).await;
        let rate = rate(&silkrate.board.snapshot(), "USD/KZT").unwrap();
        assert_eq!(rate.value.to_string(), "475.09");
        assert!(rate.announced.is_none());
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn an_older_table_in_answer_to_a_date_is_no_failed_poll_and_changes_nothing() {
    let bank = bank_of_september().await;
    bank.publish(&[(
        cbu_path("2026-09-09"),
        cbu("09.09.2026", "11813.21", "23.88"),
    )]);
    // The ninth has begun in Tashkent, and its table is in force.
    let mut silkrate = silkrate_at("cbu", &bank, "2026-09-09T05:00:00Z").await;
    let in_force = rate(&silkrate.board.snapshot(), "USD/UZS").unwrap();
    assert_eq!(in_force.value.to_string(), "11813.21");
    // One of several servers of the bank does not have it.
    let eighth = cbu("08.09.2026", "11789.33", "4.03");
    bank.publish(&[
        (cbu_path("2026-09-09"), eighth.clone()),
        (cbu_path("2026-09-10"), eighth),
    ]);
    assert_polls_succeed(&mut silkrate, &bank).await;
    assert_eq!(
        rate(&silkrate.board.snapshot(), "USD/UZS").unwrap().value,
        in_force.value
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn status_404_is_a_failure_for_today_and_none_for_tomorrow() {
    let bank = Bank::start().await;
    let first = nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02"));
    let second = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("01.04.2026"), first),
        (nbk_path("02.04.2026"), second),
    ]);
    let mut silkrate = silkrate_at("nbk", &bank, "2026-04-02T09:00:00Z").await;
    assert_polls_succeed(&mut silkrate, &bank).await;
    bank.withdraw(&nbk_path("02.04.2026"));
    silkrate
        .until(|detail| detail.polling() == pb::Polling::Failing)
        .await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.last_error(), "daily: no table was found (404)");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_start_steps_back_over_days_without_a_table() {
    let bank = Bank::start().await;
    bank.publish(&[
        (
            nbk_path("27.03.2026"),
            nbk("27.03.2026", ("482.10", "0.26"), ("3.95", "0.00")),
        ),
        (
            nbk_path("28.03.2026"),
            nbk("28.03.2026", ("481.54", "-0.56"), ("3.95", "0.00")),
        ),
    ]);
    for day in ["29.03", "30.03", "31.03", "01.04", "02.04", "03.04"] {
        let empty = format!("<rates><date>{day}.2026</date></rates>");
        bank.publish(&[(nbk_path(&format!("{day}.2026")), empty)]);
    }
    let mut silkrate = silkrate_at("nbk", &bank, "2026-04-02T09:00:00Z").await;
    let rate = rate(&silkrate.board.snapshot(), "USD/KZT").unwrap();
    assert_eq!(rate.value.to_string(), "481.54");
    assert_eq!(rate.change.unwrap().absolute.to_string(), "-0.56");
    assert_polls_succeed(&mut silkrate, &bank).await;
    silkrate.finish().await;
}

#[tokio::test]
async fn a_start_that_finds_no_table_in_force_announces_the_one_of_tomorrow() {
    let bank = Bank::start().await;
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let silkrate = silkrate_at("nbk", &bank, "2026-04-02T09:00:00Z").await;
    let rate = rate(&silkrate.board.snapshot(), "USD/KZT").unwrap();
    assert_eq!(rate.value.to_string(), "476.00");
    assert_eq!(rate.effective_date.unwrap().to_string(), "2026-04-03");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_newest_document_without_rows_is_a_failed_poll() {
    let bank = Bank::start().await;
    let empty = r#"<?xml version="1.0"?><ValCurs Date="03.04.2026" name=""></ValCurs>"#;
    bank.publish(&[("/scripts/XML_daily.asp".to_owned(), empty.to_owned())]);
    let mut silkrate = silkrate_at("cbr", &bank, "2026-04-02T09:00:00Z").await;
    silkrate
        .until(|detail| detail.polling() == pb::Polling::Failing)
        .await;
    let detail = silkrate.sources().await.remove(0);
    assert_eq!(detail.last_error(), "daily: the document has no rows");
    silkrate.finish().await;
}
