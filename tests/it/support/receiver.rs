//! A receiver of webhooks on loopback. It records every request, and answers as a test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Connections that may wait for a receiver: a webhook has one or two.
const BACKLOG: u32 = 16;

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// A status, with the value of `Retry-After` or `Location`.
    With(u16, &'static str, String),
    /// Never.
    Hang,
}

impl Reply {
    fn is_success(&self) -> bool {
        match self {
            Self::Status(status) | Self::With(status, ..) => (200..=299).contains(status),
            Self::Hang => false,
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Whether the answer was a success.
    pub(crate) is_accepted: bool,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Debug)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
    received: watch::Sender<Vec<Received>>,
}

/// The receiver. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// A port that is taken and on which nothing listens: connections are refused.
#[derive(Debug)]
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        url(self.0.local_addr().unwrap())
    }

    /// From now on a receiver listens that accepts everything.
    pub(crate) fn listen(self) -> Receiver {
        Receiver::on(self.0.listen(BACKLOG).unwrap())
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/hook")
}

impl Receiver {
    /// A receiver that accepts everything.
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies: Mutex::default(),
            otherwise: Mutex::new(Reply::Status(204)),
            received: watch::Sender::new(Vec::new()),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        url(self.address)
    }

    /// The next requests are answered so, one after the other.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.replies.lock().unwrap().extend(replies);
    }

    /// From now on requests are answered so, unless there is a reply for the next one.
    pub(crate) fn reply_always(&self, reply: Reply) {
        *self.shared.otherwise.lock().unwrap() = reply;
    }

    /// What has been received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Waits until this number of requests has been received, and returns all of them.
    pub(crate) async fn until(&self, count: usize) -> Vec<Received> {
        self.until_all(|received| received.len() >= count).await
    }

    /// Waits until the requests satisfy a condition.
    pub(crate) async fn until_all(&self, is_met: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let met = received.wait_for(|received| is_met(received));
        let met = tokio::time::timeout(PATIENCE, met).await;
        met.expect("the requests come").unwrap().clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let next = shared.replies.lock().unwrap().pop_front();
    let reply = next.unwrap_or_else(|| shared.otherwise.lock().unwrap().clone());
    let request = Received {
        method,
        path: uri.path().to_owned(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        is_accepted: reply.is_success(),
    };
    shared.received.send_modify(|all| all.push(request));
    let response = |status| Response::builder().status(StatusCode::from_u16(status).unwrap());
    match reply {
        Reply::Status(status) => response(status).body(Body::from("said\u{1b}[31m so")),
        Reply::With(status, name, value) => {
            response(status).header(name, value).body(Body::empty())
        }
        Reply::Hang => std::future::pending().await,
    }
    .unwrap()
}
