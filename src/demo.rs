//! A bank on loopback that replays published figures: what `silkrate serve --demo` asks in place of the real ones.
//!
//! It answers at the banks' own paths in the banks' own formats, faults and oddities of the days included, so that
//! everything but the network is real. It needs no network, no files and no key.

mod documents;
mod figures;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{
    self, CertificateAuthorities, Config, Http, Server, SourceSettings, Store, Ticker, Web,
};
use crate::demo::documents::File;
use crate::domain::{Preference, RateFilter, SourceId};
use crate::sources::{Document, cbr, market, nbkr};

/// What the demo tells its reader before anything else.
pub const NOTICE: &str = "This is a replay, not today's rates: figures of 4 to 13 December 2025, a day every four \
seconds. On the ticker KGS is as the National Bank of the Kyrgyz Republic published it, and KZT, TJS, UZS and TMT are \
the market table of the vendor apilayer. The Bank of Russia's table of 13 December is there for its pairs in roubles. \
All is served from this machine; no network is used.";

/// What the clock shows at first: the first market table is a minute old.
pub const START: Timestamp = Timestamp::constant(1_764_864_600, 0);
/// Where the clock stops: two hours after the last market table.
pub const END: Timestamp = Timestamp::constant(1_765_648_800, 0);
/// A day every four seconds: the nine days pass in 37.
pub const SPEED: u32 = 21_600;

/// How often the market is asked, on the replay's clock: every third of a second of real time. It has three tables a
/// day, so each is seen, and soon.
const MARKET_INTERVAL: Duration = Duration::from_secs(2 * 60 * 60);
/// How often a bank is asked, inside its hours and outside: every 0.3 seconds of real time.
const BANK_INTERVAL: Duration = Duration::from_secs(108 * 60);
/// The pairs of the demo: those a news site shows.
const PAIRS: &[&str] = &["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"];
/// Nothing on loopback takes longer.
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The documents of the Bank of Russia: there is one table, and that the earlier ones are missing is nothing to
/// complain of.
const CBR_DOCUMENTS: &[Document] = match cbr::SOURCE.documents {
    [daily, ..] => &[Document {
        missing_is_normal: true,
        ..*daily
    }],
    [] => &[],
};

/// The bank, listening and not yet answering.
#[derive(Debug)]
pub struct Bank {
    listener: TcpListener,
    address: SocketAddr,
    clock: Clock,
}

impl Bank {
    /// Takes a free port of loopback. What it answers depends on what the clock shows then.
    pub async fn start(clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            clock,
        })
    }

    /// Scheme, host and port: the `base_url` of every source.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let router = Router::new()
            .route("/exchangerates_data/latest", get(market_latest))
            .route("/XML/daily.xml", get(nbkr_daily))
            .route("/scripts/XML_daily.asp", get(cbr_daily))
            .with_state(self.clock);
        let served = axum::serve(self.listener, router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the bank of the demo has stopped");
        }
    }
}

/// The clock of the replay: a day every four seconds, until it holds.
pub fn clock() -> Clock {
    Clock::replay_until(START, SPEED, END)
}

/// The configuration of the demo: the three sources whose figures there are, asked at `base_url`, and nothing kept. It
/// goes with [`clock`].
pub fn config(base_url: &str, server: Server, web: Web) -> Config {
    let source = |source, documents, interval| SourceSettings {
        source,
        documents,
        base_url: base_url.to_owned(),
        interval,
        api_key: None,
    };
    // Of the Kyrgyz bank's two files there are figures for the daily one alone.
    let daily = nbkr::SOURCE.documents.get(..1).unwrap_or_default();
    let latest = market::APILAYER.documents;
    let named = |id| Preference::Source(SourceId::new(id));
    Config {
        server,
        web,
        ticker: Ticker {
            pairs: RateFilter::parse(PAIRS).expect("the pairs of the demo are pairs"),
            // A real service prefers the Bank of Russia; its one table here would hide the days before it.
            prefer: vec![Preference::Home, named("market"), named("cbr")],
        },
        store: Store::Memory,
        clock: Some(config::Clock {
            start: START,
            speed: SPEED,
        }),
        http: Http {
            connect_timeout: LOOPBACK_TIMEOUT,
            read_timeout: LOOPBACK_TIMEOUT,
            total_timeout: LOOPBACK_TIMEOUT,
            ca: CertificateAuthorities::Bundled,
        },
        sources: vec![
            source(&cbr::SOURCE, CBR_DOCUMENTS, BANK_INTERVAL),
            source(&market::APILAYER, latest, MARKET_INTERVAL),
            source(&nbkr::SOURCE, daily, BANK_INTERVAL),
        ],
    }
}

/// The parameters of the Bank of Russia's address.
#[derive(Debug, Deserialize)]
struct DateRequest {
    date_req: Option<String>,
}

async fn market_latest(State(clock): State<Clock>) -> Response {
    match documents::market(clock.now()) {
        Some(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The one bank here that says when its file changed, and answers 304.
async fn nbkr_daily(State(clock): State<Clock>, asked: HeaderMap) -> Response {
    let Some(file) = documents::nbkr_daily(clock.now()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let File {
        body,
        etag,
        last_modified,
    } = file;
    let known = match (asked.get(IF_NONE_MATCH), asked.get(IF_MODIFIED_SINCE)) {
        (Some(known), _) => known.as_bytes() == etag.as_bytes(),
        (None, Some(since)) => since.as_bytes() == last_modified.as_bytes(),
        (None, None) => false,
    };
    let validators = [(ETAG, etag), (LAST_MODIFIED, last_modified)];
    if known {
        (StatusCode::NOT_MODIFIED, validators).into_response()
    } else {
        (validators, [(CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

async fn cbr_daily(State(clock): State<Clock>, Query(request): Query<DateRequest>) -> Response {
    match documents::cbr(clock.now(), request.date_req.as_deref()) {
        Some(body) => {
            let kind = "application/xml; charset=windows-1251";
            ([(CONTENT_TYPE, kind)], body).into_response()
        }
        // The bank itself would answer with an older table; there is none in this replay, and 404 says just that.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
