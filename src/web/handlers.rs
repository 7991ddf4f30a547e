//! The answers in JSON: what the contract's methods answer, in the forms of [`crate::json`].

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use prost_types::Timestamp;
use serde::Serialize;

use crate::domain::{self, Field, Position, Rate, Refusal};
use crate::json::{
    self, ConvertAmountResponse, GetRateResponse, GetSnapshotResponse, ListFixingsResponse,
    ListPeriodRatesResponse, ListRateHistoryResponse, ListSourcesResponse,
};
use crate::queries::{
    FixingsQuery, HistoryPairs, HistoryQuery, PeriodRatesQuery, RangeQuery, parse_date, parse_pair,
};
use crate::query_threads::render;
use crate::web::caching::{self, PAST, PRESENT};
use crate::web::conversion::Conversion;
use crate::web::error::WebError;
use crate::web::links::with_next_page;
use crate::web::prepared::PreparedAnswer;
use crate::web::query::{self, NoParameters};
use crate::web::tables::{self, Form, with_ending};
use crate::web::{JSON, Shared, Web};
use crate::wire::{
    to_convert_response, to_fixings_response, to_history_response, to_past_rate_response,
    to_past_snapshot_response, to_periods_response, to_rate_response, to_snapshot_response,
    to_sources_response, to_timestamp,
};

/// What a path ends with that answers in JSON whatever the client accepts.
const JSON_ENDING: &str = ".json";

/// The two segments of the path of a pair, or of a source and a currency.
type PairPath = Path<(String, String)>;

impl Shared {
    fn now(&self) -> Timestamp {
        to_timestamp(self.queries.now())
    }

    /// The answer to a request about the present. It is made unless an equal request had it made before.
    pub(super) fn answer(
        &self,
        position: &Position,
        uri: &Uri,
        headers: &HeaderMap,
        make: impl FnOnce() -> Result<PreparedAnswer, WebError>,
    ) -> Result<Response, WebError> {
        let answer = self
            .answers
            .get_or_make(&query::target(uri), position, make)?;
        Ok(answer.respond(headers))
    }

    /// The answer that was made for an equal request, while it is current.
    pub(super) fn prepared_answer(&self, uri: &Uri) -> Option<Arc<PreparedAnswer>> {
        let snapshot = self.queries.snapshot().ok()?;
        self.answers.get(&query::target(uri), &snapshot.position)
    }

    /// Some rates of a snapshot, and its sources, as JSON.
    pub(super) fn snapshot_json(&self, snapshot: &domain::Snapshot, rates: &[Rate]) -> String {
        let answer = to_snapshot_response(snapshot, rates);
        json::text(&GetSnapshotResponse::from(&answer).at(&self.now())).unwrap_or_default()
    }
}

/// The longest query whose answer is made where it is asked for, unless it is about every pair: some thirty pairs.
const SHORT_QUERY_BYTES_MAX: usize = 300;

/// `GET /v1/snapshot`: as its path with the ending of the form that the client accepts.
pub(super) async fn accepted_snapshot(
    web: State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    match Form::accepted(&headers) {
        Some(form) => tables::snapshot(web, headers, form.named(uri)).await,
        None => snapshot(web, headers, with_ending(uri, JSON_ENDING)).await,
    }
}

/// `GET /v1/snapshot.json`
pub(super) async fn snapshot(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let snapshot = web.queries.snapshot()?;
    let query: query::Snapshot = query::read(&uri)?;
    let filter = || web.queries.filter(&query::filter_items(&query.pairs));
    if let Some(date) = parse_date(Field::Date, &query.date)? {
        let past = web.queries.rates_on(&filter()?, date).await?;
        let response = render(move || {
            let answer = to_past_snapshot_response(&past);
            document(PAST, &GetSnapshotResponse::from(&answer).at(&web.now()))
        });
        return response.await?;
    }
    let filter = filter()?;
    let (position, target) = (snapshot.position.clone(), uri.clone());
    let make = move |web: &Web| {
        web.answer(&position, &target, &headers, || {
            let text = web.snapshot_json(&snapshot, &snapshot.rates(&filter));
            let canonical = format!("snapshot {filter}");
            Ok(caching::present(&position, &canonical, JSON, text))
        })
    };
    let query = uri.query().unwrap_or_default();
    let escaped = ["*/*", "*%2F*", "*%2f*", "%2A%2F%2A", "%2a%2f%2a"];
    let is_every_pair = escaped.iter().any(|every| query.contains(every));
    let is_long = is_every_pair || query.len() > SHORT_QUERY_BYTES_MAX;
    if !is_long || web.prepared_answer(&uri).is_some() {
        return make(&web);
    }
    // Who waits here and gives up leaves no work behind.
    let shared = Web::clone(&web);
    let _turn = web.wide.acquire().await;
    render(move || make(&shared)).await?
}

