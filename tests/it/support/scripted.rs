//! An HTTP server that sends the bytes a test gives, and records the requests it receives.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A timeout: no request takes as long to come.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time between two bytes of a slow response.
const DRIP_INTERVAL: Duration = Duration::from_millis(20);

/// One action after a request has been read.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends the same bytes again and again, until the client closes the connection.
    Endlessly(Vec<u8>),
    /// Sends one byte after the other, slowly, until the client closes the connection.
    Drip,
    /// Sends nothing until the client closes the connection.
    Hang,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Request {
    /// The number of its connection, from 0.
    pub(crate) connection: usize,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |(known, _): &&(String, String)| known == name;
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Scripted {
    /// Where it listens.
    pub(crate) base_url: String,
    requests: mpsc::UnboundedReceiver<Request>,
    _task: JoinSet<()>,
}

impl Scripted {
    /// Listens on a free port of loopback; the first request gets the first reply, and so on. After the last one it
    /// closes the connection.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        let (sender, requests) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            for connection in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                let (replies, sender) = (Arc::clone(&replies), sender.clone());
                connections.spawn(serve(socket, connection, replies, sender));
            }
        });
        Self {
            base_url,
            requests,
            _task: task,
        }
    }

    /// The next request that was read.
    pub(crate) async fn request(&mut self) -> Request {
        let request = tokio::time::timeout(PATIENCE, self.requests.recv()).await;
        request.expect("a request comes").unwrap()
    }

    /// Whether every request that was received has been returned by `request`.
    pub(crate) fn has_no_request(&self) -> bool {
        self.requests.is_empty()
    }
}

async fn serve(
    socket: TcpStream,
    connection: usize,
    replies: Arc<Mutex<VecDeque<Vec<Step>>>>,
    requests: mpsc::UnboundedSender<Request>,
) {
    let mut socket = BufReader::new(socket);
    while let Some(request) = read(&mut socket, connection).await {
        let _receiver_dropped = requests.send(request);
        let next = replies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(steps) = next else { return };
        for step in steps {
            if !perform(&mut socket, step).await {
                return;
            }
        }
    }
}

/// Returns whether the connection stays open.
async fn perform(socket: &mut BufReader<TcpStream>, step: Step) -> bool {
    match step {
        Step::Send(bytes) => socket.write_all(&bytes).await.is_ok(),
        Step::Endlessly(bytes) => {
            while socket.write_all(&bytes).await.is_ok() {}
            false
        }
        Step::Drip => {
            let mut interval = tokio::time::interval(DRIP_INTERVAL);
            while socket.write_all(b" ").await.is_ok() {
                interval.tick().await;
            }
            false
        }
        Step::Hang => {
            let _left = socket.read(&mut [0]).await;
            false
        }
        Step::Close => false,
        Step::Reset => {
            socket.get_ref().set_zero_linger().unwrap();
            false
        }
    }
}

async fn read(socket: &mut BufReader<TcpStream>, connection: usize) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines.iter().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Request {
        connection,
        target: lines.first()?.split(' ').nth(1)?.to_owned(),
        headers: headers.collect(),
    })
}

/// A whole response: status line, the headers given, a length and the body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<Step> {
    vec![Step::Send(answer_bytes(status, headers, body))]
}

/// The bytes of a whole response.
pub(crate) fn answer_bytes(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = head(
        status,
        &[headers, &[&format!("Content-Length: {}", body.len())]].concat(),
    );
    bytes.extend_from_slice(body);
    bytes
}

/// The bytes before a body whose length is unknown, or given by the headers.
pub(crate) fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let mut lines = vec![format!("HTTP/1.1 {status}")];
    lines.extend(headers.iter().map(ToString::to_string));
    format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}
