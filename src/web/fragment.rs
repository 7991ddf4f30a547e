//! The ticker as a fragment of a page, without a script: every number is text. Where the element is loaded, it takes the
//! place of the fragment, in the same room.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use maud::{Markup, html};

use crate::domain::{RateFilter, Snapshot};
use crate::web::caching::{self, position_text};
use crate::web::display::Display;
use crate::web::entries::{Credit, EntryText, EntryWriter};
use crate::web::error::WebError;
use crate::web::locale::{self, FALLBACK, Locale};
use crate::web::query::{self, Fragment};
use crate::web::{HTML, Shared, Web};

/// The themes of the element.
const THEMES: &[&str] = &["auto", "light", "dark"];
/// The directions of the element.
const DIRECTIONS: &[&str] = &["left", "right", "vertical", STATIC];
/// The densities of the element.
const DENSITIES: &[&str] = &["regular", "compact"];
/// The direction that wraps the list, for mails and for pages without scripts.
pub(super) const STATIC: &str = "static";
/// The most digits of a speed, as the element reads it.
const SPEED_DIGITS_MAX: usize = 4;
/// The style of the fragment: the height and the font of the element, so that nothing moves when a script takes over.
const STYLE: &str =
    "display:block;min-height:2.578125rem;font:400 .9375rem/1.3 system-ui,sans-serif";
/// The style of a list on one line, which scrolls sideways where it is too long.
const STRIP: &str = "display:flex;gap:1.5em;align-items:center;height:2.578125rem;margin:0;padding:0;\
    overflow:auto hidden;scrollbar-width:thin;white-space:nowrap;list-style:none";
/// The style of a list that wraps, and of its entries: programs that show mails know no newer layout than this one.
const WRAPPED: &str = "margin:0;padding:.5em 0;list-style:none";
const WRAPPED_ENTRY: &str = "display:inline-block;margin:0 1.5em .5em 0";

/// Where a fragment stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    /// On a page, in a feed or in a mail of another site, which have no style for it. What is not seen would only be bytes.
    Foreign,
    /// On a page of this server, whose style sheet knows it and whose policy refuses inline styles. It bears its rates as
    /// data too, so that the element goes on from their position and requests nothing that is here.
    Own {
        /// Its id and its class; nothing where the page has no other ticker.
        name: Option<&'static str>,
    },
}

/// The ticker of our own pages: its id, and the class that their style sheet knows.
const LEAD: &str = "lead";

/// Writes a fragment.
#[derive(Debug)]
pub(super) struct FragmentWriter<'a> {
    web: &'a Shared,
    query: &'a Fragment,
    filter: RateFilter,
    pub(super) tag: &'static str,
    pub(super) writer: EntryWriter<'a>,
}

/// `GET /ticker.html`
pub(super) async fn ticker(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let snapshot = web.queries.snapshot()?;
    web.answer(&snapshot.position, &uri, &headers, || {
        let query: Fragment = query::read(&uri)?;
        let fragment = FragmentWriter::new(&web, &snapshot, &query)?;
        let canonical = format!("fragment {}", fragment.canonical());
        let html = fragment.write(Setting::Foreign).into_string();
        Ok(caching::present(&snapshot.position, &canonical, HTML, html))
    })
}

/// The locale of a tag, and how the tag is written; the fallback for an empty one.
pub(super) fn locale_of(tag: &str) -> Result<(&'static str, &'static Locale), WebError> {
    let tag = if tag.is_empty() { FALLBACK } else { tag };
    locale::find(tag).ok_or_else(locale::unknown)
}

/// The ticker of our own pages, in a language.
pub(super) fn on_page(web: &Shared, snapshot: &Snapshot, tag: &str) -> Result<Markup, WebError> {
    let query = Fragment {
        locale: tag.to_owned(),
        ..Fragment::default()
    };
    let fragment = FragmentWriter::new(web, snapshot, &query)?;
    Ok(fragment.write(Setting::Own { name: Some(LEAD) }))
}

