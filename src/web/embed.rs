//! `/embed`: the ticker as a whole page, for the `<iframe>` of a site that cannot load scripts of others.
//!
//! The first paint is the fragment; the element, loaded from this server, takes its place. Which sites may show the page is
//! the setting `web.frame_ancestors`. The page has no ground of its own, sets no cookie, and opens its links in the window
//! around it.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::web::error::WebError;
use crate::web::fragment::{FragmentWriter, STATIC, Setting};
use crate::web::query::{self, Fragment};
use crate::web::{HTML, Shared, Web, caching, security};

/// The style of the page: that of the fragment, and the room of the element. The policy names its digest.
const STYLE: &str = "\
html{color-scheme:light dark}.light{color-scheme:light}.dark{color-scheme:dark}\
body{margin:0;font:400 .9375rem/1.3 system-ui,sans-serif}\
h1{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%)}\
silk-ticker{display:block;min-height:2.578125rem;--silk-ticker-background:transparent}\
ul{display:flex;gap:1.5em;align-items:center;height:2.578125rem;margin:0;padding:0;overflow:auto hidden;\
scrollbar-width:thin;white-space:nowrap;list-style:none}\
.compact silk-ticker{min-height:1.828125rem;font-size:.8125rem}.compact ul{height:1.828125rem}\
.static ul{flex-wrap:wrap;gap:.5em 1.5em;height:auto;padding:.5em 0;white-space:normal}\
.vertical ul{display:block;height:auto;white-space:normal}\
a{color:inherit}p{margin:.5em}";

/// The policy of the page: its own files and its own style, within the sites that the operator lists.
pub(super) fn policy(ancestors: &[String]) -> HeaderValue {
    let style = security::style_source(STYLE);
    let ancestors = ancestors.join(" ");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src {style}; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self' {ancestors}"
    );
    let policy = HeaderValue::try_from(policy.trim_end());
    policy.unwrap_or(security::PAGE_POLICY)
}

/// `GET /embed`
pub(super) async fn embed(State(web): State<Web>, headers: HeaderMap, uri: Uri) -> Response {
    match page(&web, &headers, &uri) {
        Ok(page) => page,
        Err(error) => refusal(&web, &error),
    }
}

fn page(web: &Shared, headers: &HeaderMap, uri: &Uri) -> Result<Response, WebError> {
    let snapshot = web.queries.snapshot()?;
    web.answer(&snapshot.position, uri, headers, || {
        let query: Fragment = query::read(uri)?;
        let fragment = FragmentWriter::new(web, &snapshot, &query)?;
        let canonical = format!("embed {}", fragment.canonical());
        let Fragment {
            theme,
            density,
            direction,
            ..
        } = &query;
        let classes = format!("{theme} {density} {direction}");
        let title = &fragment.writer.display.locale.words.rates;
        let ticker = fragment.write(Setting::Own { name: None });
        let html = whole(fragment.tag, classes.trim(), title, true, &ticker).into_string();
        let policy = &web.embed_policy;
        Ok(caching::page(&snapshot.position, &canonical, policy, html))
    })
}

/// A whole page; its classes choose among the rules of the style.
fn whole(tag: &str, classes: &str, title: &str, has_script: bool, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(tag) dir="ltr" class=(classes) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                // Every link of the element too.
                base target="_top";
                title { (title) }
                style { (PreEscaped(STYLE)) }
                @if has_script { script src="ticker.js" async {} }
            }
            body { main { h1 { (title) } (content) } }
        }
    }
}

/// A page that says what is wrong, in the place of the ticker: the author of the site sees it there.
fn refusal(web: &Shared, error: &WebError) -> Response {
    let content = html! {
        p {
            strong { "silkrate" } ": "
            @if let Some(field) = error.field() { code { (field) } ": " }
            (error.message())
        }
    };
    let html = whole("en", STATIC, "silkrate: no ticker", false, &content);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(HTML)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, web.embed_policy.clone()),
    ];
    (error.status(), headers, html.into_string()).into_response()
}
