//! The answers with rows: what the handlers of JSON answer, read to the last page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Field, Refusal};
use crate::json::{self, SourceDetail};
use crate::pb;
use crate::queries::{
    FixingsQuery, HistoryPairs, HistoryQuery, PeriodRatesQuery, RangeQuery, parse_date,
};
use crate::query_threads::render;
use crate::tabular::{FIXING, PAST_RATE, PERIOD, RATE, SOURCE, Wide};
use crate::web::caching::{self, PAST, PRESENT};
use crate::web::error::WebError;
use crate::web::tables::form::{Form, RowWriter};
use crate::web::tables::pages::{self, Head, PAGE_ROWS};
use crate::web::{Web, query};
use crate::wire::{
    to_fixings_response, to_history_response, to_past_snapshot_response, to_periods_response,
    to_snapshot_response, to_sources_response,
};

/// Parameters of a snapshot.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    #[serde(default)]
    pairs: String,
    #[serde(default)]
    date: String,
    dialect: Option<String>,
}

/// Parameters of a history.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    pairs: Option<String>,
    #[serde(default)]
    step: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
    dialect: Option<String>,
    layout: Option<String>,
}

/// Parameters of periods.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Periods {
    #[serde(default)]
    pairs: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
    dialect: Option<String>,
}

/// Parameters of fixings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixings {
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
    dialect: Option<String>,
}

/// Parameters of sources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    dialect: Option<String>,
}

/// `GET /v1/snapshot.csv`, and as lines.
pub(in crate::web) async fn snapshot(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let form = Form::of(&uri, &headers).unwrap_or(Form::Csv);
    let snapshot = web.queries.snapshot()?;
    let query: Snapshot = query::read(&uri)?;
    let dialect = form.dialect(query.dialect.as_deref())?;
    let head = |caching| Head {
        form,
        name: "snapshot",
        caching,
    };
    let text = move |columns, answer: &pb::GetSnapshotResponse| {
        let rates: Vec<json::Rate<'_>> = json::list(&answer.rates);
        let text = form.writer(columns, dialect).whole(&rates);
        text.map_err(|error| Refusal::Internal(error.to_string()))
    };
    let filter = || web.queries.filter(&query::filter_items(&query.pairs));
    if let Some(date) = parse_date(Field::Date, &query.date)? {
        let past = web.queries.rates_on(&filter()?, date).await?;
        let text = render(move || text(PAST_RATE, &to_past_snapshot_response(&past)));
        return Ok(head(PAST).answer(text.await??));
    }
    web.answer(&snapshot.position, &uri, &headers, || {
        let filter = filter()?;
        let answer = to_snapshot_response(&snapshot, &snapshot.rates(&filter));
        let canonical = format!("snapshot {form:?} {dialect:?} {filter}");
        let head = head(PRESENT);
        let kind = (form.media_type(), head.disposition());
        let text = text(RATE, &answer)?;
        Ok(caching::file(&snapshot.position, &canonical, kind, text))
    })
}

/// `GET /v1/history/{base}/{quote}.csv`, and as lines.
pub(in crate::web) async fn history(
    web: Web,
    form: Form,
    (base, quote): (String, String),
    uri: &Uri,
) -> Result<Response, WebError> {
    let query: History = query::read(uri)?;
    if query.pairs.is_some() {
        return Err(query::pairs_beside_a_path());
    }
    let pair = format!("{base}/{}", form.stem(&quote));
    rates(web, form, Some(pair), query).await
}

/// `GET /v1/history.csv`, and as lines.
pub(in crate::web) async fn histories(
    web: Web,
    form: Form,
    uri: &Uri,
) -> Result<Response, WebError> {
    rates(web, form, None, query::read(uri)?).await
}

