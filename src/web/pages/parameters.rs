//! The parameters of a page. People write addresses by hand, and links on other sites come with parameters of their own, so
//! a page ignores what it does not know instead of refusing it.

use axum::http::Uri;

use crate::web::error::WebError;
use crate::web::query;

/// The parameters of the request for a page, in the order of its address.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of an address.
    pub(super) fn of(uri: &Uri) -> Result<Self, WebError> {
        query::read(uri).map(Self)
    }

    /// The value of a parameter; the first one of a repeated parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut parameters = self.0.iter();
        let found = parameters.find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }
}
