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
mod parameters;

use std::borrow::Cow;

use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, LOCATION};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use percent_encoding::percent_decode_str;

use crate::domain::{Currency, Pair, Snapshot};
use crate::web::error::WebError;
use crate::web::locale::Locale;
use crate::web::negotiation::prefers;
use crate::web::pages::converter::Conversion;
use crate::web::pages::language::Language;
use crate::web::pages::layout::Document;
use crate::web::pages::parameters::Parameters;
use crate::web::prepared::PreparedAnswer;
use crate::web::{JSON, Shared, Web, caching};

/// The media type of a page.
const HTML: &str = "text/html; charset=utf-8";
/// The currencies in which the pages show rates, the first one in large type.
const QUOTES: [Currency; 4] = [
    Currency::USD,
    Currency::EUR,
    Currency::RUB,
    Currency::constant("CNY"),
];

/// The folders of a wrong address that is answered with a page, at most: every link of the page repeats the way out of them,
/// and no address that a reader writes has as many.
const FOLDERS_MAX: usize = 16;

/// What every part of a page needs.
struct Page<'a> {
    web: &'a Shared,
    snapshot: &'a Snapshot,
    tag: &'static str,
    locale: &'static Locale,
    /// The way from the folder of this page to that of all pages, such as `../`; empty for a page in that folder.
    way: &'a str,
}

/// The parameters that fill the converter.
const CONVERSION: [&str; 3] = ["amount", "from", "to"];

/// `GET /`
pub(super) async fn home(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let parameters = Parameters::of(&uri)?;
    let language = Language::of(&parameters, &headers)?;
    let quote = quote(&parameters);
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
    let known = Currency::parse(&upper);
    if known.is_err() && !is_of_reader(&code, &headers) {
        return Err(WebError::NoSuchPath);
    }
    let parameters = Parameters::of(&uri)?;
    let language = Language::of(&parameters, &headers)?;
    let converts = CONVERSION.iter().any(|name| parameters.get(name).is_some());
    let snapshot = web.queries.snapshot()?;
    let page = Page::new(&web, &snapshot, &language);
    let name = if known.is_ok() { &upper } else { &code };
    let Some(currency) = known.ok().filter(|known| known.is_of_the_five()) else {
        let html = page.document(&currency::missing(&page, name))?;
        return Ok(uncached(StatusCode::NOT_FOUND, html));
    };
    if upper != code {
        return Ok(moved(&upper, &uri));
    }
    let key = format!("/{currency} {language}");
    let known = web.answers.known_page(&key, &snapshot.position);
    if let Some(answer) = known.filter(|_answer| !converts) {
        return Ok(answer.respond(&headers));
    }
    let history = currency::last_month(&web, currency).await;
    let conversion = Conversion::new(&web, &language, &parameters, currency).await?;
    let document = currency::document(&page, currency, history, &conversion);
    if converts {
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

/// `GET /{code}/`: people add the slash by hand.
pub(super) async fn below(
    web: State<Web>,
    Path(code): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let code = code.to_ascii_uppercase();
    match Currency::parse(&code) {
        Ok(code) => Ok(moved(&format!("../{code}"), &uri)),
        Err(_) => nowhere(web, headers, uri).await,
    }
}

/// Whether a missing path gets a page with links, for a reader. A program gets the error as JSON, and the paths of data are for
/// programs.
fn is_of_reader(path: &str, headers: &HeaderMap) -> bool {
    prefers(headers, "text/html", JSON) && path != "v1" && !path.starts_with("v1/")
}

/// `GET` of a path that leads nowhere: a page with links, or the error as JSON.
pub(super) async fn nowhere(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let path = uri.path().trim_start_matches('/');
    let folders = uri.path().matches('/').count().saturating_sub(1);
    if !is_of_reader(path, &headers) || folders > FOLDERS_MAX {
        return Err(WebError::NoSuchPath);
    }
    let language = Language::of(&Parameters::of(&uri)?, &headers)?;
    let snapshot = web.queries.snapshot()?;
    let way = "../".repeat(folders);
    let page = Page {
        way: &way,
        ..Page::new(&web, &snapshot, &language)
    };
    // In letters, as the address bar shows it; bytes that are no text stay as they are.
    let name = percent_decode_str(path).decode_utf8();
    let name = name.unwrap_or(Cow::Borrowed(path));
    let html = page.document(&currency::missing(&page, &name))?;
    Ok(uncached(StatusCode::NOT_FOUND, html))
}

/// The currency that the list of the page at the root has selected; dollars where it offers no such one.
fn quote(parameters: &Parameters) -> Currency {
    let text = parameters.get("quote").unwrap_or_default();
    let mut quotes = QUOTES.into_iter();
    let found = quotes.find(|quote| quote.as_str().eq_ignore_ascii_case(text));
    found.unwrap_or(Currency::USD)
}

/// The redirect to the address of a page, with the parameters of the request.
fn moved(address: &str, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}"));
    let location = format!("{address}{}", query.unwrap_or_default());
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
            way: "",
        }
    }

    /// A page as it is sent until the state changes. Its entity tag covers its content, and with it what the ledger adds to
    /// the state.
    fn prepared(
        &self,
        document: &Document,
        language: &Language,
    ) -> Result<PreparedAnswer, WebError> {
        let html = self.document(document)?;
        let canonical = format!("page {}", self.tag);
        let vary = language.is_negotiated.then_some(ACCEPT_LANGUAGE);
        let position = &self.snapshot.position;
        Ok(caching::varying(position, &canonical, HTML, html, vary))
    }

    /// The chart of a pair over the last month, as a picture.
    fn chart(&self, pair: Pair, size: (u32, u32)) -> Markup {
        let words = &self.locale.pages.currency.chart;
        html! {
            img.month src=(self.chart_address(pair, size)) width=(size.0) height=(size.1)
                alt=(words.replace("{pair}", &pair.to_string()));
        }
    }

    /// The address of a chart. It changes with the rate, so that a page which follows the rate loads the chart again: the
    /// service ignores the parameter `_`.
    fn chart_address(&self, pair: Pair, (width, height): (u32, u32)) -> String {
        let rate = self.snapshot.rate(pair);
        let state = rate.map(|rate| format!("&_={}", rate.value));
        format!(
            "chart/{}-{}.svg?window=month&locale={}&width={width}&height={height}{}",
            pair.base,
            pair.quote,
            self.tag,
            state.unwrap_or_default()
        )
    }
}
