//! Queries for historical fixings.

use jiff::civil::{Date, date};
use silkrate::domain::{Currency, DateRange, DocumentKey, RevisionPolicy, SourceId, Table};
use silkrate::ledger::{FixingRecord, FixingsPage, LedgerReader};

use crate::ledger::{
    APRIL_1, APRIL_2, APRIL_3, NBK, all_of, entry, filed, in_memory, tables, tenge,
};

#[tokio::test]
async fn a_start_gets_the_newest_tables_and_those_with_the_last_row_of_a_currency() {
    let (ledger, reader) = in_memory();
    let days = [
        // The last table with the lat, which has two rows.
        (date(2013, 12, 31), &["LVL", "USD"][..]),
        (date(2014, 1, 10), &["USD"][..]),
        (APRIL_1, &["EUR", "USD"][..]),
        (APRIL_2, &["USD"][..]),
        (APRIL_3, &["EUR", "USD"][..]),
    ];
    for ((day, codes), revision) in days.into_iter().zip(1..) {
        let rows: Vec<_> = codes.iter().map(|code| (*code, 1, "475.09")).collect();
        let entry = entry(revision, vec![filed(NBK, &tenge(day, &rows))]);
        ledger.append(entry).await.unwrap();
    }
    let restore = async |newest| {
        let document = reader
            .restore_document(NBK, RevisionPolicy::Correction, newest)
            .await
            .unwrap();
        assert_eq!(document.began, Some(date(2013, 12, 31)));
        let of = |table: &Table| (table.effective_date, table.rows.len());
        document.tables.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(
        restore(2).await,
        [(date(2013, 12, 31), 2), (APRIL_2, 1), (APRIL_3, 2)]
    );
    assert_eq!(restore(1).await, [(date(2013, 12, 31), 2), (APRIL_3, 2)]);
    assert_eq!(restore(64).await.len(), 5);
}

#[tokio::test]
async fn the_tables_after_a_date_are_no_more_than_were_asked_for() {
    let (ledger, reader) = in_memory();
    for (day, revision) in [APRIL_1, APRIL_2, APRIL_3].into_iter().zip(1..) {
        let table = tenge(day, &[("USD", 1, "475.09")]);
        let entry = entry(revision, vec![filed(NBK, &table)]);
        ledger.append(entry).await.unwrap();
    }
    let from = async |day, count| reader.oldest_dates(NBK, day, count).await.unwrap();
    assert_eq!(from(date(2026, 1, 1), 2).await, [APRIL_1, APRIL_2]);
    assert_eq!(from(APRIL_2, 16).await, [APRIL_2, APRIL_3]);
    assert_eq!(from(date(2026, 5, 1), 16).await, []);
}

#[tokio::test]
async fn documents_of_a_source_are_kept_apart() {
    let (ledger, reader) = in_memory();
    let weekly = DocumentKey {
        document: "weekly",
        ..NBK
    };
    let daily_table = tenge(APRIL_2, &[("USD", 1, "475.09")]);
    let weekly_table = tenge(APRIL_1, &[("MNT", 1, "0.13"), ("USD", 1, "475.1")]);
    let both = vec![filed(NBK, &daily_table), filed(weekly, &weekly_table)];
    ledger.append(entry(1, both)).await.unwrap();
    assert_eq!(
        tables(&reader, NBK, RevisionPolicy::Correction).await,
        [daily_table]
    );
    assert_eq!(reader.oldest_date(weekly).await, Ok(Some(APRIL_1)));
    let document = reader
        .restore_document(NBK, RevisionPolicy::Correction, 1)
        .await
        .unwrap();
    assert_eq!(
        document.tables.len(),
        1,
        "a row of the weekly table was taken for one of the daily"
    );
    let other = DocumentKey {
        source: SourceId::new("nbkr"),
        ..NBK
    };
    assert_eq!(reader.oldest_date(other).await, Ok(None));
}

#[tokio::test]
async fn the_dates_that_price_a_pair_have_a_row_of_each_side_that_is_not_the_pivot() {
    let (ledger, reader) = in_memory();
    let days = [
        (date(2026, 3, 20), "1", &["EUR", "USD"][..]),
        (APRIL_1, "2", &["USD"][..]),
        (APRIL_3, "3", &["EUR", "USD"][..]),
        // A correction of the day before, at the end of the file.
        (APRIL_1, "4", &["USD"][..]),
        (APRIL_2, "5", &["EUR"][..]),
    ];
    for ((day, value, codes), revision) in days.into_iter().zip(1..) {
        let rows: Vec<_> = codes.iter().map(|code| (*code, 1, value)).collect();
        let entry = entry(revision, vec![filed(NBK, &tenge(day, &rows))]);
        ledger.append(entry).await.unwrap();
    }
    let all = DateRange {
        first: Date::MIN,
        last: Date::MAX,
    };
    let priced = async |pair, range, limit| {
        let dates = reader.read(move |ledger| ledger.priced_dates(NBK, pair, range, limit));
        dates.await.unwrap()
    };
    let euro = Currency::parse("EUR").unwrap();
    let dollars = (Currency::KZT, Currency::USD);
    let march = date(2026, 3, 20);
    assert_eq!(priced(dollars, all, None).await, [march, APRIL_1, APRIL_3]);
    assert_eq!(priced(dollars, all, Some(2)).await, [APRIL_1, APRIL_3]);
    let until_april = DateRange {
        last: APRIL_1,
        ..all
    };
    assert_eq!(priced(dollars, until_april, Some(1)).await, [APRIL_1]);
    // Neither side is the pivot.
    let crossed = (euro, Currency::USD);
    assert_eq!(priced(crossed, all, None).await, [march, APRIL_3]);
    let unknown = (Currency::KGS, Currency::USD);
    assert_eq!(priced(unknown, all, None).await, [Date::MIN; 0]);
}

#[tokio::test]
async fn a_number_of_tables_before_a_date_are_counted_by_their_dates() {
    let (ledger, reader) = in_memory();
    let days = [APRIL_1, APRIL_3, APRIL_2, APRIL_1];
    for (day, revision) in days.into_iter().zip(1..) {
        let value = revision.to_string();
        let table = tenge(day, &[("USD", 1, &value)]);
        let entry = entry(revision, vec![filed(NBK, &table)]);
        ledger.append(entry).await.unwrap();
    }
    let before = async |day, tables| reader.date_before(NBK, day, tables).await.unwrap();
    assert_eq!(before(APRIL_3, 1).await, Some(APRIL_2));
    assert_eq!(before(APRIL_3, 2).await, Some(APRIL_1));
    assert_eq!(before(APRIL_3, 16).await, Some(APRIL_1));
    assert_eq!(before(APRIL_1, 16).await, None);
}

#[tokio::test]
async fn dates_are_those_that_have_a_table() {
    let (ledger, reader) = in_memory();
    // All rows of the first of April are held: the table is known all the same.
    for (day, rows, revision) in [
        (APRIL_3, &[("USD", 1, "475.09")][..], 1),
        (APRIL_1, &[][..], 2),
        (APRIL_3, &[("USD", 1, "475.1")][..], 3),
    ] {
        ledger
            .append(entry(revision, vec![filed(NBK, &tenge(day, rows))]))
            .await
            .unwrap();
    }
    let dates = async |from, to| reader.dates(NBK, from, to).await.unwrap();
    assert_eq!(dates(Date::ZERO, Date::MAX).await, [APRIL_1, APRIL_3]);
    assert_eq!(dates(APRIL_2, APRIL_3).await, [APRIL_3]);
    assert_eq!(dates(APRIL_3, APRIL_1).await, Vec::<Date>::new());
    assert_eq!(reader.oldest_date(NBK).await, Ok(Some(APRIL_1)));
}

#[tokio::test]
async fn pages_put_together_are_all_rows_newest_first() {
    let (ledger, reader) = in_memory();
    // Filed from the newest date back, as history is; some dates are corrected.
    let days = [9, 8, 7, 8, 6, 9, 9, 5].map(|day| date(2026, 4, day));
    for (day, revision) in days.into_iter().zip(1..) {
        let value = format!("47{revision}");
        let table = tenge(day, &[("EUR", 1, "511"), ("USD", 1, &value)]);
        ledger
            .append(entry(revision, vec![filed(NBK, &table)]))
            .await
            .unwrap();
    }
    let whole = reader.fixings(all_of(NBK, Currency::USD)).await.unwrap();
    let said = |record: &FixingRecord| {
        format!(
            "{} {}",
            record.fixing.effective_date.day(),
            record.fixing.value
        )
    };
    let said: Vec<String> = whole.iter().map(said).collect();
    assert_eq!(
        said,
        [
            "9 477", "9 476", "9 471", "8 474", "8 472", "7 473", "6 475", "5 478"
        ]
    );
    for limit in 1..=9 {
        let mut put_together = Vec::new();
        let mut after = None;
        loop {
            let page = FixingsPage {
                limit,
                after,
                ..all_of(NBK, Currency::USD)
            };
            let page = reader.fixings(page).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.fixing.effective_date, last.place));
            put_together.extend(page);
        }
        assert_eq!(put_together, whole, "{limit} a page");
    }
    let some = FixingsPage {
        from: Some(date(2026, 4, 6)),
        to: Some(date(2026, 4, 8)),
        ..all_of(NBK, Currency::USD)
    };
    assert_eq!(reader.fixings(some).await.unwrap(), whole[3..7]);
}

