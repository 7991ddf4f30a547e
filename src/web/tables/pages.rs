//! A list as one body, read page by page.

use std::future::ready;
use std::io;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::backoff::jitter;
use crate::domain::{Refusal, RefusalKind};
use crate::json;
use crate::pb::{Fixing, Pair, PeriodRates, Rate};
use crate::query_threads::render;
use crate::web::error::WebError;
use crate::web::tables::form::{Form, RowWriter};

/// The rows of a page: the most that a query allows, so that a long answer takes the fewest queries.
pub(super) const PAGE_ROWS: i32 = 1000;
/// How often a page is requested again while others use all queries of the ledger: for some seconds, which a reader who
/// got half of an answer prefers to none.
const RETRIES_MAX: usize = 5;

/// A message that is a row.
pub(super) trait Row: Send + 'static {
    /// Its JSON form.
    fn form(&self) -> impl Serialize;
}

impl Row for Rate {
    fn form(&self) -> impl Serialize {
        json::Rate::from(self)
    }
}

impl Row for PeriodRates {
    fn form(&self) -> impl Serialize {
        json::PeriodRates::from(self)
    }
}

impl Row for Pair {
    fn form(&self) -> impl Serialize {
        json::Pair::from(self)
    }
}

impl Row for Fixing {
    fn form(&self) -> impl Serialize {
        json::Fixing::from(self)
    }
}

/// One page: its rows, and the token of the next one.
pub(super) type PageOf<T> = Result<(Vec<T>, Option<String>), Refusal>;

/// The headers of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) form: Form,
    /// The name of the list, which names the file.
    pub(super) name: &'static str,
    pub(super) caching: &'static str,
}

impl Head {
    /// How a browser names the file when it saves it.
    pub(super) fn disposition(self) -> String {
        let ending = self.form.ending();
        format!("inline; filename=\"silkrate-{}{ending}\"", self.name)
    }

    pub(super) fn answer(self, body: impl Into<Body>) -> Response {
        let headers = [
            (CONTENT_TYPE, self.form.media_type().to_owned()),
            (CACHE_CONTROL, self.caching.to_owned()),
            (CONTENT_DISPOSITION, self.disposition()),
        ];
        (headers, body.into()).into_response()
    }
}

/// A list as one answer. `page` reads the page of a token; the empty one is that of the first page, whose refusal is the
/// answer.
pub(super) async fn answer<T, F, P>(
    head: Head,
    writer: RowWriter,
    page: F,
) -> Result<Response, WebError>
where
    T: Row,
    F: Fn(String) -> P + Send + Sync + 'static,
    P: Future<Output = PageOf<T>> + Send + 'static,
{
    let (rows, next) = page(String::new()).await?;
    let first = text_of(writer, rows, (true, next.is_none())).await;
    let (first, writer) = first.map_err(|error| Refusal::Internal(error.to_string()))?;
    if next.is_none() {
        return Ok(head.answer(first));
    }
    let first = stream::once(ready(Ok::<_, io::Error>(Bytes::from(first))));
    let rest = stream::try_unfold((writer, page, next), |(writer, page, token)| async move {
        let Some(token) = token else {
            return Ok(None);
        };
        let (rows, next) = patiently(&page, token).await.map_err(io::Error::other)?;
        let (text, writer) = text_of(writer, rows, (false, next.is_none())).await?;
        Ok(Some((Bytes::from(text), (writer, page, next))))
    });
    Ok(head.answer(Body::from_stream(first.chain(rest))))
}

/// The text of the rows of a page, with what the list begins and ends with on its first and last one.
async fn text_of<T: Row>(
    mut writer: RowWriter,
    rows: Vec<T>,
    (is_first, is_last): (bool, bool),
) -> io::Result<(Vec<u8>, RowWriter)> {
    let text = render(move || {
        let mut text = if is_first {
            writer.begin()?
        } else {
            Vec::new()
        };
        let forms: Vec<_> = rows.iter().map(Row::form).collect();
        text.extend(writer.rows(&forms)?);
        if is_last {
            text.extend(writer.end()?);
        }
        Ok((text, writer))
    });
    text.await.map_err(io::Error::other)?
}

/// A page, which is requested again for a while if too many queries are running.
async fn patiently<T, F, P>(page: &F, token: String) -> PageOf<T>
where
    F: Fn(String) -> P,
    P: Future<Output = PageOf<T>>,
{
    for _ in 0..RETRIES_MAX {
        match page(token.clone()).await {
            Err(refusal) if refusal.kind() == RefusalKind::ResourceExhausted => {
                let delay = refusal.retry_delay().map(jitter).unwrap_or_default();
                tokio::time::sleep(delay).await;
            }
            answer => return answer,
        }
    }
    page(token).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::TryStreamExt;

    use super::*;
    use crate::web::caching::PAST;

    const HEAD: Head = Head {
        form: Form::Lines,
        name: "history",
        caching: PAST,
    };

    fn rate(pair: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            ..Rate::default()
        }
    }

    /// The chunks of a list whose second page is refused this often, and how often pages were read.
    async fn chunks(refusals: usize, refusal: Refusal) -> (Result<Vec<Bytes>, ()>, usize) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let page = move |token: String| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            let refusal = refusal.clone();
            ready(match token.as_str() {
                "" => Ok((vec![rate("KZT/USD")], Some("second".to_owned()))),
                _ if call <= refusals => Err(refusal),
                _ => Ok((vec![rate("UZS/USD")], None)),
            })
        };
        let response = answer(HEAD, RowWriter::Lines, page).await.unwrap();
        let chunks = response.into_body().into_data_stream().try_collect().await;
        (chunks.map_err(|_cut| ()), calls.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn each_page_is_a_chunk_of_the_body() {
        let (chunks, calls) = chunks(0, Refusal::Draining).await;
        let chunks = chunks.unwrap();
        assert_eq!((chunks.len(), calls), (2, 2));
        assert!(chunks.iter().all(|chunk| chunk.ends_with(b"}\n")));
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_completed_is_cut_off() {
        let (chunks, calls) = chunks(1, Refusal::Draining).await;
        assert_eq!((chunks, calls), (Err(()), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_requested_again_while_too_many_queries_are_running() {
        let busy = || Refusal::TooManyQueries("too many queries".to_owned());
        let (complete, calls) = chunks(RETRIES_MAX, busy()).await;
        assert_eq!(calls, RETRIES_MAX + 2);
        assert_eq!(complete.unwrap().len(), 2);
        let (cut, calls) = chunks(RETRIES_MAX + 1, busy()).await;
        assert_eq!((cut, calls), (Err(()), RETRIES_MAX + 2));
    }
}
