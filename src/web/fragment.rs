//! The ticker as a fragment of a page, without a script: every number is text. Where the element is loaded, it continues
//! from the position that the fragment bears.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::domain::{
    Change, Direction, Figures, Freshness, Pair, Rate, RateFilter, Snapshot, TickerEntry,
};
use crate::web::caching::{self, position_text};
use crate::web::display::Display;
use crate::web::error::WebError;
use crate::web::locale::{self, FALLBACK, Locale};
use crate::web::query::{self, Fragment};
use crate::web::{Shared, Web};

/// The media type of the fragment.
const HTML: &str = "text/html; charset=utf-8";
/// The themes of the element.
const THEMES: &[&str] = &["auto", "light", "dark"];
/// The directions of the element.
const DIRECTIONS: &[&str] = &["left", "right", "vertical", "static"];
/// The style of the fragment: the height and the font of the element, so that nothing moves when a script takes over.
const STYLE: &str =
    "display:block;min-height:2.578125rem;font:400 .9375rem/1.3 system-ui,sans-serif";
/// The style of a list on one line, which scrolls sideways where it is too long.
const STRIP: &str = "display:flex;gap:1.5em;align-items:center;height:2.578125rem;margin:0;padding:0;\
    overflow:auto hidden;scrollbar-width:thin;white-space:nowrap;list-style:none";
/// The style of a list that wraps, for mails and for pages without scripts: `direction=static`.
const WRAPPED: &str =
    "display:flex;flex-wrap:wrap;gap:.5em 1.5em;margin:0;padding:.5em 0;list-style:none";
/// The text of an unknown value.
const DASH: &str = "\u{2013}";

/// The ticker of our own pages: its id, and the class that their style sheet knows. Their policy refuses inline styles.
const LEAD: &str = "lead";

/// Writes a fragment.
struct FragmentWriter<'a> {
    web: &'a Shared,
    locale: &'a Locale,
    display: Display<'a>,
    snapshot: &'a Snapshot,
    /// The id and the class of the ticker of our own pages; empty for other sites, for which the styles are inline.
    lead: &'static str,
    html: String,
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
        let filter = web.queries.filter(&query::filter_items(&query.pairs))?;
        let (tag, locale) = locale_of(&query.locale)?;
        let theme = query.theme.as_str();
        if !theme.is_empty() && !THEMES.contains(&theme) {
            let message = format!("theme must be one of {}", THEMES.join(", "));
            return Err(WebError::parameter("theme", message));
        }
        let direction = query.direction.as_str();
        if !direction.is_empty() && !DIRECTIONS.contains(&direction) {
            let message = format!("direction must be one of {}", DIRECTIONS.join(", "));
            return Err(WebError::parameter("direction", message));
        }
        let writer = FragmentWriter {
            web: &web,
            locale,
            display: Display::new(&query, locale)?,
            snapshot: &snapshot,
            lead: "",
            html: String::new(),
        };
        let html = writer.write(&filter, tag, &query);
        let Fragment {
            digits,
            form,
            labels,
            announced,
            link,
            ..
        } = &query;
        let canonical =
            format!("fragment {filter} {tag} {theme} {direction} {digits} {form} {labels} {announced} {link}");
        Ok(caching::present(&snapshot.position, &canonical, HTML, html))
    })
}

/// The locale of a tag, and how the tag is written; the fallback for an empty one.
pub(super) fn locale_of(tag: &str) -> Result<(&'static str, &'static Locale), WebError> {
    let tag = if tag.is_empty() { FALLBACK } else { tag };
    locale::find(tag).ok_or_else(locale::unknown)
}

/// The ticker of our own pages, in a language.
pub(super) fn on_page(
    web: &Shared,
    snapshot: &Snapshot,
    tag: &str,
    locale: &Locale,
) -> Result<String, WebError> {
    let query = Fragment::default();
    let writer = FragmentWriter {
        web,
        locale,
        display: Display::new(&query, locale)?,
        snapshot,
        lead: LEAD,
        html: String::new(),
    };
    let of_ticker: [&str; 0] = [];
    let filter = web.queries.filter(&of_ticker)?;
    Ok(writer.write(&filter, tag, &query))
}

