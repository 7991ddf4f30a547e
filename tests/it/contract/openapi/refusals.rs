//! The responses to a request that is refused.

use crate::contract::openapi::text::{Json, reference};

/// The responses of a path with those to a request that is refused.
pub(super) fn refusals(responses: Json, not_found: Option<&str>) -> Json {
    let mut responses = responses
        .with("400", reference("responses", "BadRequest"))
        .with("401", reference("responses", "Unauthorized"))
        .with("403", reference("responses", "Forbidden"));
    if let Some(reason) = not_found {
        let response = reference("responses", "NotFound").with("description", reason);
        responses = responses.with("404", response);
    }
    responses
        .with("405", reference("responses", "MethodNotAllowed"))
        .with("414", reference("responses", "UriTooLong"))
        .with("429", reference("responses", "TooManyRequests"))
        .with("503", reference("responses", "ServiceUnavailable"))
        .with("504", reference("responses", "GatewayTimeout"))
}