impl<'a> FragmentWriter<'a> {
    /// Checks every parameter.
    pub(super) fn new(
        web: &'a Shared,
        snapshot: &'a Snapshot,
        query: &'a Fragment,
    ) -> Result<Self, WebError> {
        let filter = web.queries.filter(&query::filter_items(&query.pairs))?;
        let (tag, locale) = locale_of(&query.locale)?;
        for (name, value, values) in [
            ("theme", &query.theme, THEMES),
            ("direction", &query.direction, DIRECTIONS),
            ("density", &query.density, DENSITIES),
        ] {
            if !value.is_empty() && !values.contains(&value.as_str()) {
                let message = format!("{name} must be one of {}", values.join(", "));
                return Err(WebError::parameter(name, message));
            }
        }
        let speed = query.speed.as_str();
        if speed.len() > SPEED_DIGITS_MAX || !speed.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = "speed must be a whole number of pixels per second, 9999 at most";
            return Err(WebError::parameter("speed", message));
        }
        let display = Display::new(query, locale)?;
        Ok(Self {
            web,
            query,
            filter,
            tag,
            writer: EntryWriter {
                queries: &web.queries,
                snapshot,
                display,
            },
        })
    }

    /// The entries of the filter.
    pub(super) fn entries(&self) -> Vec<EntryText> {
        self.writer.entries(&self.filter)
    }

    /// The query, written in one way.
    pub(super) fn canonical(&self) -> String {
        let mut text = format!("{} {}", self.filter, self.tag);
        for attribute in self.query.attributes() {
            text.push(' ');
            text.push_str(&attribute);
        }
        text
    }

    /// The fragment.
    pub(super) fn write(&self, setting: Setting) -> Markup {
        let (name, is_own) = match setting {
            Setting::Own { name } => (name, true),
            Setting::Foreign => (None, false),
        };
        let query = self.query;
        let snapshot = self.writer.snapshot;
        let styled = |style| (!is_own).then_some(style);
        let is_wrapped = query.direction == STATIC;
        let list = styled(if is_wrapped { WRAPPED } else { STRIP });
        let item = styled(WRAPPED_ENTRY).filter(|_style| is_wrapped);
        let entries = self.entries();
        let credits = self.writer.credits(&entries);
        let state = || {
            self.web
                .snapshot_json(snapshot, &snapshot.rates(&self.filter))
        };
        html! {
            silk-ticker id=[name] class=[name] pairs=(self.filter) locale=(self.tag) theme=[given(&query.theme)]
                direction=[given(&query.direction)] speed=[given(&query.speed)] density=[given(&query.density)]
                change=[given(&query.change)] window=[given(&query.window)] digits=[given(&query.digits)]
                form=[given(&query.form)] labels=[given(&query.labels)] announced=[given(&query.announced)]
                link=[given(&query.link)] lang=(self.tag) style=[styled(STYLE)]
                data-position=(position_text(&snapshot.position)) data-state=[is_own.then(state)] {
                ul aria-label=(self.writer.display.locale.words.rates) style=[list] {
                    @for entry in &entries { (self.entry(entry, item)) }
                    @if !credits.is_empty() { (self.credits(&credits, item)) }
                }
            }
        }
    }

    fn entry(&self, entry: &EntryText, style: Option<&str>) -> Markup {
        let link = self.writer.display.link(entry.pair);
        html! {
            li data-pair=(entry.pair) style=[style] {
                @if link.is_empty() { span { (entry.label) } } @else { a href=(link) { (entry.label) } }
                " " strong { (entry.value) } " "
                @if let Some(change) = &entry.change {
                    @if !change.arrow().is_empty() { span aria-hidden="true" { (change.arrow()) } " " }
                    span { (change.figures) } " "
                }
                small { (entry.words()) }
            }
        }
    }

    /// The sources in a line of their own: each is named once.
    fn credits(&self, credits: &[Credit<'_>], style: Option<&str>) -> Markup {
        let (before, after) = self.writer.display.locale.credit(credits.len());
        html! {
            li style=[style] {
                small {
                    (before)
                    @for (index, credit) in credits.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(credit.page) rel="noopener" { (credit.name) }
                        @if !credit.reference.is_empty() { " (" (credit.reference) ")" }
                    }
                    (after)
                }
            }
        }
    }
}

/// An attribute that the request gives.
fn given(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}
