//! The pages of the service, in every language: all rates at the root, and a page for each of the five currencies. They are
//! readable without a script, and their script replaces the parts that hold rates by those of a newer page.
//!
//! Every address on a page is relative, so that the service may be reached under any path.

mod builder;
mod converter;
mod currency;
mod figures;
mod home;
mod language;
mod layout;

use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, LOCATION};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::domain::{Currency, Pair, Snapshot};
use crate::web::error::WebError;
use crate::web::locale::Locale;
use crate::web::pages::converter::Conversion;
use crate::web::pages::language::Language;
use crate::web::pages::layout::Document;
use crate::web::prepared::{PreparedAnswer, short_digest};
use crate::web::{Shared, Web, caching, query};

/// The media type of a page.
const HTML: &str = "text/html; charset=utf-8";
/// The currencies in which the pages show rates, the first one in large type.
const QUOTES: [Currency; 4] = [
    Currency::USD,
    Currency::EUR,
    Currency::RUB,
    Currency::constant("CNY"),
];

/// What every part of a page needs.
struct Page<'a> {
    web: &'a Shared,
    snapshot: &'a Snapshot,
    tag: &'static str,
    locale: &'static Locale,
}

/// Parameters of the page at the root. Others are ignored: links on other sites come with parameters of their own.
#[derive(Debug, Deserialize)]
struct HomeQuery {
    #[serde(default)]
    locale: String,
    #[serde(default)]
    quote: String,
}

/// Parameters of the page of a currency: its language, and the fields of its converter.
#[derive(Debug, Deserialize)]
struct CurrencyQuery {
    #[serde(default)]
    locale: String,
    amount: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl CurrencyQuery {
    fn converts(&self) -> bool {
        self.amount.is_some() || self.from.is_some() || self.to.is_some()
    }
}

/// `GET /`
pub(super) async fn home(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let query: HomeQuery = query::read(&uri)?;
    let language = Language::of(&query.locale, &headers)?;
    let quote = quote(&query.quote)?;
    let snapshot = web.queries.snapshot()?;
    let key = format!("/ {quote} {language}");
    let answer = web.answers.page(&key, &snapshot.position, || {
        let page = Page::new(&web, &snapshot, &language);
        page.prepared(&home::document(&page, quote), &language)
    })?;
    Ok(answer.respond(&headers))
}

/// `GET /{code}`
pub(super) async fn currency(
    State(web): State<Web>,
    Path(code): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let upper = code.to_ascii_uppercase();
    let Ok(currency) = Currency::parse(&upper) else {
        return Err(WebError::NoSuchPath);
    };
    let query: CurrencyQuery = query::read(&uri)?;
    let language = Language::of(&query.locale, &headers)?;
    let snapshot = web.queries.snapshot()?;
    let page = Page::new(&web, &snapshot, &language);
    if !currency.is_of_the_five() {
        let html = page.document(&currency::missing(&page, &upper))?;
        return Ok(uncached(StatusCode::NOT_FOUND, html));
    }
    if upper != code {
        return Ok(moved(&upper, &uri));
    }
    let key = format!("/{currency} {language}");
    let known = web.answers.known_page(&key, &snapshot.position);
    if let Some(answer) = known.filter(|_answer| !query.converts()) {
        return Ok(answer.respond(&headers));
    }
    let history = currency::last_month(&web, currency).await;
    let conversion = Conversion::new(&web, &language, &query, currency).await?;
    let document = currency::document(&page, currency, history, &conversion);
    if query.converts() {
        let status = if conversion.is_valid() {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        return Ok(uncached(status, page.document(&document)?));
    }
    let answer = web.answers.page(&key, &snapshot.position, || {
        page.prepared(&document, &language)
    })?;
    Ok(answer.respond(&headers))
}

/// The currency that a list of the page at the root offers.
fn quote(text: &str) -> Result<Currency, WebError> {
    if text.is_empty() {
        return Ok(Currency::USD);
    }
    let mut quotes = QUOTES.into_iter();
    let found = quotes.find(|quote| quote.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let known = QUOTES.map(|quote| quote.to_string()).join(", ");
        WebError::parameter("quote", format!("quote must be one of {known}"))
    })
}

/// The redirect to the address in upper case, with the parameters of the request.
fn moved(code: &str, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}"));
    let location = format!("{code}{}", query.unwrap_or_default());
    let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("./"));
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
}

/// A page that depends on what a reader wrote.
fn uncached(status: StatusCode, html: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(HTML)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, html).into_response()
}

impl<'a> Page<'a> {
    fn new(web: &'a Shared, snapshot: &'a Snapshot, language: &Language) -> Self {
        Self {
            web,
            snapshot,
            tag: language.tag,
            locale: language.locale,
        }
    }

    /// A page as it is sent until the state changes. Its entity tag covers what the ledger adds to the state.
    fn prepared(
        &self,
        document: &Document,
        language: &Language,
    ) -> Result<PreparedAnswer, WebError> {
        let html = self.document(document)?;
        let content = document.content.clone().into_string();
        let canonical = format!("page {} {}", self.tag, short_digest(content.as_bytes()));
        let vary = language.is_negotiated.then_some(ACCEPT_LANGUAGE);
        let position = &self.snapshot.position;
        Ok(caching::varying(position, &canonical, HTML, html, vary))
    }

    /// The chart of a pair over the last month, as a picture.
    fn chart(&self, pair: Pair, (width, height): (u32, u32)) -> Markup {
        let words = &self.locale.pages.currency.chart;
        let name = format!("chart/{}-{}.svg", pair.base, pair.quote);
        let query = format!(
            "window=month&locale={}&width={width}&height={height}",
            self.tag
        );
        html! {
            img.month src={ (name) "?" (query) } width=(width) height=(height)
                alt=(words.replace("{pair}", &pair.to_string()));
        }
    }
}
