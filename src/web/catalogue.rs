//! The answers about currencies and pairs in JSON. They may be kept for a minute: the catalogue changes a few times in a year.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;

use crate::json::{ListCurrenciesResponse, ListPairsResponse};
use crate::queries::PairsQuery;
use crate::web::Web;
use crate::web::caching::PAST;
use crate::web::error::WebError;
use crate::web::handlers::document;
use crate::web::links::with_next_page;
use crate::web::query::{self, NoParameters};
use crate::web::tables::{self, Form};
use crate::wire::{to_currencies_response, to_pairs_response};

/// Parameters of `/v1/pairs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageOfPairs {
    #[serde(default)]
    pairs: String,
    page_size: Option<String>,
    #[serde(default)]
    page_token: String,
}

/// `GET /v1/currencies`
pub(super) async fn currencies(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::currencies(&web, form, &uri).await;
    }
    let NoParameters {} = query::read(&uri)?;
    let answer = to_currencies_response(&web.queries.currencies().await?);
    document(PAST, &ListCurrenciesResponse::from(&answer))
}

/// `GET /v1/pairs`
pub(super) async fn pairs(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    if let Some(form) = Form::of(&uri, &headers) {
        return tables::pairs(web, form, &uri).await;
    }
    let query: PageOfPairs = query::read(&uri)?;
    let page = web.queries.pairs(PairsQuery {
        pairs: query::filter_items(&query.pairs),
        page_size: query::page_size(query.page_size.as_deref())?,
        page_token: &query.page_token,
    });
    let answer = to_pairs_response(&page.await?);
    let response = document(PAST, &ListPairsResponse::from(&answer))?;
    Ok(with_next_page(
        response,
        &uri,
        answer.next_page_token.as_deref(),
    ))
}