#[tokio::test]
async fn a_list_goes_on_in_another_ledger_with_the_same_rows() {
    let (first, second) = (in_memory(), in_memory());
    // The second has more entries before them, so that its rows have other numbers.
    let others = tenge(APRIL_3, &[("EUR", 1, "511"), ("RUB", 1, "5.9")]);
    let other = entry(0, vec![filed(NBK, &others)]);
    second.0.append(other).await.unwrap();
    for (day, revision) in [APRIL_1, APRIL_2, APRIL_2, APRIL_2].into_iter().zip(1..) {
        let value = format!("47{revision}");
        let entry = entry(
            revision,
            vec![filed(NBK, &tenge(day, &[("USD", 1, &value)]))],
        );
        for ledger in [&first.0, &second.0] {
            ledger.append(entry.clone()).await.unwrap();
        }
    }
    let page = async |reader: &LedgerReader, after, limit| {
        let page = FixingsPage {
            after,
            limit,
            ..all_of(NBK, Currency::USD)
        };
        let records = reader.fixings(page).await.unwrap();
        let of = |record: &FixingRecord| (record.fixing.effective_date, record.place);
        records.iter().map(of).collect::<Vec<_>>()
    };
    let newest = page(&first.1, None, 2).await;
    assert_eq!(newest, [(APRIL_2, 3), (APRIL_2, 2)]);
    // A correction that was written meanwhile moves no place.
    let correction = entry(5, vec![filed(NBK, &tenge(APRIL_2, &[("USD", 1, "475")]))]);
    second.0.append(correction).await.unwrap();
    let rest = [(APRIL_2, 1), (APRIL_1, 1)];
    assert_eq!(page(&second.1, newest.last().copied(), 9).await, rest);
    // A place that the first ledger does not know yet.
    let ahead = page(&first.1, Some((APRIL_2, 4)), 2).await;
    assert_eq!(ahead, newest);
}
