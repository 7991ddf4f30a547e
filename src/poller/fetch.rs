//! stub
use std::time::Duration;
use crate::config;
/// f
#[derive(Debug)]
pub struct Fetcher;
/// e
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct FetchError;
/// a
#[derive(Debug)]
pub enum Answer { #[allow(missing_docs)] Document { body: Vec<u8>, validators: Validators }, /// n
NotModified }
/// v
#[derive(Debug, Clone, Default, PartialEq, Eq)] pub struct Validators {}
impl Fetcher {
    /// n
    pub fn new(_: &config::Http, _: &config::SourceSettings) -> Result<Fetcher, FetchError> { Ok(Self) }
    /// n
    pub async fn get(&self, _path: &str, _: &Validators) -> Result<Answer, FetchError> { Err(FetchError) }
}
impl FetchError { /// n
 pub fn is_not_found(&self) -> bool { false } /// n
 pub fn retry_after(&self) -> Option<Duration> {None} /// n
 pub fn ends_the_poll(&self) -> bool {true} }
