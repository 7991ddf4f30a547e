//! Connections that the caller of a client makes: over a Unix socket, through a tunnel, or within a simulation.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::codegen::Service;

/// Bytes in both directions.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

type Connecting = BoxFuture<'static, io::Result<TokioIo<Box<dyn Bytes>>>>;

/// Makes the connections of a client.
#[derive(Clone)]
pub struct Connector {
    connect: Arc<dyn Fn() -> Connecting + Send + Sync>,
}

impl Connector {
    /// Makes each connection by a call of a closure.
    pub fn new<F, C>(connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<C>> + Send + 'static,
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connect = move || {
            let connecting = connect();
            let connected = async move {
                let bytes: Box<dyn Bytes> = Box::new(connecting.await?);
                Ok(TokioIo::new(bytes))
            };
            connected.boxed()
        };
        Self {
            connect: Arc::new(connect),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// The same for the transport of gRPC.
    pub(super) fn dialer(&self) -> Dialer {
        Dialer(self.clone())
    }
}

/// Connects as the transport of gRPC wants it.
pub(super) struct Dialer(Connector);

impl Service<Uri> for Dialer {
    type Response = TokioIo<Box<dyn Bytes>>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _address: Uri) -> Connecting {
        (self.0.connect)()
    }
}
