//! A bank within the process, for simulations. Its answers pass through no socket, so nothing but the clock of the runtime says
//! when they come. What follows an answer, from the status to the parser, is that of a real one.

use std::fmt;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};

use crate::fetch::{FetchError, Fetcher};

/// A bank within the process.
pub trait BankDouble: fmt::Debug + Send + Sync {
    /// Answers a request for a path with its query, or fails as a network does. It may take as long as it likes: the total
    /// time-out of the client ends the wait.
    fn answer(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> BoxFuture<'static, Result<http::Response<Vec<u8>>, FetchError>>;
}

impl Fetcher {
    pub(super) async fn ask_double(
        &self,
        double: &dyn BankDouble,
        request: RequestBuilder,
    ) -> Result<Response, FetchError> {
        let request = request.build();
        let request = request.map_err(|error| FetchError::Client(error.to_string()))?;
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}"));
        let path = format!("{}{}", url.path(), query.unwrap_or_default());
        let answer = double.answer(&path, request.headers());
        let answer = tokio::time::timeout(self.total_timeout, answer).await;
        let answer = answer.map_err(|_elapsed| FetchError::TotalTimeout(self.total_timeout))??;
        Ok(answer.into())
    }
}