async fn rates(
    web: Web,
    form: Form,
    pair: Option<String>,
    query: History,
) -> Result<Response, WebError> {
    let dialect = form.dialect(query.dialect.as_deref())?;
    let step = query::step(&query.step)?;
    let items = query.pairs.clone().unwrap_or_default();
    let writer = if form.is_wide(query.layout.as_deref())? {
        let pairs = web
            .queries
            .pairs_with_history(&pairs_of(pair.as_deref(), &items))?;
        let names = pairs.iter().map(ToString::to_string).collect();
        RowWriter::Wide(Wide::new(names, dialect))
    } else {
        form.writer(PAST_RATE, dialect)
    };
    let request = Arc::new((pair, items, query));
    let head = Head {
        form,
        name: "history",
        caching: PAST,
    };
    let page = move |token: String| {
        let (web, request) = (Arc::clone(&web), Arc::clone(&request));
        async move {
            let (pair, items, query) = &*request;
            let page = web.queries.history(HistoryQuery {
                pairs: pairs_of(pair.as_deref(), items),
                step,
                range: range(&query.start, &query.end, &token),
            });
            let page = page.await?;
            let answer = render(move || to_history_response(&page)).await?;
            Ok((answer.rates, answer.next_page_token))
        }
    };
    pages::answer(head, writer, page).await
}

fn pairs_of<'a>(pair: Option<&'a str>, items: &'a str) -> HistoryPairs<'a> {
    match pair {
        Some(pair) => HistoryPairs::One(pair),
        None => HistoryPairs::Filter(query::filter_items(items)),
    }
}

fn range<'a>(start_date: &'a str, end_date: &'a str, page_token: &'a str) -> RangeQuery<'a> {
    RangeQuery {
        start_date,
        end_date,
        page_size: PAGE_ROWS,
        page_token,
    }
}

/// `GET /v1/periods.csv`, and as lines.
pub(in crate::web) async fn periods(web: Web, form: Form, uri: &Uri) -> Result<Response, WebError> {
    let query: Periods = query::read(uri)?;
    let writer = form.writer(PERIOD, form.dialect(query.dialect.as_deref())?);
    let period = query::period(&query.period)?;
    let query = Arc::new(query);
    let head = Head {
        form,
        name: "periods",
        caching: PAST,
    };
    let page = move |token: String| {
        let (web, query) = (Arc::clone(&web), Arc::clone(&query));
        async move {
            let page = web.queries.period_rates(PeriodRatesQuery {
                pairs: query::filter_items(&query.pairs),
                period,
                range: range(&query.start, &query.end, &token),
            });
            let page = page.await?;
            let answer = render(move || to_periods_response(&page)).await?;
            Ok((answer.periods, answer.next_page_token))
        }
    };
    pages::answer(head, writer, page).await
}

/// `GET /v1/fixings/{source}/{currency}.csv`, and as lines.
pub(in crate::web) async fn fixings(
    web: Web,
    form: Form,
    (source, currency): (String, String),
    uri: &Uri,
) -> Result<Response, WebError> {
    let query: Fixings = query::read(uri)?;
    let writer = form.writer(FIXING, form.dialect(query.dialect.as_deref())?);
    let currency = form.stem(&currency).to_owned();
    let request = Arc::new((source, currency, query));
    let head = Head {
        form,
        name: "fixings",
        caching: PAST,
    };
    let page = move |token: String| {
        let (web, request) = (Arc::clone(&web), Arc::clone(&request));
        async move {
            let (source, currency, query) = &*request;
            let page = web.queries.fixings(FixingsQuery {
                source,
                currency,
                start_date: &query.start,
                end_date: &query.end,
                page_size: PAGE_ROWS,
                page_token: &token,
            });
            let page = page.await?;
            let answer = render(move || to_fixings_response(page)).await?;
            Ok((answer.fixings, answer.next_page_token))
        }
    };
    pages::answer(head, writer, page).await
}

/// `GET /v1/sources.csv`, and as lines.
pub(in crate::web) fn sources(web: &Web, form: Form, uri: &Uri) -> Result<Response, WebError> {
    let query: Sources = query::read(uri)?;
    let dialect = form.dialect(query.dialect.as_deref())?;
    let answer = to_sources_response(&web.queries.sources()?);
    let rows: Vec<_> = answer.sources.iter().filter_map(SourceDetail::of).collect();
    let text = form.writer(SOURCE, dialect).whole(&rows);
    let text = text.map_err(|error| Refusal::Internal(error.to_string()))?;
    let head = Head {
        form,
        name: "sources",
        caching: PRESENT,
    };
    Ok(head.answer(text))
}
