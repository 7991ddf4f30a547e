//! One figure as a table of one row: a rate, and a conversion.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::domain::{Field, Refusal};
use crate::json::{self, ConvertAmountResponse};
use crate::pb;
use crate::queries::{parse_date, parse_pair};
use crate::tabular::{CONVERSION, Column, Dialect, PAST_RATE, RATE};
use crate::web::caching::{self, PAST, PRESENT};
use crate::web::conversion::Conversion;
use crate::web::error::WebError;
use crate::web::tables::form::Form;
use crate::web::tables::pages::Head;
use crate::web::{Web, query};
use crate::wire::{to_convert_response, to_past_rate_response, to_rate_response};

/// Parameters of a rate as a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateFile {
    #[serde(default)]
    date: String,
    dialect: Option<String>,
}

/// Parameters of a conversion as a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversionFile {
    #[serde(default)]
    amount: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    date: String,
    round: Option<String>,
    dialect: Option<String>,
}

/// `GET /v1/rates/{base}/{quote}.csv`, and as lines.
pub(in crate::web) async fn rate(
    web: &Web,
    form: Form,
    (base, quote): (String, String),
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, WebError> {
    let snapshot = web.queries.snapshot()?;
    let query: RateFile = query::read(uri)?;
    let dialect = form.dialect(query.dialect.as_deref())?;
    let pair = parse_pair(&format!("{base}/{}", form.stem(&quote)))?;
    let head = |caching| Head {
        form,
        name: "rate",
        caching,
    };
    let text = |columns, rate: Option<&pb::Rate>| {
        let row = rate.map(json::Rate::from);
        text(form, (columns, dialect), row.as_slice())
    };
    if let Some(date) = parse_date(Field::Date, &query.date)? {
        let answer = to_past_rate_response(&web.queries.rate_on(pair, date).await?);
        return Ok(head(PAST).answer(text(PAST_RATE, answer.rate.as_ref())?));
    }
    web.answer(&snapshot.position, uri, headers, || {
        let answer = to_rate_response(&snapshot, &web.queries.rate(&snapshot, pair)?);
        let canonical = format!("rate {form:?} {dialect:?} {pair}");
        let kind = (form.media_type(), head(PRESENT).disposition());
        let text = text(RATE, answer.rate.as_ref())?;
        Ok(caching::file(&snapshot.position, &canonical, kind, text))
    })
}

/// `GET /v1/convert.csv`, and as lines.
pub(in crate::web) async fn convert(
    web: &Web,
    form: Form,
    uri: &Uri,
) -> Result<Response, WebError> {
    let query: ConversionFile = query::read(uri)?;
    let dialect = form.dialect(query.dialect.as_deref())?;
    let request = Conversion {
        amount: query.amount,
        from: query.from,
        to: query.to,
        date: query.date,
        round: query.round,
    };
    let request = request.request()?;
    let answer = to_convert_response(&web.queries.convert((&request).into()).await?);
    let row = ConvertAmountResponse::of(&request, &answer);
    let head = Head {
        form,
        name: "convert",
        caching: PRESENT,
    };
    Ok(head.answer(text(form, (CONVERSION, dialect), &[row])?))
}

fn text<R: Serialize>(
    form: Form,
    (columns, dialect): (&'static [Column], Dialect),
    rows: &[R],
) -> Result<String, Refusal> {
    let text = form.writer(columns, dialect).whole(rows);
    text.map_err(|error| Refusal::Internal(error.to_string()))
}