/// `GET /v1/rates/{base}/{quote}`
pub(super) async fn rate(
    State(web): State<Web>,
    Path((base, quote)): PairPath,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::rate(&web, form, (base, quote), &headers, &form.named(uri)).await;
    }
    let snapshot = web.queries.snapshot()?;
    let query: query::Rate = query::read(&uri)?;
    let pair = parse_pair(&format!("{base}/{quote}"))?;
    if let Some(date) = parse_date(Field::Date, &query.date)? {
        let answer = to_past_rate_response(&web.queries.rate_on(pair, date).await?);
        return document(PAST, &GetRateResponse::from(&answer));
    }
    web.answer(&snapshot.position, &uri, &headers, || {
        let rate = web.queries.rate(&snapshot, pair)?;
        let answer = to_rate_response(&snapshot, &rate);
        let text = json::text(&GetRateResponse::from(&answer)).unwrap_or_default();
        Ok(caching::varying(
            &snapshot.position,
            &format!("rate {pair}"),
            JSON,
            text,
            Some(ACCEPT),
        ))
    })
}

/// `GET /v1/sources`
pub(super) async fn sources(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::sources(&web, form, &uri);
    }
    let NoParameters {} = query::read(&uri)?;
    let answer = to_sources_response(&web.queries.sources()?);
    document(PRESENT, &ListSourcesResponse::from(&answer).at(&web.now()))
}

/// `GET /v1/convert`
pub(super) async fn convert(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::convert(&web, form, &uri).await;
    }
    let query: Conversion = query::read(&uri)?;
    let request = query.request()?;
    let converted = web.queries.convert((&request).into()).await?;
    let answer = to_convert_response(&converted);
    document(PRESENT, &ConvertAmountResponse::of(&request, &answer))
}

/// `GET /v1/fixings/{source}/{currency}`
pub(super) async fn fixings(
    State(web): State<Web>,
    Path((source, currency)): PairPath,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::fixings(web, form, (source, currency), &uri).await;
    }
    let query: query::Range = query::read(&uri)?;
    let page = web.queries.fixings(FixingsQuery {
        source: &source,
        currency: &currency,
        start_date: &query.start,
        end_date: &query.end,
        page_size: query::page_size(query.page_size.as_deref())?,
        page_token: &query.page_token,
    });
    let page = page.await?;
    let rendered = render(move || {
        let answer = to_fixings_response(page);
        let response = document(PAST, &ListFixingsResponse::from(&answer))?;
        Ok::<_, WebError>(with_next_page(
            response,
            &uri,
            answer.next_page_token.as_deref(),
        ))
    });
    rendered.await?
}

/// `GET /v1/history/{base}/{quote}`
pub(super) async fn history(
    State(web): State<Web>,
    Path((base, quote)): PairPath,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::history(web, form, (base, quote), &uri).await;
    }
    let query: query::History = query::read(&uri)?;
    if query.pairs.is_some() {
        return Err(query::pairs_beside_a_path());
    }
    let pair = format!("{base}/{quote}");
    web.history(HistoryPairs::One(&pair), &query, uri).await
}

/// `GET /v1/history`
pub(super) async fn histories(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::histories(web, form, &uri).await;
    }
    let query: query::History = query::read(&uri)?;
    let pairs = query::filter_items(query.pairs.as_deref().unwrap_or_default());
    web.history(HistoryPairs::Filter(pairs), &query, uri).await
}

impl Shared {
    async fn history(
        &self,
        pairs: HistoryPairs<'_>,
        query: &query::History,
        uri: Uri,
    ) -> Result<Response, WebError> {
        let page = self.queries.history(HistoryQuery {
            pairs,
            step: query::step(&query.step)?,
            range: RangeQuery {
                start_date: &query.start,
                end_date: &query.end,
                page_size: query::page_size(query.page_size.as_deref())?,
                page_token: &query.page_token,
            },
        });
        let page = page.await?;
        let rendered = render(move || {
            let answer = to_history_response(&page);
            let response = document(PAST, &ListRateHistoryResponse::from(&answer))?;
            Ok::<_, WebError>(with_next_page(
                response,
                &uri,
                answer.next_page_token.as_deref(),
            ))
        });
        rendered.await?
    }
}

/// `GET /v1/periods`
pub(super) async fn periods(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::periods(web, form, &uri).await;
    }
    let query: query::Periods = query::read(&uri)?;
    let page = web.queries.period_rates(PeriodRatesQuery {
        pairs: query::filter_items(&query.pairs),
        period: query::period(&query.period)?,
        range: RangeQuery {
            start_date: &query.start,
            end_date: &query.end,
            page_size: query::page_size(query.page_size.as_deref())?,
            page_token: &query.page_token,
        },
    });
    let page = page.await?;
    let rendered = render(move || {
        let answer = to_periods_response(&page);
        let response = document(PAST, &ListPeriodRatesResponse::from(&answer))?;
        Ok::<_, WebError>(with_next_page(
            response,
            &uri,
            answer.next_page_token.as_deref(),
        ))
    });
    rendered.await?
}

/// A document in JSON.
pub(super) fn document(
    caching: &'static str,
    value: &impl Serialize,
) -> Result<Response, WebError> {
    let text = json::text(value).map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(caching::json(caching, text))
}
