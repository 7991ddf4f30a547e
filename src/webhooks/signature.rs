//! The headers of a request, as Standard Webhooks prescribes: an id, the time of the attempt, and a signature over both and
//! the body for each secret.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::config::WebhookSecret;

/// The id of the event: equal in every attempt.
const ID: HeaderName = HeaderName::from_static("webhook-id");
/// The time of the attempt in seconds since 1970, which receivers compare with their clocks.
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The signatures, separated by blanks: one that fits is enough, so a secret can be replaced without a gap.
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The headers of an attempt. Its time is that of the machine even if the service runs on the clock of a replay: a receiver
/// refuses what is minutes old by its own clock.
pub(super) fn headers(
    secrets: &[WebhookSecret],
    id: &str,
    attempted_at: Timestamp,
    body: &str,
) -> HeaderMap {
    let seconds = attempted_at.as_second();
    let signed = format!("{id}.{seconds}.{body}");
    let signatures = secrets.iter().map(|secret| {
        let key = Key::new(HMAC_SHA256, secret.expose());
        format!("v1,{}", STANDARD.encode(sign(&key, signed.as_bytes())))
    });
    let signatures = signatures.collect::<Vec<_>>().join(" ");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (ID, id.to_owned()),
        (TIMESTAMP, seconds.to_string()),
        (SIGNATURE, signatures),
    ] {
        // All three are made of plain letters and digits, so none is left out.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the example in the documentation of the Standard Webhooks libraries.
    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let headers = headers(&[secret.clone(), secret], id, at, r#"{"test": 2432232314}"#);
        assert_eq!(headers[ID], id);
        assert_eq!(headers[TIMESTAMP], "1614265330");
        let once = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers[SIGNATURE], format!("{once} {once}"));
    }
}
