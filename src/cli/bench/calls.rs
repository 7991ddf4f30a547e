//! gRPC calls that cost the load little: one connection holds many, and messages are passed on as bytes.
//!
//! *Chose* HTTP/2 itself, *over* our own client: thousands of subscribers that decode every row would measure themselves.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::SendRequest;
use http::Request;
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Status;

use crate::cli::failure::Failure;
use crate::client::Server;

/// A server that is there accepts within this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The windows of HTTP/2 at their largest: the load never holds the server back by them.
const WINDOW: u32 = (1 << 31) - 1;
/// What a gRPC message begins with: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// A failure of the load, which ends it.
pub(super) fn failed(url: &str, error: impl std::fmt::Display) -> Failure {
    Failure::failed(
        format!("{url}: {error}"),
        "is `silkrate serve` running there, and may it and this process open so many connections (ulimit -n)?",
    )
}

/// The way to one method of a server.
#[derive(Debug, Clone)]
pub(super) struct Method {
    /// The server and the method, as HTTP/2 wants them.
    uri: String,
    /// The request, framed for gRPC.
    body: Bytes,
}

impl Method {
    pub(super) fn new(server: &Server, path: &str, request: &impl Message) -> Self {
        let message = request.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let body = [&[0][..], &length.to_be_bytes(), &message].concat();
        Self {
            uri: format!("{}{path}", server.url()),
            body: body.into(),
        }
    }

    fn request(&self) -> Result<Request<()>, http::Error> {
        Request::post(&self.uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
    }
}

/// A connection, driven by a task of its own.
pub(super) async fn connect(
    server: &Server,
    tasks: &mut JoinSet<()>,
) -> Result<SendRequest<Bytes>, Failure> {
    let authority = server.url().trim_start_matches("http://");
    let address = if authority
        .rsplit(']')
        .next()
        .unwrap_or(authority)
        .contains(':')
    {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let fail = |error: &dyn std::fmt::Display| failed(server.url(), error);
    let socket = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let socket = socket.map_err(|elapsed| fail(&elapsed))?;
    let socket = socket.map_err(|error| fail(&error))?;
    socket.set_nodelay(true).map_err(|error| fail(&error))?;
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let (sender, connection) = builder
        .handshake(socket)
        .await
        .map_err(|error| fail(&error))?;
    tasks.spawn(async move {
        // Its calls tell what became of it.
        drop(connection.await);
    });
    Ok(sender)
}

/// Makes a call.
pub(super) async fn call(
    sender: &SendRequest<Bytes>,
    method: &Method,
) -> Result<Messages, CallError> {
    let mut sender = sender.clone().ready().await?;
    let (answer, mut body) = sender.send_request(method.request()?, false)?;
    body.send_data(method.body.clone(), true)?;
    let (head, body) = answer.await?.into_parts();
    let status = Status::from_header_map(&head.headers);
    status.map_or(Ok(()), |status| Err(CallError::Status(Box::new(status))))?;
    Ok(Messages {
        body,
        buffer: BytesMut::new(),
    })
}

/// Why a call ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error(transparent)]
    Transport(#[from] h2::Error),
    #[error(transparent)]
    Request(#[from] http::Error),
    #[error("{}", .0.message())]
    Status(Box<Status>),
}

/// The messages of one call.
#[derive(Debug)]
pub(super) struct Messages {
    body: RecvStream,
    buffer: BytesMut,
}

impl Messages {
    /// The next message, or nothing at the end of a call that went well.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        loop {
            if let Some(message) = self.take() {
                return Ok(Some(message));
            }
            let Some(data) = self.body.data().await else {
                break;
            };
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            self.buffer.extend_from_slice(&data);
        }
        let trailers = self.body.trailers().await?;
        let status = trailers.and_then(|trailers| Status::from_header_map(&trailers));
        match status {
            Some(status) if status.code() != tonic::Code::Ok => {
                Err(CallError::Status(Box::new(status)))
            }
            _ => Ok(None),
        }
    }

    /// A message that has arrived whole.
    fn take(&mut self) -> Option<Bytes> {
        let (head, rest) = self.buffer.split_first_chunk::<HEAD_BYTES>()?;
        let [_compressed, length @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        if rest.len() < length {
            return None;
        }
        self.buffer.advance(HEAD_BYTES);
        Some(self.buffer.split_to(length).freeze())
    }
}
