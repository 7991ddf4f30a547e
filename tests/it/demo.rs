//! The bank of the demo, polled as the real ones are.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use silkrate::app::App;
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::config::{CertificateAuthorities, Http, Proxy, SourceSettings, Store};
use silkrate::demo::{Bank, Replay, Season};
use silkrate::domain::{Rate, RateFilter, Snapshot, TickerStyle, ticker_entry};
use silkrate::fetch::{FetchError, FetchResponse, Fetcher, Validators};
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::sources::nbk;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::silkrate::settings;

const MARKET: &str = "/exchangerates_data/latest?base=USD";
const NBKR: &str = "/XML/daily.xml";
const CBR: &str = "/scripts/XML_daily.asp";

/// The bank with its clock stopped at an instant.
struct Demo {
    fetcher: Fetcher,
    shutdown: CancellationToken,
    task: JoinSet<()>,
}

impl Demo {
    async fn at(instant: &str) -> Self {
        let instant: Timestamp = instant.parse().unwrap();
        let bank = Bank::start(Clock::replay_until(instant, 1, instant))
            .await
            .unwrap();
        let limit = Duration::from_secs(30);
        let http = Http {
            connect_timeout: limit,
            read_timeout: limit,
            total_timeout: limit,
            proxy: Proxy::Direct,
            ca: CertificateAuthorities::Bundled,
            private_addresses: false,
            extra_ca: Vec::new(),
        };
        let settings = SourceSettings {
            source: &nbk::SOURCE,
            documents: nbk::SOURCE.documents,
            base_url: bank.base_url(),
            interval: limit,
            requests_per_day: 100,
            api_key: None,
            proxy: None,
            extra_ca: Vec::new(),
        };
        let fetcher = Fetcher::new(&http, &settings).unwrap();
        let shutdown = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(bank.run(shutdown.clone()));
        Self {
            fetcher,
            shutdown,
            task,
        }
    }

    async fn get(&self, path: &str) -> Result<(Vec<u8>, Validators), FetchError> {
        match self.fetcher.get(path, &Validators::default()).await? {
            FetchResponse::Document {
                body, validators, ..
            } => Ok((body, validators)),
            FetchResponse::NotModified => panic!("no document is known"),
        }
    }

    async fn text(&self, path: &str) -> String {
        let (body, _) = self.get(path).await.unwrap();
        String::from_utf8(body).unwrap()
    }

    async fn has_no(&self, path: &str) -> bool {
        self.get(path)
            .await
            .is_err_and(|error| error.is_not_found())
    }
}

