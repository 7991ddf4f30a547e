//! A bank on loopback whose documents and faults a test sets. It records every request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A fault of every response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    WebPage,
    JsonError,
    Empty,
    Garbage,
    Truncated,
    Hang,
    Huge,
    GzipBomb,
    Entities,
    Redirect,
}

/// Every fault.
pub(crate) const FAULTS: &[Fault] = &[
    Fault::Status(500),
    Fault::Status(503),
    Fault::Status(403),
    Fault::WebPage,
    Fault::JsonError,
    Fault::Empty,
    Fault::Garbage,
    Fault::Truncated,
    Fault::Hang,
    Fault::Huge,
    Fault::GzipBomb,
    Fault::Entities,
    Fault::Redirect,
];

/// One request that was answered.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The path with its query.
    pub(crate) path: String,
    /// When it was received.
    pub(crate) at: Instant,
    pub(crate) status: u16,
}

/// What a test sets, and what it reads.
#[derive(Debug, Default)]
struct Shared {
    documents: BTreeMap<String, Vec<u8>>,
    fault: Option<Fault>,
    seen: Vec<Seen>,
    in_flight: usize,
    most_in_flight: usize,
}

/// The bank. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Bank {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    requests: watch::Sender<usize>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Handle {
    shared: Arc<Mutex<Shared>>,
    requests: watch::Sender<usize>,
}

impl Bank {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let requests = watch::Sender::new(0);
        let handle = Handle {
            shared: Arc::clone(&shared),
            requests: requests.clone(),
        };
        let router = Router::new().fallback(answer).with_state(handle);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            shared,
            requests,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these paths (with their queries) are answered with these documents.
    pub(crate) fn publish(&self, documents: &[(String, String)]) {
        let mut shared = self.shared.lock().unwrap();
        shared.documents.extend(
            documents
                .iter()
                .map(|(path, text)| (path.clone(), text.clone().into_bytes())),
        );
    }

    /// From now on a path is answered with 404.
    pub(crate) fn withdraw(&self, path: &str) {
        self.shared.lock().unwrap().documents.remove(path);
    }

    pub(crate) fn break_with(&self, fault: Option<Fault>) {
        self.shared.lock().unwrap().fault = fault;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.shared.lock().unwrap().most_in_flight
    }

    /// Waits until `more` further requests have ended, answered or cancelled.
    pub(crate) async fn ended(&self, more: usize) {
        let mut requests = self.requests.subscribe();
        let target = *requests.borrow_and_update() + more;
        requests.wait_for(|ended| *ended >= target).await.unwrap();
    }
}

async fn answer(State(handle): State<Handle>, uri: Uri, headers: HeaderMap) -> Response {
    let at = Instant::now();
    let path = uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (fault, document) = {
        let mut shared = handle.shared.lock().unwrap();
        shared.in_flight += 1;
        shared.most_in_flight = shared.most_in_flight.max(shared.in_flight);
        (shared.fault, shared.documents.get(&path).cloned())
    };
    let flight = Flight(handle);
    let response = match (fault, document) {
        (Some(fault), _) => broken(fault).await,
        (None, Some(document)) => found(document, &headers),
        (None, None) => status(404),
    };
    let status = response.status().as_u16();
    let seen = Seen { path, at, status };
    flight.0.shared.lock().unwrap().seen.push(seen);
    response
}

/// A running request: it ends when it is answered, and when the client cancels it.
struct Flight(Handle);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.shared.lock().unwrap().in_flight -= 1;
        self.0.requests.send_modify(|ended| *ended += 1);
    }
}

fn found(document: Vec<u8>, headers: &HeaderMap) -> Response {
    let sum: u64 = document.iter().fold(7, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    let tag = HeaderValue::from_str(&format!("\"{sum:x}\"")).unwrap();
    let known = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let mut response = if known {
        status(304)
    } else {
        Response::new(Body::from(document))
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

fn status(code: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

async fn broken(fault: Fault) -> Response {
    let body = |bytes: &[u8]| Response::new(Body::from(bytes.to_vec()));
    match fault {
        Fault::Status(code) => status(code),
        Fault::WebPage => body(b"<!DOCTYPE html><html><body>Checking your browser</body></html>"),
        Fault::JsonError => body(br#"{"code":500,"message":"maintenance"}"#),
        Fault::Empty => body(b""),
        Fault::Garbage => body(&(0..=255).cycle().take(16_384).collect::<Vec<u8>>()),
        Fault::Truncated => {
            let cut = body(b"<?xml version=\"1.0\"?><rates><date>01.04.2026</date><item><title>USD</title>");
            let (mut parts, body) = cut.into_parts();
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
            Response::from_parts(parts, body)
        }
        Fault::Hang => std::future::pending().await,
        Fault::Huge => body(&[b" ".repeat(3_000_000), b"<rates/>".to_vec()].concat()),
        Fault::GzipBomb => {
            let mut response = body(&gzip_of_zeros());
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        Fault::Entities => body(b"<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"aaaa\">]><rates><date>&a;</date></rates>"),
        Fault::Redirect => {
            let mut response = status(302);
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/elsewhere"));
            response
        }
    }
}

/// A gzip stream of four megabytes of zeros: stored blocks would be as large, so each is a run of the last byte.
fn gzip_of_zeros() -> Vec<u8> {
    let mut zeros = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 4_000_000),
        &mut zeros,
    )
    .unwrap();
    zeros.finish().unwrap()
}
