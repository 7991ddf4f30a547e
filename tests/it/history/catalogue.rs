//! The catalogue: the currencies and pairs that there are, who quotes them, and since when.

use silkrate::pb::{
    Currency, ListCurrenciesRequest, ListCurrenciesResponse, ListPairsRequest, ListPairsResponse,
    RateFilter,
};
use tempfile::TempDir;

use crate::history::past::{CBR, NBK, NBKR, filed, history, service, submit};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, reason};

/// A service of 3 April 2026 whose banks began on different days, with months between their tables.
async fn begun(folder: &TempDir, bank: &Bank) -> Silkrate {
    let path = folder.path().join("silkrate.db");
    let silkrate = service("2026-04-03T09:00:00Z", &path, bank).await;
    let dollar = |value| ("USD", "1", value);
    let tables = vec![
        filed(CBR, "2025-09-01", &[dollar("80.8810")]),
        filed(
            CBR,
            "2025-09-02",
            &[dollar("81.0517"), ("KZT", "100", "16.8333")],
        ),
        filed(NBK, "2025-10-01", &[dollar("481.50")]),
        filed(
            NBK,
            "2025-10-02",
            &[dollar("480.20"), ("EUR", "1", "550.1")],
        ),
        filed(NBKR, "2025-11-01", &[dollar("87.4400")]),
        filed(
            NBK,
            "2025-12-01",
            &[dollar("479.90"), ("EUR", "1", "550.3")],
        ),
        filed(NBKR, "2025-12-10", &[dollar("87.4450")]),
        filed(
            NBK,
            "2026-04-02",
            &[
                dollar("481.10"),
                ("EUR", "1", "551.2"),
                ("UZS", "100", "3.94"),
            ],
        ),
        filed(NBKR, "2026-04-02", &[dollar("87.4500")]),
    ];
    submit(&silkrate, tables).await;
    silkrate
}

async fn currencies(silkrate: &mut Silkrate) -> ListCurrenciesResponse {
    let answer = silkrate.client.list_currencies(ListCurrenciesRequest {});
    answer.await.unwrap().into_inner()
}

async fn pairs(silkrate: &mut Silkrate, pairs: &[&str]) -> ListPairsResponse {
    let pairs = pairs.iter().map(ToString::to_string).collect();
    let request = ListPairsRequest {
        filter: Some(RateFilter { pairs }),
        page_size: Some(1000),
        page_token: None,
    };
    let answer = silkrate.client.list_pairs(request).await;
    answer.unwrap().into_inner()
}

/// A currency in a line: its home bank, since when it is quoted, and by whom.
fn line(currency: &Currency) -> String {
    let quoted = currency.sources.iter().map(|quoting| {
        let (source, units) = (&quoting.source, &quoting.units);
        let (start, newest) = (&quoting.start_date, &quoting.newest_effective_date);
        format!(" {source} {units} {start}..{newest}")
    });
    let (home, start) = (currency.home_bank(), currency.start_date());
    format!(
        "{} [{home}] {start}:{}",
        currency.code,
        quoted.collect::<String>()
    )
}