#[tokio::test]
async fn the_market_answers_with_its_newest_table() {
    let before = Demo::at("2025-12-04T16:09:07Z").await;
    assert!(before.has_no(MARKET).await);
    let demo = Demo::at("2025-12-08T16:09:04Z").await;
    assert_eq!(
        demo.text(MARKET).await,
        r#"{"success": true, "timestamp": 1765210144, "base": "USD", "date": "2025-12-08", "rates": {"KGS": 87.449424, "KZT": 511.015258, "TJS": 9.17539, "TMT": 3.51, "USD": 1, "UZS": 11990.815254}}"#
    );
    let held = Demo::at(&Season::December.end().to_string()).await;
    assert!(held.text(MARKET).await.contains(r#""KZT": 520.710059"#));
}

#[tokio::test]
async fn the_kyrgyz_file_of_tomorrow_appears_at_ten_o_clock_utc_every_day() {
    for (now, date, kzt) in [
        ("2025-12-04T10:00:00Z", "05.12.2025", "0,1751"),
        ("2025-12-05T09:59:59Z", "05.12.2025", "0,1751"),
        ("2025-12-05T10:00:00Z", "06.12.2025", "0,1733"),
        ("2025-12-07T10:00:00Z", "08.12.2025", "0,1733"),
        ("2025-12-13T18:00:00Z", "14.12.2025", "0,1674"),
        ("2025-12-20T18:00:00Z", "14.12.2025", "0,1674"),
    ] {
        let document = Demo::at(now).await.text(NBKR).await;
        assert_eq!(
            document,
            format!(
                "<?xml version=\"1.0\" encoding=\"windows-1251\" ?>\n\
                 <CurrencyRates Name=\"Daily Exchange Rates\" Date=\"{date}\">\n\
                 <Currency ISOCode=\"USD\">\n<Nominal>1</Nominal>\n<Value>87,4500</Value>\n</Currency>\n\
                 <Currency ISOCode=\"KZT\">\n<Nominal>1</Nominal>\n<Value>{kzt}</Value>\n</Currency>\n\
                 </CurrencyRates>\n"
            ),
            "{now}"
        );
    }
    let before = Demo::at("2025-12-04T09:59:59Z").await;
    assert!(before.has_no(NBKR).await);
    assert!(before.has_no("/XML/weekly.xml").await);
}

#[tokio::test]
async fn a_known_kyrgyz_file_is_answered_with_304() {
    let first = Demo::at("2025-12-05T12:00:00Z").await;
    let (_, validators) = first.get(NBKR).await.unwrap();
    assert!(!validators.is_empty());
    let later = Demo::at("2025-12-06T09:00:00Z").await;
    let answer = later.fetcher.get(NBKR, &validators).await;
    assert_eq!(answer, Ok(FetchResponse::NotModified));
    let changed = Demo::at("2025-12-06T10:00:00Z").await;
    let answer = changed.fetcher.get(NBKR, &validators).await;
    assert!(matches!(answer, Ok(FetchResponse::Document { .. })));
}

#[tokio::test]
async fn the_bank_of_russia_has_one_table() {
    let before = Demo::at("2025-12-12T13:59:59Z").await;
    assert!(before.has_no(CBR).await);
    let demo = Demo::at("2025-12-12T14:00:00Z").await;
    let (newest, _) = demo.get(CBR).await.unwrap();
    let path = format!("{CBR}?date_req=14/12/2025");
    assert_eq!(demo.get(&path).await.unwrap().0, newest);
    for earlier in ["12/12/2025", "yesterday", ""] {
        assert!(demo.has_no(&format!("{CBR}?date_req={earlier}")).await);
    }
    let (text, _, damaged) = encoding_rs::WINDOWS_1251.decode(&newest);
    assert!(!damaged);
    assert!(text.contains(r#"<ValCurs Date="13.12.2025" "#));
    assert!(text.contains(
        "<CharCode>KZT</CharCode><Nominal>100</Nominal><Name>Тенге</Name><Value>15,3320</Value>"
    ));
    assert_eq!(text.matches("<Valute ").count(), 6);
}

#[tokio::test]
async fn the_bank_stops_when_its_token_is_cancelled() {
    let mut demo = Demo::at("2025-12-08T16:09:04Z").await;
    assert!(demo.has_no("/somewhere/else").await);
    demo.shutdown.cancel();
    demo.task.join_next().await.unwrap().unwrap();
    for season in [Season::April, Season::December] {
        assert!(season.notice().starts_with("This is a replay"));
    }
}

#[tokio::test]
async fn the_ticker_of_8_december_has_correct_percentages() {
    // Two seconds of real time are left to see a table of the seventh.
    let [start, end] = ["2025-12-07T00:40:00Z", "2025-12-08T16:30:00Z"]
        .map(|instant| instant.parse::<Timestamp>().unwrap());
    let clock = Clock::replay_until(start, 43_200, end);
    let bank = Bank::start(clock.clone()).await.unwrap();
    let elsewhere = settings("2025-12-07T00:40:00Z");
    let config = Season::December.config(&bank.base_url(), elsewhere.server, elsewhere.web);
    let pairs = config.ticker.pairs.clone();
    let app = App::bind_with(config, clock).await.unwrap();
    let mut board = app.board().watch();
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(bank.run(shutdown.clone()));
    let stopped = shutdown.clone();
    tasks.spawn(async move { app.run(stopped.cancelled()).await.unwrap() });

    let line = |snapshot: &Snapshot| {
        let entry = |rate: &Rate| {
            let change = rate.change.as_ref();
            let change = change.map(|change| (change.percent, change.direction));
            ticker_entry(
                &rate.pair.to_string(),
                rate.value,
                change,
                TickerStyle::Compact,
            )
        };
        let rates = snapshot.rates(&pairs);
        rates.iter().map(entry).collect::<Vec<_>>().join(" • ")
    };
    // A ticker of that day printed the same values with -0 % for the tenge, which had lost one per cent.
    let expected = "KGS/USD = 0.01144 n/a • KZT/USD = 0.00196 -1.04% • TJS/USD = 0.10899 -0% • \
                    UZS/USD = 0.00008 -0.23% • TMT/USD = 0.28490 0%";
    let shown = board.wait_for(|published| line(&published.snapshot) == expected);
    tokio::time::timeout(Duration::from_secs(30), shown)
        .await
        .unwrap()
        .unwrap();
    shutdown.cancel();
    tasks.join_all().await;
}

/// A replay at a speed of its own, with the service that it feeds.
struct Loop {
    url: String,
    board: BoardReader,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Loop {
    async fn start(season: Season, speed: u32) -> Self {
        let clock = Clock::replay_until(season.start(), speed, season.end());
        let bank = Bank::start(clock.clone()).await.unwrap();
        let elsewhere = settings("2025-12-07T00:40:00Z");
        let mut config = season.config(&bank.base_url(), elsewhere.server, elsewhere.web);
        for source in &mut config.sources {
            source.interval = Duration::from_millis(200) * speed;
        }
        let mut app = App::bind_with(config.clone(), clock.clone()).await.unwrap();
        let url = format!("http://{}", app.address());
        let board = app.board();
        let replay = Replay::new(season, clock, &config, app.without_pollers());
        let replay = replay.held_for(Duration::from_millis(300));
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(bank.run(shutdown.clone()));
        let stopped = shutdown.clone();
        tasks.spawn(async move { app.run(stopped.cancelled()).await.unwrap() });
        let stopped = shutdown.clone();
        // The service may have ended first.
        tasks.spawn(async move { drop(replay.run(stopped).await) });
        Self {
            url,
            board,
            shutdown,
            tasks,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tasks.join_all().await;
    }
}

#[tokio::test]
async fn a_subscriber_of_a_replay_stays_connected_and_receives_each_new_epoch_as_a_snapshot() {
    // A pass takes less than a second.
    let replay = Loop::start(Season::April, 432_000).await;
    let mut client = RateServiceClient::connect(replay.url.clone())
        .await
        .unwrap();
    let request = pb::WatchRatesRequest::default();
    let mut stream = client.watch_rates(request).await.unwrap().into_inner();
    let (mut epochs, mut revision) = (Vec::new(), 0);
    while epochs.len() < 4 {
        let next = tokio::time::timeout(Duration::from_secs(60), stream.message());
        let message = next.await.unwrap().unwrap().unwrap();
        let position = message.position.unwrap();
        assert!(position.revision >= revision, "revisions never go back");
        revision = position.revision;
        match message.event.unwrap() {
            pb::watch_rates_response::Event::Snapshot(snapshot) => {
                if epochs.last() != Some(&position.epoch) {
                    epochs.push(position.epoch);
                }
                // The very first snapshot may be of the service before the replay began.
                if epochs.len() > 1 {
                    assert_eq!(
                        snapshot.rates.len(),
                        5,
                        "a new epoch begins with every rate"
                    );
                }
            }
            pb::watch_rates_response::Event::Update(_) => {
                assert_eq!(epochs.last(), Some(&position.epoch));
            }
            _ => {}
        }
    }
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), 4, "no epoch returns");
    replay.stop().await;
}

#[tokio::test]
async fn a_pass_of_april_runs_forward_from_its_first_table_to_its_last() {
    // A pass takes 22 seconds. At its start a poller steps back in time for four: a faster one could miss a table.
    let replay = Loop::start(Season::April, 14_400).await;
    let mut snapshots = replay.board.watch();
    let pairs = RateFilter::parse(&["KZT/USD", "UZS/USD"]).unwrap();
    let mut seen: Vec<(String, String)> = Vec::new();
    let (mut epoch, mut is_held) = (String::new(), false);
    loop {
        let changed = tokio::time::timeout(Duration::from_secs(60), snapshots.changed());
        changed.await.unwrap().unwrap();
        let snapshot = Arc::clone(&snapshots.borrow_and_update().snapshot);
        if *epoch != *snapshot.position.epoch {
            if seen.len() > 2 {
                break;
            }
            epoch = snapshot.position.epoch.to_string();
            seen.clear();
        }
        for rate in snapshot.rates(&pairs) {
            let row = (
                rate.pair.to_string(),
                rate.effective_date.unwrap().to_string(),
            );
            if !seen.contains(&row) {
                seen.push(row);
            }
        }
        is_held |= snapshot.sources().any(|source| !source.held.is_empty());
    }
    for pair in ["KZT/USD", "UZS/USD"] {
        let dates = seen.iter().filter(|(of, _)| of == pair);
        let dates: Vec<_> = dates.map(|(_, date)| date.as_str()).collect();
        assert!(dates.is_sorted() && dates.len() >= 3, "{pair}: {dates:?}");
        let ends = (dates.first().copied(), dates.last().copied());
        assert_eq!(ends, (Some("2026-03-31"), Some("2026-04-03")), "{pair}");
    }
    assert!(is_held, "the value of the manat of 2 April is held");
    replay.stop().await;
}

#[tokio::test]
async fn a_service_with_a_ledger_file_refuses_to_discard_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(folder.path().join("silkrate.db"));
    config.sources.clear();
    let mut app = App::bind(config).await.unwrap();
    let (board, (commit, _)) = (app.board(), app.without_pollers());
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let stopped = shutdown.clone();
    tasks.spawn(async move { app.run(stopped.cancelled()).await.unwrap() });
    let before = board.snapshot().position.clone();
    assert!(commit.begin_anew(Vec::new()).await.unwrap().is_err());
    assert_eq!(board.snapshot().position, before);
    shutdown.cancel();
    tasks.join_all().await;
}
