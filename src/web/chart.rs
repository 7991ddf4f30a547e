//! The chart of a pair, drawn by the server: for an article, a feed and a mail, where no script runs.
//!
//! It shows what `ListRateHistory` answers. Its values are texts with the digits of the ticker; places in the picture are
//! whole tenths of pixels, computed from exact ratios.

mod calendar;
mod draw;
pub(super) mod path;
mod scale;
mod series;
pub(super) mod style;
pub(super) mod text;
mod words;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use tokio::sync::OnceCell;

use crate::domain::{Pair, Position, Refusal, Window};
use crate::feed::AnswerCache;
use crate::queries::{Queries, parse_pair};
use crate::web::chart::draw::Drawing;
use crate::web::chart::series::PastRates;
use crate::web::chart::style::{Style, THEMES, style};
use crate::web::chart::words::CaptionWriter;
use crate::web::display::Display;
use crate::web::error::WebError;
use crate::web::fragment::locale_of;
use crate::web::locale::Locale;
use crate::web::query::{self, Chart, Fragment};
use crate::web::{Shared, Web, caching};

/// What the name of a chart ends in.
const SUFFIX: &str = ".svg";
/// The width of a picture in pixels: from a line beside a figure to a sheet of print.
pub(super) const WIDTH: Length = Length {
    field: "width",
    least: 120,
    most: 2000,
    usual: 640,
};
/// The height in pixels, likewise.
const HEIGHT: Length = Length {
    field: "height",
    least: 60,
    most: 1200,
    usual: 320,
};
/// The windows as requests name them.
const WINDOWS: &[(&str, Window)] = &[
    ("week", Window::Week),
    ("month", Window::Month),
    ("year", Window::Year),
];
/// How many windows of pairs are kept in memory, at some 50 kilobytes each for a year: the pairs of the ticker in every window,
/// and a few dozen others.
const WINDOWS_MAX: usize = 64;
/// How long a window is kept while nothing is committed: a backfilled table of the past is no commit.
const AGE_MAX: Duration = Duration::from_secs(60);

/// A width or a height.
#[derive(Debug)]
pub(super) struct Length {
    field: &'static str,
    least: u16,
    most: u16,
    usual: u16,
}

/// The rates of the windows that were drawn last. Whatever the size and the language of a chart, the disk is read once for a
/// window and a position, and by one of those who want the same at once.
#[derive(Debug)]
pub(super) struct ChartRates {
    known: AnswerCache<(Pair, Window), Arc<OnceCell<Arc<PastRates>>>>,
}

/// A chart that is requested.
struct Request {
    pair: Pair,
    window: Window,
    width: u16,
    height: u16,
    tag: &'static str,
    locale: &'static Locale,
    style: &'static Style,
    query: Chart,
}

/// `GET /chart/{pair}.svg`
pub(super) async fn chart(
    State(web): State<Web>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let request = Request::read(&name, &uri)?;
    let snapshot = web.queries.snapshot()?;
    let position = &snapshot.position;
    let rates = web.chart_rates.get(&web.queries, position, &request);
    let rates = rates.await?;
    web.answer(position, &uri, &headers, || {
        let picture = request.draw(&web, &rates)?;
        let canonical = request.canonical();
        let policy = &request.style.policy;
        Ok(caching::picture(position, &canonical, policy, picture))
    })
}

impl Default for ChartRates {
    fn default() -> Self {
        Self {
            known: AnswerCache::new(WINDOWS_MAX).with_age_max(AGE_MAX),
        }
    }
}

impl ChartRates {
    async fn get(
        &self,
        queries: &Queries,
        position: &Position,
        request: &Request,
    ) -> Result<Arc<PastRates>, Refusal> {
        let (pair, window) = (request.pair, request.window);
        let cell = self.known.get_or_encode(&(pair, window), position, || {
            Ok::<_, Infallible>(Arc::default())
        });
        let cell: Arc<OnceCell<_>> = cell.unwrap_or_else(|never| match never {});
        let read = || async {
            let rates = queries.window_rates(pair, window).await?;
            Ok(Arc::new(PastRates::of(pair, rates)))
        };
        cell.get_or_try_init(read).await.map(Arc::clone)
    }
}

impl Request {
    fn read(name: &str, uri: &Uri) -> Result<Self, WebError> {
        let pair = name.strip_suffix(SUFFIX).ok_or(WebError::NoSuchPath)?;
        let pair = parse_pair(&pair.replacen('-', "/", 1))?;
        let query: Chart = query::read(uri)?;
        let (tag, locale) = locale_of(&query.locale)?;
        let window = match query.window.as_str() {
            "" => Some(Window::Month),
            name => WINDOWS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, window)| *window),
        };
        let window = window.ok_or_else(|| {
            WebError::parameter("window", "window must be one of week, month, year")
        })?;
        let style = style(&query.theme).ok_or_else(|| {
            let message = format!("theme must be one of {}", THEMES.join(", "));
            WebError::parameter("theme", message)
        })?;
        Ok(Self {
            pair,
            window,
            width: WIDTH.read(query.width.as_deref())?,
            height: HEIGHT.read(query.height.as_deref())?,
            tag,
            locale,
            style,
            query,
        })
    }

    fn draw(&self, web: &Shared, rates: &PastRates) -> Result<String, WebError> {
        let written = Fragment {
            digits: self.query.digits.clone(),
            form: self.query.form.clone(),
            labels: self.query.labels.clone(),
            ..Fragment::default()
        };
        let display = Display::new(&written, self.locale)?;
        let writer = CaptionWriter {
            queries: &web.queries,
            locale: self.locale,
            display: &display,
            window: self.window,
        };
        let series = rates.series(display.form);
        let present = web.queries.snapshot()?.rate(self.pair);
        let caption = match &series {
            Some(series) => writer.of(series, present.as_ref()),
            None => writer.empty(self.pair),
        };
        let drawing = Drawing {
            width: self.width.into(),
            height: self.height.into(),
            tag: self.tag,
            locale: self.locale,
            rules: &self.style.rules,
            window: self.window,
            caption,
            series: series.as_ref(),
        };
        Ok(drawing.draw())
    }

    /// One text for each chart, however the request spells it.
    fn canonical(&self) -> String {
        let Self {
            pair,
            window,
            width,
            height,
            tag,
            query,
            ..
        } = self;
        let Chart {
            theme,
            digits,
            form,
            labels,
            ..
        } = query;
        format!("chart {pair} {window:?} {width}x{height} {tag} {theme} {digits} {form} {labels}")
    }
}

impl Length {
    pub(super) fn read(&self, text: Option<&str>) -> Result<u16, WebError> {
        let Some(text) = text else {
            return Ok(self.usual);
        };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let length = text.parse().ok().filter(|_: &u16| is_number);
        let length = length.filter(|length| (self.least..=self.most).contains(length));
        length.ok_or_else(|| {
            let Self {
                field, least, most, ..
            } = self;
            let message =
                format!("{field} must be a whole number of pixels from {least} to {most}");
            WebError::parameter(*field, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_whole_number_within_its_bounds() {
        assert_eq!(WIDTH.read(None).unwrap(), 640);
        assert_eq!(WIDTH.read(Some("120")).unwrap(), 120);
        assert_eq!(HEIGHT.read(Some("1200")).unwrap(), 1200);
        for wrong in ["", "119", "2001", "-640", "+640", "640.0", "640px", "99999"] {
            let refused = WIDTH.read(Some(wrong));
            let refused = format!("{:?}", refused.unwrap_err());
            assert!(
                refused.contains("width must be a whole number of pixels from 120 to 2000"),
                "{wrong}"
            );
        }
    }
}