#[tokio::test]
async fn a_currency_has_its_home_bank_and_every_source_with_its_first_and_newest_date() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = begun(&folder, &bank).await;
    let found = currencies(&mut silkrate).await;
    let lines: Vec<String> = found.currencies.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "EUR [] 2025-10-02: nbk 1 2025-10-02..2026-04-02",
            "KGS [nbkr] :",
            "KZT [nbk] 2025-09-02: cbr 100 2025-09-02..2025-09-02",
            "RUB [cbr] :",
            "USD [] 2025-09-01: cbr 1 2025-09-01..2025-09-02 nbk 1 2025-10-01..2026-04-02 nbkr 1 2025-11-01..2026-04-02",
            "UZS [cbu] 2026-04-02: nbk 100 2026-04-02..2026-04-02",
        ]
    );
    let dollar = &found.currencies[4];
    assert_eq!((dollar.symbol(), dollar.minor_unit), ("$", Some(2)));
    let names = dollar.names.clone().unwrap();
    assert_eq!((names.en(), names.tg()), ("US dollar", "доллари ИМА"));
    let terms: Vec<_> = found.sources.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(terms, ["cbr", "cbu", "nbk", "nbkr"]);
    assert!(found.sources[2].terms.contains("nationalbank.kz"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_pair_begins_on_the_first_day_of_its_history_whichever_source_answered_then() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = begun(&folder, &bank).await;
    let all = pairs(&mut silkrate, &[]).await.pairs;
    let rates = silkrate.snapshot(&["*/*"]).await.rates;
    assert_eq!((all.len(), rates.len()), (10, 10), "{all:?}");
    for (pair, rate) in all.iter().zip(&rates) {
        assert_eq!(pair.pair, rate.pair);
        assert_eq!(
            pair.pair,
            format!("{}/{}", pair.base_currency, pair.quote_currency)
        );
        assert_eq!(pair.derivation, rate.derivation, "{}", pair.pair);
        assert_eq!(pair.source, rate.source(), "{}", pair.pair);
        let rows = history(&mut silkrate, &pair.pair, 1000, "").await;
        assert_eq!(
            pair.start_date,
            rows.last().unwrap().date(),
            "{}",
            pair.pair
        );
    }
    let start = |name: &str| {
        let found = all.iter().find(|pair| pair.pair == name).unwrap();
        (found.source.clone(), found.start_date.clone())
    };
    let expected = |source: &str, date: &str| (source.to_owned(), date.to_owned());
    // The Bank of Russia had tenge before the Kazakh bank began, and answers no more.
    assert_eq!(start("USD/KZT"), expected("nbk", "2025-09-02"));
    assert_eq!(start("RUB/KZT"), expected("cbr", "2025-09-02"));
    // When the Kyrgyz bank began, no table of the tenge was in force, and when that of the tenge came, its own was not.
    assert_eq!(start("KGS/KZT"), expected("nbkr+nbk", "2025-12-10"));
    silkrate.finish().await;
}

#[tokio::test]
async fn pairs_come_in_pages_in_the_order_of_the_filter_without_what_has_no_rate() {
    let (folder, bank) = (TempDir::new().unwrap(), Bank::start().await);
    let mut silkrate = begun(&folder, &bank).await;
    let wanted = [
        "USD/KZT", "KZT/KZT", "EUR/USD", "TMT/USD", "*/KGS", "KZT/USD",
    ];
    let whole = pairs(&mut silkrate, &wanted).await;
    let names: Vec<_> = whole.pairs.iter().map(|one| one.pair.as_str()).collect();
    assert_eq!(names, ["USD/KZT", "KZT/KGS", "USD/KGS", "KZT/USD"]);
    assert_eq!(whole.next_page_token, None);

    let mut request = ListPairsRequest {
        filter: Some(RateFilter {
            pairs: wanted.iter().map(ToString::to_string).collect(),
        }),
        page_size: Some(3),
        page_token: None,
    };
    let first = silkrate.client.list_pairs(request.clone()).await;
    let first = first.unwrap().into_inner();
    assert_eq!(first.pairs, whole.pairs[..3]);
    request.page_token = first.next_page_token;
    let second = silkrate.client.list_pairs(request.clone()).await;
    let second = second.unwrap().into_inner();
    assert_eq!(second.pairs, whole.pairs[3..]);
    assert_eq!(
        (second.sources, second.next_page_token),
        (whole.sources, None)
    );

    request.filter = None;
    let refused = silkrate.client.list_pairs(request).await.unwrap_err();
    let (_, name, field) = reason(&refused);
    assert_eq!(
        (name.as_str(), field.as_deref()),
        ("INVALID_PAGE", Some("page_token"))
    );
    silkrate.finish().await;
}
