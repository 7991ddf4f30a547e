//! The request of a check: the document as bytes, since they are shown even when they cannot be parsed.

use crate::config::{Config, SourceSettings};
use crate::fetch::{Fetcher, ParsedResponse, Validators, request};

/// The result of a request.
pub(super) struct Fetched {
    /// The address, without a key.
    pub(super) url: String,
    /// The response, its content not parsed.
    pub(super) response: ParsedResponse<Vec<u8>>,
}

/// Requests a document from a source, without validators.
pub(super) async fn fetch(config: &Config, settings: &SourceSettings, path: &str) -> Fetched {
    let fetcher = match Fetcher::new(&config.http, settings) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            return Fetched {
                url: format!("{}{path}", settings.base_url),
                response: ParsedResponse::Failed(error),
            };
        }
    };
    let as_it_is = |body: &[u8]| Ok(body.to_vec());
    Fetched {
        url: fetcher.url(path),
        response: request(&fetcher, path, &Validators::default(), as_it_is).await,
    }
}
