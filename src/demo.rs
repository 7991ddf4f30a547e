//! A bank on loopback that replays published figures: `silkrate serve --demo` polls it in place of the real ones.
//!
//! It answers at the banks' own paths in the banks' own formats, with the faults and oddities of those days, so that
//! everything but the network is real. It needs no network, no files and no key.

mod documents;
mod figures;
mod replay;
mod season;
mod shared;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::demo::documents::File;
pub use crate::demo::replay::{Replay, ReplayError};
pub use crate::demo::season::Season;
pub use crate::demo::shared::file_earlier;

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

    /// Serves until `shutdown` is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        let router = Router::new()
            .route("/exchangerates_data/latest", get(market_latest))
            .route("/XML/daily.xml", get(nbkr_daily))
            .route("/scripts/XML_daily.asp", get(cbr_daily))
            .route("/rss/get_rates.cfm", get(nbk_daily))
            .route("/en/arkhiv-kursov-valyut/json/", get(cbu_latest))
            .route("/en/arkhiv-kursov-valyut/json/all/{date}/", get(cbu_dated))
            .with_state(self.clock);
        let served = axum::serve(self.listener, router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the bank of the demo has stopped");
        }
    }
}

/// The parameters of the addresses of the Bank of Russia (`date_req`) and of the Kazakh bank (`fdate`).
#[derive(Debug, Deserialize)]
struct DateRequest {
    date_req: Option<String>,
    fdate: Option<String>,
}

async fn market_latest(State(clock): State<Clock>) -> Response {
    found("application/json", documents::market(clock.now()))
}

/// Answers 304 to a matching validator: of the banks here this one alone sends validators.
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
        // The bank itself would answer with an older table. None is recorded.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn nbk_daily(State(clock): State<Clock>, Query(request): Query<DateRequest>) -> Response {
    found(
        "text/xml; charset=UTF-8",
        documents::nbk(clock.now(), request.fdate.as_deref()),
    )
}

async fn cbu_latest(State(clock): State<Clock>) -> Response {
    found("application/json", documents::cbu(clock.now(), None))
}

async fn cbu_dated(State(clock): State<Clock>, Path(date): Path<String>) -> Response {
    found("application/json", documents::cbu(clock.now(), Some(&date)))
}

fn found(content_type: &'static str, document: Option<String>) -> Response {
    match document {
        Some(body) => ([(CONTENT_TYPE, content_type)], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
