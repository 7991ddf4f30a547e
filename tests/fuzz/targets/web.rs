//! Paths, queries and headers of requests over HTTP, with page tokens, positions and entity tags among them. Whatever a browser
//! sends, the service has no failure of its own, and every answer has the headers that keep a browser safe.

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;

use crate::checks::client::{Answer, Client};
use crate::checks::prose;
use crate::checks::service::SERVICE;

/// What frames the messages of a connection, or names the host or the client: lies about these are the business of other tests.
const NOT_SENT: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
];
/// The clients, as the service knows them: it trusts what loopback says of them.
const CLIENTS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
/// The answer that never ends by itself.
const WATCH: &str = "/v1/watch";

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::new(Client::new(SERVICE.with(|service| service.web), false));
    static INPUTS: Cell<u32> = const { Cell::new(0) };
}

/// The address of another client with every input. Wrong keys from the same one would be answered later each time, and a quota
/// would come before what an input asks for.
fn client() -> Ipv4Addr {
    INPUTS.set(INPUTS.get().wrapping_add(1));
    Ipv4Addr::from(CLIENTS.to_bits() | (INPUTS.get() & 0x00ff_ffff))
}

/// The request of an input: the path and query in the first line, a header in each further one.
fn request(host: &str, text: &[u8]) -> Option<Request<Full<Bytes>>> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let uri = Uri::try_from(lines.next()?).ok()?;
    let path = uri.path_and_query().filter(|_| uri.scheme().is_none())?;
    if !path.as_str().starts_with('/') {
        return None;
    }
    let mut request = Request::get(path.as_str()).header("host", host);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name).ok()?;
        if !NOT_SENT.contains(&name.as_str()) {
            request = request.header(name, HeaderValue::from_bytes(value[1..].trim_ascii()).ok()?);
        }
    }
    let request = request.header("x-forwarded-for", client().to_string());
    request.body(Full::default()).ok()
}

fn check(target: &str, answer: &Answer) {
    let Answer { head, body, .. } = answer;
    // On a busy machine a question about all of the past may end so.
    let is_failure = head.status.is_server_error() && head.status != 504;
    assert!(!is_failure, "{target}: {}: {head:?}", head.status);
    assert_eq!(
        head.headers["x-content-type-options"], "nosniff",
        "{target}: {head:?}"
    );
    assert!(
        head.headers.contains_key("content-security-policy"),
        "{target}: {head:?}"
    );
    let has = |name: &str, value: &str| {
        head.headers
            .get(name)
            .is_some_and(|found| found.as_bytes().starts_with(value.as_bytes()))
    };
    let is_encoded = head.headers.contains_key("content-encoding");
    if has("content-type", "application/json") && !is_encoded && !body.is_empty() {
        let document = serde_json::from_slice::<serde_json::Value>(body);
        let document = document.unwrap_or_else(|error| panic!("{target}: {error}"));
        for part in ["message", "field"] {
            if let Some(sentence) = document["error"][part]
                .as_str()
                .filter(|text| !text.is_empty())
            {
                prose::check(sentence);
            }
        }
    }
    if head.status == 304 {
        assert!(body.is_empty());
    }
}

pub(crate) fn run(bytes: &[u8]) {
    CLIENT.with_borrow_mut(|client| {
        let Some(request) = request(&client.address.to_string(), bytes) else {
            return;
        };
        let target = request.uri().to_string();
        let is_endless = request.uri().path().starts_with(WATCH);
        let answer = SERVICE.with(|service| service.wait(client.send(request, is_endless)));
        check(&target, &answer);
    });
}
