//! The currencies and pairs as rows.

use std::sync::Arc;

use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::Refusal;
use crate::json;
use crate::queries::PairsQuery;
use crate::tabular::{CURRENCY, PAIR};
use crate::web::caching::PAST;
use crate::web::error::WebError;
use crate::web::tables::form::Form;
use crate::web::tables::pages::{self, Head, PAGE_ROWS};
use crate::web::{Web, query};
use crate::wire::{to_currencies_response, to_pairs_response};

/// Parameters of currencies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Currencies {
    dialect: Option<String>,
}

/// Parameters of pairs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    #[serde(default)]
    pairs: String,
    dialect: Option<String>,
}

/// `GET /v1/currencies.csv`, and as lines.
pub(in crate::web) async fn currencies(
    web: &Web,
    form: Form,
    uri: &Uri,
) -> Result<Response, WebError> {
    let query: Currencies = query::read(uri)?;
    let mut writer = form.writer(CURRENCY, form.dialect(query.dialect.as_deref())?);
    let answer = to_currencies_response(&web.queries.currencies().await?);
    let rows: Vec<json::Currency<'_>> = json::list(&answer.currencies);
    let text = writer.whole(&rows);
    let text = text.map_err(|error| Refusal::Internal(error.to_string()))?;
    let head = Head {
        form,
        name: "currencies",
        caching: PAST,
    };
    Ok(head.answer(text))
}

/// `GET /v1/pairs.csv`, and as lines.
pub(in crate::web) async fn pairs(web: Web, form: Form, uri: &Uri) -> Result<Response, WebError> {
    let query: Pairs = query::read(uri)?;
    let writer = form.writer(PAIR, form.dialect(query.dialect.as_deref())?);
    let query = Arc::new(query);
    let head = Head {
        form,
        name: "pairs",
        caching: PAST,
    };
    let page = move |token: String| {
        let (web, query) = (Arc::clone(&web), Arc::clone(&query));
        async move {
            let page = web.queries.pairs(PairsQuery {
                pairs: query::filter_items(&query.pairs),
                page_size: PAGE_ROWS,
                page_token: &token,
            });
            let answer = to_pairs_response(&page.await?);
            Ok((answer.pairs, answer.next_page_token))
        }
    };
    pages::answer(head, writer, page).await
}
