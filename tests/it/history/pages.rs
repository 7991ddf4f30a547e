//! The size of a page: rates that follow from many fixings fill it before its rows are counted.

use prost::Message;
use silkrate::pb::HistoryStep;
use silkrate::queries::{PAGE_BYTES_MAX, PAGE_SIZE_MAX};
use tempfile::TempDir;

use crate::history::past::{CBR, filed, service, submit};
use crate::history::periods::{history, stepped};
use crate::support::bank::Bank;
use crate::support::browser::get;

/// The bytes of a rate are counted about, by its fixings.
const ABOUT: usize = PAGE_BYTES_MAX / 8;

#[tokio::test]
async fn a_page_of_rates_with_many_fixings_ends_after_a_mebibyte_and_no_rate_is_lost() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let path = folder.path().join("silkrate.db");
    let mut silkrate = service("2026-03-30T09:00:00Z", &path, &bank).await;
    // The Bank of Russia alone: a pair of two of the five follows from four rows. Every table stands for two weeks.
    let rows = [
        ("USD", "1", "84.1015"),
        ("KZT", "100", "17.0153"),
        ("KGS", "100", "96.2014"),
        ("TJS", "10", "88.1310"),
        ("UZS", "10000", "69.0211"),
        ("TMT", "1", "24.0290"),
    ];
    let dates = ["2026-02-01", "2026-02-15", "2026-03-01", "2026-03-15"];
    let tables = dates.map(|date| filed(CBR, date, &rows));
    submit(&silkrate, tables.into()).await;

    let mut request = stepped(
        &["KZT/*", "KGS/*", "TJS/*", "UZS/*", "TMT/*"],
        HistoryStep::Day,
    );
    request.end_date = Some("2026-03-28".to_owned());
    request.page_size = Some(i32::try_from(PAGE_SIZE_MAX).unwrap());
    let page = silkrate.client.list_rate_history(request.clone()).await;
    let page = page.unwrap().into_inner();
    assert!(page.next_page_token.is_some());
    assert!(page.rates.len() < PAGE_SIZE_MAX, "{}", page.rates.len());
    assert!(page.encoded_len() <= PAGE_BYTES_MAX);
    let path =
        "/v1/history?pairs=KZT/*,KGS/*,TJS/*,UZS/*,TMT/*&step=day&end=2026-03-28&page_size=1000";
    let body = get(silkrate.web, path, &[]).await.body;
    let bytes = body.len();
    assert!(
        (PAGE_BYTES_MAX / 2..=PAGE_BYTES_MAX + ABOUT).contains(&bytes),
        "{bytes}"
    );
    // Thirty pairs on eight weeks of days, page by page, as on pages of a few rows.
    let all = history(&mut silkrate, request.clone()).await;
    assert_eq!(all.len(), 30 * 56);
    request.page_size = Some(77);
    assert_eq!(history(&mut silkrate, request).await, all);
    silkrate.finish().await;
}
