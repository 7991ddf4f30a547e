//! Missed tables: found, flagged, and fetched later.

use jiff::ToSpan;
use jiff::civil::date;
use silkrate::domain::{Check, Currency, Intent, Pair, Snapshot, SourceId};

use crate::poller::start::cbr;
use crate::support::april::{nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::boards::noon;
use crate::support::commits::tenge;
use crate::support::records::Records;
use crate::support::silkrate::{Silkrate, settings, source};

fn flags(snapshot: &Snapshot) -> Vec<(Check, String)> {
    let states = snapshot.sources();
    let flags = states.flat_map(|state| &state.flags);
    flags
        .map(|flag| (flag.check, flag.detail.clone()))
        .collect()
}

#[tokio::test]
async fn a_missed_table_is_flagged_by_the_banks_own_change_and_fetched_later() {
    let bank = Bank::start().await;
    let first = nbk("01.04.2026", ("478.77", "-2.77"), ("3.93", "-0.02"));
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    // The bank has no table of 2 April yet: it answers with that of 1 April.
    bank.publish(&[
        (
            nbk_path("31.03.2026"),
            nbk("31.03.2026", ("481.54", "0.26"), ("3.95", "0.00")),
        ),
        (nbk_path("01.04.2026"), first.clone()),
        (nbk_path("02.04.2026"), first),
        (nbk_path("03.04.2026"), third.clone()),
        (nbk_path("04.04.2026"), third),
    ]);
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let silkrate = Silkrate::start(config).await;
    silkrate
        .committed(|snapshot| !flags(snapshot).is_empty())
        .await;
    let flagged = flags(&silkrate.board.snapshot());
    assert_eq!(
        flagged[0],
        (
            Check::Calendar,
            "the table for 2026-04-02 is not known".to_owned()
        )
    );
    assert_eq!(
        flagged[1],
        (
            Check::PublishedChange,
            "the bank prints a change of 0.91; 476.00 after 478.77 on 2026-04-01 is -2.77"
                .to_owned()
        )
    );

    let second = nbk("02.04.2026", ("475.09", "-3.68"), ("3.91", "-0.02"));
    bank.publish(&[(nbk_path("02.04.2026"), second)]);
    silkrate
        .committed(|snapshot| flags(snapshot).is_empty())
        .await;
    let rate = silkrate
        .board
        .snapshot()
        .rate(Pair::parse("USD/KZT").unwrap());
    let announced = rate.unwrap().announced.unwrap();
    assert_eq!(announced.change.unwrap().absolute.to_string(), "0.91");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_missed_table_of_a_bank_that_is_polled_for_the_newest_is_fetched_by_its_date() {
    let bank = Bank::start().await;
    let latest = "/scripts/XML_daily.asp".to_owned();
    let dated = |date: &str| format!("{latest}?date_req={date}");
    let second = cbr("03.03.2026", "77,1734", "15,5104");
    bank.publish(&[
        (dated("28/02/2026"), cbr("28.02.2026", "77,2708", "15,4730")),
        (dated("03/03/2026"), second.clone()),
        (latest.clone(), second),
        (dated("04/03/2026"), cbr("04.03.2026", "77,6093", "15,4416")),
    ]);
    let mut config = settings("2026-03-03T08:00:00Z");
    config.sources.push(source("cbr", "", &bank.url()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    // The newest table is that of the second date already: the one between was never the newest when it was requested.
    bank.publish(&[(latest, cbr("05.03.2026", "77,8009", "15,6198"))]);
    silkrate
        .committed(|snapshot| {
            let rate = snapshot.rate(Pair::parse("KZT/RUB").unwrap());
            let announced = rate.and_then(|rate| rate.announced);
            announced.is_some_and(|announced| announced.value.to_string() == "0.154416")
        })
        .await;
    assert_eq!(flags(&silkrate.board.snapshot()), []);
    silkrate.finish().await;
}

#[test]
fn the_gaps_of_the_last_two_weeks_are_found_with_any_old_table_kept() {
    let source = SourceId::new("nbk");
    // The last table with a currency that ceased to exist is kept for ever, and lies months before all others.
    for ceased in [false, true] {
        let records = Records::default().with("nbk", Some(Currency::KZT), Vec::new());
        let mut book = records.book();
        let first = date(2026, 1, 1);
        let day = |number: i32| first + number.days();
        for number in (0..200).filter(|number| !(190..193).contains(number)) {
            let usd = format!("475.{:02}", number % 97);
            let mut rows = vec![("USD", 1, usd.as_str()), ("EUR", 1, "548.62")];
            rows.extend([("RUB", 1, "5.88"), ("CNY", 1, "66.1"), ("GBP", 1, "640.5")]);
            if ceased && number < 10 {
                rows.push(("BGN", 1, "280.5"));
            }
            let (table, now) = (tenge(day(number), &rows), noon(day(number)));
            book.file(source, table, Intent::Newest, now).unwrap();
        }
        let missing: Vec<_> = (190..193).map(|number| ("daily", day(number))).collect();
        assert_eq!(book.gaps(source, noon(day(199))), missing, "{ceased}");
        assert_eq!(book.gaps(source, noon(day(230))), [], "long ago");
        let bgn = book.record(source).unwrap().documents[0]
            .history
            .currencies();
        let kept = bgn
            .into_iter()
            .any(|code| code == Currency::constant("BGN"));
        assert_eq!(kept, ceased);
    }
}
