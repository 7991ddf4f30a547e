//! Answers in JSON: what the contract's methods say, in the shapes that the command line prints.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use prost_types::Timestamp;
use tonic::Request;

use crate::domain::{self, Pair, Rate};
use crate::json::{self, Conversion, Fixings, History, OneRate, Snapshot, Sources};
use crate::pb;
use crate::pb::rate_service_server::RateService;
use crate::web::caching::{self, PAST, PRESENT};
use crate::web::error::WebError;
use crate::web::query::{self, Nothing};
use crate::web::{Shared, Web};
use crate::wire::{self, refusal};

/// The parts of a pair's path.
type PairPath = Path<(String, String)>;

impl<R> Shared<R> {
    fn now(&self) -> Timestamp {
        wire::to_timestamp(self.clock.now())
    }

    /// Some rates of a revision, and its sources.
    pub(super) fn state(&self, snapshot: &domain::Snapshot, rates: &[Rate]) -> String {
        let answer = pb::GetSnapshotResponse {
            position: Some(wire::to_position(&snapshot.position)),
            rates: wire::to_rates(rates),
            sources: wire::to_source_states(snapshot),
        };
        json::text(&Snapshot::of(&answer, &self.now())).unwrap_or_default()
    }
}

/// `GET /v1/snapshot.json`
pub(super) async fn snapshot<R: RateService>(
    State(web): State<Web<R>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    web.accepting()?;
    let asked: query::Pairs = query::read(&uri)?;
    let filter = query::filter(&asked.pairs, &web.ticker)?;
    let snapshot = web.feed.board().snapshot();
    let text = || web.state(&snapshot, &snapshot.rates(&filter));
    let question = ("snapshot", &filter);
    Ok(caching::present(
        &snapshot.position,
        question,
        &headers,
        text,
    ))
}

/// `GET /v1/rates/{base}/{quote}`
pub(super) async fn rate<R: RateService>(
    State(web): State<Web<R>>,
    Path((base, quote)): PairPath,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    web.accepting()?;
    let Nothing {} = query::read(&uri)?;
    let pair = Pair::parse(&format!("{base}/{quote}"));
    let pair = pair.map_err(|error| refusal::invalid_pair("pair", &error.to_string()))?;
    let snapshot = web.feed.board().snapshot();
    let rate = snapshot.rate(pair);
    let rate = rate.ok_or_else(|| refusal::not_quoted(pair))?;
    let text = || {
        let answer = pb::GetRateResponse {
            position: Some(wire::to_position(&snapshot.position)),
            rate: Some(wire::to_rate(&rate)),
        };
        json::text(&OneRate::from(&answer)).unwrap_or_default()
    };
    let question = ("rate", pair);
    Ok(caching::present(
        &snapshot.position,
        question,
        &headers,
        text,
    ))
}

/// `GET /v1/sources`
pub(super) async fn sources<R: RateService>(
    State(web): State<Web<R>>,
    uri: Uri,
) -> Result<Response, WebError> {
    let Nothing {} = query::read(&uri)?;
    let answer = web
        .rates
        .list_sources(Request::new(pb::ListSourcesRequest {}));
    let answer = answer.await?.into_inner();
    answered(PRESENT, json::text(&Sources::of(&answer, &web.now())))
}

/// `GET /v1/convert`
pub(super) async fn convert<R: RateService>(
    State(web): State<Web<R>>,
    uri: Uri,
) -> Result<Response, WebError> {
    let asked: query::Conversion = query::read(&uri)?;
    let asked = pb::ConvertAmountRequest {
        amount: asked.amount,
        from_currency: asked.from,
        to_currency: asked.to,
        date: asked.date,
        round_to_minor_unit: query::flag("round", asked.round.as_deref())?,
    };
    let answer = web.rates.convert_amount(Request::new(asked.clone()));
    let answer = answer.await?.into_inner();
    answered(PRESENT, json::text(&Conversion::of(&asked, &answer)))
}

/// `GET /v1/fixings/{source}/{currency}`
pub(super) async fn fixings<R: RateService>(
    State(web): State<Web<R>>,
    Path((source, currency)): PairPath,
    uri: Uri,
) -> Result<Response, WebError> {
    let asked: query::Span = query::read(&uri)?;
    let asked = pb::ListFixingsRequest {
        source,
        currency,
        start_date: asked.start,
        end_date: asked.end,
        page_size: query::page_size(asked.page_size.as_deref())?,
        page_token: asked.page_token,
    };
    let answer = web.rates.list_fixings(Request::new(asked)).await?;
    answered(PAST, json::text(&Fixings::from(&answer.into_inner())))
}

/// `GET /v1/history/{base}/{quote}`
pub(super) async fn history<R: RateService>(
    State(web): State<Web<R>>,
    Path((base, quote)): PairPath,
    uri: Uri,
) -> Result<Response, WebError> {
    let asked: query::Span = query::read(&uri)?;
    let asked = pb::ListRateHistoryRequest {
        pair: format!("{base}/{quote}"),
        start_date: asked.start,
        end_date: asked.end,
        page_size: query::page_size(asked.page_size.as_deref())?,
        page_token: asked.page_token,
    };
    let answer = web.rates.list_rate_history(Request::new(asked)).await?;
    answered(PAST, json::text(&History::from(&answer.into_inner())))
}

fn answered(caching: &'static str, text: serde_json::Result<String>) -> Result<Response, WebError> {
    let text = text.map_err(|error| WebError::internal(error.to_string()))?;
    Ok(caching::json(caching, text))
}
