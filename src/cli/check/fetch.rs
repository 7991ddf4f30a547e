//! The one place where a check meets the fetcher.

use crate::config::{Config, SourceSettings};
use crate::poller::fetch::{Answer, FetchError, Fetcher, Validators};

/// What came of asking for a document.
pub(super) struct Fetched {
    /// Where it was looked for, without a key.
    pub(super) url: String,
    /// Its bytes.
    pub(super) result: Result<Vec<u8>, FetchError>,
}

/// Asks a source for a document, whatever was asked before.
pub(super) async fn fetch(config: &Config, settings: &SourceSettings, path: &str) -> Fetched {
    let fetcher = match Fetcher::new(&config.http, settings) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            return Fetched {
                url: format!("{}{path}", settings.base_url),
                result: Err(error),
            };
        }
    };
    let answer = fetcher.get(path, &Validators::default()).await;
    Fetched {
        url: fetcher.url(path),
        result: answer.map(|answer| match answer {
            Answer::Document { body, .. } => body,
            // Nobody can send it: no validators were.
            Answer::NotModified => Vec::new(),
        }),
    }
}