impl FragmentWriter<'_> {
    fn write(mut self, filter: &RateFilter, tag: &str, query: &Fragment) -> String {
        let rates = self.snapshot.rates(filter);
        let styled = |style| if self.lead.is_empty() { style } else { "" };
        let style = if query.direction == "static" {
            WRAPPED
        } else {
            STRIP
        };
        let (outer, inner) = (styled(STYLE), styled(style));
        self.tag(
            "silk-ticker",
            &[
                ("id", self.lead),
                ("class", self.lead),
                ("pairs", &filter.to_string()),
                ("locale", tag),
                ("theme", &query.theme),
                ("direction", &query.direction),
                ("digits", &query.digits),
                ("form", &query.form),
                ("labels", &query.labels),
                ("announced", &query.announced),
                ("link", &query.link),
                ("lang", tag),
                ("style", outer),
                ("data-position", &position_text(&self.snapshot.position)),
            ],
        );
        // The rows as data: the element continues from the position with them, and requests nothing that is here. JSON has
        // many double quotes, which need no escape between single ones.
        self.html.pop();
        self.html.push_str(" data-state='");
        let state = self.web.snapshot_json(self.snapshot, &rates);
        escape_single_quoted(&state, &mut self.html);
        self.html.push_str("'>\n");
        let label = self.locale.words.rates.as_str();
        self.tag("ul", &[("aria-label", label), ("style", inner)]);
        self.html.push('\n');
        for pair in self.snapshot.pairs(filter) {
            match rates.iter().find(|rate| rate.pair == pair) {
                Some(rate) => self.rate(rate),
                None => self.unknown(pair),
            }
        }
        self.html.push_str("</ul>\n</silk-ticker>\n");
        self.html
    }

    fn rate(&mut self, rate: &Rate) {
        let entry = Figures::from(rate).entry(self.display.form);
        let words = &self.locale.words;
        self.tag("li", &[("data-pair", &rate.pair.to_string())]);
        self.label(rate.pair, &self.display.label(&entry));
        self.html.push(' ');
        self.element("strong", &self.display.value(&entry, entry.value));
        let direction = entry.change.as_ref().map(|change| change.direction);
        let (arrow, word) = match direction {
            Some(Direction::Up) => ("▲", &words.up),
            Some(Direction::Down) => ("▼", &words.down),
            Some(Direction::Flat) => ("", &words.unchanged),
            None => ("", &words.no_change),
        };
        self.html.push(' ');
        if !arrow.is_empty() {
            self.tag("span", &[("aria-hidden", "true")]);
            self.text(arrow);
            self.html.push_str("</span> ");
        }
        let change = entry.change.as_ref();
        let percent = change.map_or_else(|| DASH.to_owned(), |change| self.locale.percent(change));
        self.element("span", &percent);
        self.html.push_str(" <small>");
        self.text(word);
        self.notes(rate, &entry);
        self.html.push_str("</small></li>\n");
    }

    /// The name of an entry, which links to where the template leads.
    fn label(&mut self, pair: Pair, label: &str) {
        let link = self.display.link(pair);
        if link.is_empty() {
            self.element("span", label);
        } else {
            self.tag("a", &[("href", &link)]);
            self.text(label);
            self.html.push_str("</a>");
        }
    }

    /// What is announced for a later date: `from tomorrow, 9 December 2025: 0.00197 (+0.50%)`.
    fn announcement(&self, rate: &Rate, entry: &TickerEntry) -> Option<String> {
        let date = rate.announced.as_ref()?.effective_date;
        let (value, change) = entry.announced.as_ref()?;
        let words = &self.locale.words;
        let word = if self.is_tomorrow(rate, date) {
            &words.from_tomorrow
        } else {
            &words.from
        };
        let from = word.replace("{date}", &self.locale.date(date));
        let percent = |change: &Change| format!(" ({})", self.locale.percent(change));
        let percent = change.as_ref().map(percent).unwrap_or_default();
        let value = self.display.value(entry, *value);
        Some(format!("{from}: {value}{percent}"))
    }

    /// The notes of a rate: the date of its reference, its own date, its source, its freshness, and whether a value is held.
    fn notes(&mut self, rate: &Rate, entry: &TickerEntry) {
        let words = &self.locale.words;
        let dated = |word: &str, date| word.replace("{date}", &self.locale.date(date));
        if let Some(change) = &entry.change {
            self.text(", ");
            self.text(&dated(&words.since, change.reference_date));
        }
        let mut notes = Vec::new();
        if let Some(date) = rate.effective_date {
            notes.push(dated(&words.as_of, date));
        }
        match rate.freshness_status.freshness {
            Freshness::Stale => notes.push(words.stale.clone()),
            Freshness::Late => notes.push(words.late.clone()),
            Freshness::Fresh | Freshness::CarriedOver => {}
        }
        if !rate.held.is_empty() {
            notes.push(words.held.clone());
        }
        if self.display.shows_announced {
            notes.extend(self.announcement(rate, entry));
        }
        for note in notes {
            self.text("; ");
            self.text(&note);
        }
        for id in rate.source.split('+').filter(|id| !id.is_empty()) {
            self.source(id);
        }
    }

    /// Whether a date is tomorrow in the time zone of the source.
    fn is_tomorrow(&self, rate: &Rate, date: jiff::civil::Date) -> bool {
        let record = self.web.queries.source(&rate.source);
        let today = record.map(|record| record.today(self.web.queries.now()));
        today.is_some_and(|today| today.tomorrow().is_ok_and(|tomorrow| tomorrow == date))
    }

    /// The name of a source, with a link to its page, and the attribution that its terms require.
    fn source(&mut self, id: &str) {
        let Some(record) = self.web.queries.source(id) else {
            return;
        };
        let (before, after) = self
            .locale
            .words
            .source
            .split_once("{bank}")
            .unwrap_or(("", ""));
        self.text("; ");
        self.text(before);
        self.tag("a", &[("href", record.page), ("rel", "noopener")]);
        self.text(self.locale.bank(id, record.name));
        self.html.push_str("</a>");
        self.text(after);
        if !record.attribution.is_empty() {
            self.text(" (");
            self.text(self.locale.attribution(id, record.attribution));
            self.text(")");
        }
    }

    fn unknown(&mut self, pair: Pair) {
        self.tag("li", &[("data-pair", &pair.to_string())]);
        self.label(pair, &self.display.pair(pair));
        self.html.push(' ');
        self.element("strong", DASH);
        self.html.push_str(" <small>");
        self.text(&self.locale.words.unknown);
        self.html.push_str("</small></li>\n");
    }

    fn element(&mut self, name: &str, text: &str) {
        self.tag(name, &[]);
        self.text(text);
        self.html.push_str("</");
        self.html.push_str(name);
        self.html.push('>');
    }

    /// An opening tag, without the attributes that have no value.
    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.html.push('<');
        self.html.push_str(name);
        for (name, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            self.text(value);
            self.html.push('"');
        }
        self.html.push('>');
    }

    fn text(&mut self, text: &str) {
        escape(text, &mut self.html);
    }
}

/// Appends text in which nothing is markup, within quotes too.
fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            character => html.push(character),
        }
    }
}

/// Appends text for the inside of single quotes.
fn escape_single_quoted(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '\'' => html.push_str("&#39;"),
            character => html.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let mut html = String::new();
        escape("\"><script>alert('&')</script>", &mut html);
        assert_eq!(
            html,
            "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"
        );
    }
}
