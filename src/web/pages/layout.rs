//! What every page has: its head, the ticker, the switch of the language, and the foot.

use maud::{DOCTYPE, Markup, html};

use crate::web::error::WebError;
use crate::web::fragment;
use crate::web::locale::{self, Locale};
use crate::web::pages::Page;

/// The name of the site.
const SITE: &str = "silkrate";

/// A page without what all pages have.
pub(super) struct Document {
    pub(super) title: String,
    pub(super) description: String,
    /// The address of the page without its language, relative to its folder: `./?quote=EUR`, `KZT`. Nothing for a page that
    /// is not there.
    pub(super) address: Option<String>,
    /// The pairs whose changes the page shows, as a list for the stream; empty for the pairs of the ticker.
    pub(super) pairs: String,
    /// The sections of the page that the navigation names: their ids, and their names.
    pub(super) sections: Vec<(&'static str, String)>,
    pub(super) content: Markup,
}

/// An address with the parameter of a language.
pub(super) fn in_language(address: &str, tag: &str) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}locale={tag}")
}

impl Page<'_> {
    /// The address of the page with all rates, in the language of this page.
    pub(super) fn home(&self) -> String {
        let folder = if self.way.is_empty() { "./" } else { self.way };
        in_language(folder, self.tag)
    }

    /// The whole page.
    pub(super) fn document(&self, document: &Document) -> Result<String, WebError> {
        let words = &self.locale.pages.layout;
        let ticker = fragment::on_page(self.web, self.snapshot, self.tag)?;
        let page = html! {
            (DOCTYPE)
            html lang=(self.tag) {
                (self.head(document))
                body {
                    a.skip href="#content" { (words.skip) }
                    header.top {
                        @if let Some(address) = &document.address {
                            (self.languages(address))
                        }
                        (self.bar(document))
                    }
                    aside aria-label=(words.live) { (ticker) }
                    main #content.wrap data-pairs=(document.pairs) { (document.content) }
                    footer.wrap {
                        p {
                            (words.note) " "
                            a href={ (self.way) "v1/snapshot.json" } { "JSON" } " · "
                            a href={ (self.way) "v1/openapi.json" } { "API" }
                        }
                    }
                }
            }
        };
        Ok(page.into_string())
    }

    /// An address as it holds outside of this page: a whole one where the service knows its own, else a relative one.
    fn public(&self, address: &str) -> String {
        match &self.web.public_url {
            Some(url) => format!("{url}{}", address.trim_start_matches("./")),
            None => address.to_owned(),
        }
    }

    /// The links to this page and to its other languages. Search engines want whole addresses.
    fn addresses(&self, address: &str) -> Markup {
        let canonical = self.public(&in_language(address, self.tag));
        html! {
            link rel="canonical" href=(canonical);
            @for tag in locale::tags() {
                link rel="alternate" hreflang=(tag) href=(self.public(&in_language(address, tag)));
            }
            link rel="alternate" hreflang="x-default" href=(self.public(address));
            @if self.web.public_url.is_some() {
                meta property="og:url" content=(canonical);
            }
        }
    }

    fn head(&self, document: &Document) -> Markup {
        let title = format!("{} · {SITE}", document.title);
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                meta name="description" content=(document.description);
                @if let Some(address) = &document.address { (self.addresses(address)) }
                meta property="og:type" content="website";
                meta property="og:site_name" content=(SITE);
                meta property="og:title" content=(document.title);
                meta property="og:description" content=(document.description);
                meta property="og:locale" content=(self.tag);
                meta name="twitter:card" content="summary";
                link rel="icon" href={ (self.way) "icon.svg" } type="image/svg+xml";
                link rel="stylesheet" href={ (self.way) "pages.css" };
                script src={ (self.way) "pages.js" } defer {}
                script src={ (self.way) "ticker.js" } defer {}
            }
        }
    }

    /// The links to this page in the other languages, each by its own name.
    fn languages(&self, address: &str) -> Markup {
        html! {
            nav.languages.wrap aria-label=(self.locale.pages.layout.language) {
                ul {
                    @for (tag, locale) in locale::all() {
                        li { (language_link(tag, locale, address, tag == self.tag)) }
                    }
                }
            }
        }
    }

    fn bar(&self, document: &Document) -> Markup {
        let words = &self.locale.pages.layout;
        html! {
            div.wrap.bar {
                a.brand href=(self.home()) { (SITE) }
                nav aria-label=(words.on_page) {
                    @for (id, name) in &document.sections {
                        a href={ "#" (id) } { (name) }
                    }
                }
                // It changes the page by its script alone.
                label.appearance {
                    span { (words.appearance) }
                    " "
                    select #appearance {
                        option value="" { (words.as_system) }
                        option value="light" { (words.light) }
                        option value="dark" { (words.dark) }
                    }
                }
            }
        }
    }
}

fn language_link(tag: &str, locale: &Locale, address: &str, is_current: bool) -> Markup {
    let current = is_current.then_some("true");
    let href = in_language(address, tag);
    html! {
        a href=(href) lang=(tag) hreflang=(tag) aria-current=[current] { (locale.pages.native_name) }
    }
}
