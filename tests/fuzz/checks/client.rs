//! Clients of the service in this process. Each sends one request at a time, and connects again when it was cut off.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// The most bytes of an answer: a page of rows is a mebibyte at most.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long the first part of an endless answer is awaited: some of them begin with a change of rates, and nothing changes.
const BEGINNING_TIME_MAX: Duration = Duration::from_millis(5);

/// An answer, or as much of it as was wanted.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// A client that speaks HTTP/2, or HTTP/1.1.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    connection: Option<Connection>,
    is_http2: bool,
}

enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// A client of a port.
    pub(crate) fn new(address: SocketAddr, is_http2: bool) -> Self {
        Self {
            address,
            connection: None,
            is_http2,
        }
    }

    /// Sends a request. Of an endless answer only the first part is read.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>, is_endless: bool) -> Answer {
        let mut kept = self.connection.take();
        let is_usable = match &mut kept {
            Some(connection) => connection.is_usable().await,
            None => false,
        };
        let mut connection = match kept {
            Some(connection) if is_usable => connection,
            _ => self.connect().await,
        };
        let answer = connection.send(request).await.expect("there is an answer");
        let answer = read(answer, is_endless).await;
        // What is left of an answer over HTTP/1.1 would be taken for the next one.
        if self.is_http2 || !is_endless {
            self.connection = Some(connection);
        }
        answer
    }

    async fn connect(&self) -> Connection {
        let socket = TcpStream::connect(self.address)
            .await
            .expect("the port is open");
        socket.set_nodelay(true).expect("the socket is open");
        let socket = TokioIo::new(socket);
        if self.is_http2 {
            let shaken = http2::handshake(TokioExecutor::new(), socket).await;
            let (sender, work) = shaken.expect("the port speaks HTTP/2");
            tokio::spawn(work);
            Connection::Http2(sender)
        } else {
            let shaken = http1::handshake(socket).await;
            let (sender, work) = shaken.expect("the port speaks HTTP/1.1");
            tokio::spawn(work);
            Connection::Http1(sender)
        }
    }
}

impl Connection {
    async fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}

async fn read(answer: Response<Incoming>, is_endless: bool) -> Answer {
    let (head, mut rest) = answer.into_parts();
    let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
    loop {
        let frame = if is_endless {
            tokio::time::timeout(BEGINNING_TIME_MAX, rest.frame())
                .await
                .unwrap_or_default()
        } else {
            rest.frame().await
        };
        let Some(frame) = frame else { break };
        let frame = frame.expect("an answer is not cut off");
        match frame.into_data() {
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
        assert!(
            body.len() <= ANSWER_BYTES_MAX,
            "an answer of {} bytes",
            body.len()
        );
        if is_endless && !body.is_empty() {
            break;
        }
    }
    Answer {
        head,
        body,
        trailers,
    }
}
