//! The form of an answer with rows, by the ending of its path or by `Accept`, and how CSV is laid out.

use std::io;

use axum::extract::Request;
use axum::http::header::{ACCEPT, HeaderMap, VARY};
use axum::http::{HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;

use crate::tabular::{self, Column, Dialect, Wide};
use crate::web::error::WebError;
use crate::web::{JSON, lines, negotiation};

/// The media type of CSV in requests.
const CSV: &str = "text/csv";
/// The same in answers: the first record names the columns.
const CSV_ANSWER: &str = "text/csv; charset=utf-8; header=present";
/// The endings of paths.
const CSV_ENDING: &str = ".csv";
const LINES_ENDING: &str = ".ndjson";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Form {
    /// Comma-separated values.
    Csv,
    /// A JSON object on each line.
    Lines,
}

impl Form {
    /// The form that a path names, or else the one that the client accepts. `None`: the message as JSON.
    pub(in crate::web) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        Self::of_path(uri.path()).or_else(|| Self::accepted(headers))
    }

    /// The form that the client accepts. `None`: the message as JSON.
    pub(in crate::web) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let forms = [(Self::Csv, CSV), (Self::Lines, lines::NDJSON)].into_iter();
        let mut wanted = forms.filter(|(_, kind)| negotiation::prefers(headers, kind, JSON));
        wanted.next().map(|(form, _)| form)
    }

    fn of_path(path: &str) -> Option<Self> {
        let forms = [Self::Csv, Self::Lines].into_iter();
        let mut named = forms.filter(|form| path.ends_with(form.ending()));
        named.next()
    }

    /// The ending of a path that names it.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Csv => CSV_ENDING,
            Self::Lines => LINES_ENDING,
        }
    }

    /// The address whose path names it. An answer that is prepared belongs to an address, so the forms of a path without an
    /// ending need one each.
    pub(in crate::web) fn named(self, uri: Uri) -> Uri {
        match Self::of_path(uri.path()) {
            Some(_) => uri,
            None => with_ending(uri, self.ending()),
        }
    }

    /// A segment of a path without the ending.
    pub(super) fn stem(self, segment: &str) -> &str {
        segment.strip_suffix(self.ending()).unwrap_or(segment)
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => CSV_ANSWER,
            Self::Lines => lines::NDJSON,
        }
    }

    /// The dialect that a request names.
    pub(super) fn dialect(self, name: Option<&str>) -> Result<Dialect, WebError> {
        let Some(name) = name else {
            return Ok(Dialect::default());
        };
        if self == Self::Lines {
            return Err(WebError::parameter("dialect", "a dialect is one of CSV"));
        }
        let named = match name {
            "" => Some(Dialect::default()),
            name => Dialect::parse(name),
        };
        named.ok_or_else(|| {
            let all = Dialect::names().collect::<Vec<_>>().join(", ");
            WebError::parameter("dialect", format!("dialect must be one of {all}"))
        })
    }

    /// Whether a request names the wide layout.
    pub(super) fn is_wide(self, layout: Option<&str>) -> Result<bool, WebError> {
        match (self, layout) {
            (_, None) | (Self::Csv, Some("" | "long")) => Ok(false),
            (Self::Csv, Some("wide")) => Ok(true),
            (Self::Lines, Some(_)) => Err(WebError::parameter("layout", "a layout is one of CSV")),
            (Self::Csv, Some(_)) => Err(WebError::parameter(
                "layout",
                "layout must be long (a record for each rate) or wide (a record for each day, a column for each pair)",
            )),
        }
    }

    /// The writer of rows in this form.
    pub(super) fn writer(self, columns: &'static [Column], dialect: Dialect) -> RowWriter {
        match self {
            Self::Csv => RowWriter::Long(columns, dialect),
            Self::Lines => RowWriter::Lines,
        }
    }
}

/// Writes rows, page by page.
#[derive(Debug)]
pub(super) enum RowWriter {
    Lines,
    Long(&'static [Column], Dialect),
    Wide(Wide),
}

impl RowWriter {
    pub(super) fn begin(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Lines => Ok(Vec::new()),
            Self::Long(columns, dialect) => tabular::header(columns, *dialect),
            Self::Wide(wide) => wide.header(),
        }
    }

    pub(super) fn rows<R: Serialize>(&mut self, rows: &[R]) -> io::Result<Vec<u8>> {
        match self {
            Self::Lines => tabular::lines(rows),
            Self::Long(columns, dialect) => tabular::records(columns, *dialect, rows),
            Self::Wide(wide) => wide.records(rows),
        }
    }

    pub(super) fn end(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Lines | Self::Long(..) => Ok(Vec::new()),
            Self::Wide(wide) => wide.end(),
        }
    }

    /// All rows of an answer that is not read in pages.
    pub(super) fn whole<R: Serialize>(&mut self, rows: &[R]) -> io::Result<String> {
        let text = [self.begin()?, self.rows(rows)?, self.end()?].concat();
        String::from_utf8(text).map_err(io::Error::other)
    }
}

/// The address with an ending of its path.
pub(in crate::web) fn with_ending(uri: Uri, ending: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}"));
    let named = format!("{}{ending}{}", uri.path(), query.unwrap_or_default());
    named.parse().unwrap_or(uri)
}

/// Says of a path without an ending that its answer depends on `Accept`.
pub(in crate::web) async fn vary_by_accept(request: Request, next: Next) -> Response {
    let is_named = Form::of_path(request.uri().path()).is_some();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A prepared answer says so itself.
    let says_so = headers
        .get_all(VARY)
        .iter()
        .any(|name| name == ACCEPT.as_str());
    if !is_named && !says_so {
        headers.append(VARY, HeaderValue::from(ACCEPT));
    }
    response
}
