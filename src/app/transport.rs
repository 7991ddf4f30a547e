//! How gRPC is served on a port: with the limits of the service, by tonic's own server or, where every microsecond is
//! paid ten thousand times, by connections of our own.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::grpc::{Dispatcher, SharedRates};
use crate::listener::{self, Limits};

/// The largest request: 256 pairs and a position are some 4 KiB.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a request may take to arrive whole; every answer begins at once.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams one connection may hold: enough for a proxy that gathers a newsroom's readers, few enough to bound memory.
const STREAMS_PER_CONNECTION_MAX: u32 = 1024;
/// Resets a client may provoke on one connection before it is cut; hyper's own default is off in tonic.
const LOCAL_ERROR_RESETS_MAX: usize = 256;
/// Header lists beyond this are refused: a request has a handful of short headers.
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// How often an idle connection is probed, so that vanished peers are noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long a probe may stay unanswered.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A port that is taken, and what holds there.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    limits: Limits,
    draining: CancellationToken,
}

impl Port {
    /// A port for so many connections, served until `draining`.
    pub fn new(listener: TcpListener, connections_max: u32, draining: CancellationToken) -> Self {
        let connections_max = usize::try_from(connections_max).unwrap_or(usize::MAX);
        Self {
            listener,
            limits: Limits::new(connections_max),
            draining,
        }
    }

    /// Serves rates, and the others beside them. With `gather_writes` each connection writes once a turn,
    /// and shared answers pass no router; without, all is as tonic has it.
    pub async fn serve_rates(self, rates: SharedRates, others: Routes, gather_writes: bool) {
        let routes = others.add_service(rates.clone());
        if !gather_writes {
            return self.serve(routes).await;
        }
        let dispatcher = Arc::new(Dispatcher::new(rates, routes, REQUEST_TIMEOUT));
        let settings = Arc::new(settings());
        let draining = self.draining.clone();
        let connection = move |socket| {
            let dispatcher = Arc::clone(&dispatcher);
            let answer = move |request| dispatcher.answer(request);
            // A token of its own, for each turn looks at it, and a shared one has one lock for all connections.
            let draining = draining.child_token();
            listener::serve_http2(socket, Arc::clone(&settings), answer, draining)
        };
        listener::serve(self.listener, self.limits, self.draining, connection).await;
    }

    /// Serves by tonic's own server.
    pub async fn serve(self, routes: Routes) {
        let incoming = listener::incoming(self.listener, self.limits);
        let draining = self.draining.cancelled_owned();
        match server()
            .serve_with_incoming_shutdown(routes.prepare(), incoming, draining)
            .await
        {
            Ok(()) => tracing::debug!("every connection has ended"),
            Err(error) => tracing::error!(%error, "the server failed"),
        }
    }
}

/// What a connection may do, as tonic's server is told.
fn server() -> Server {
    Server::builder()
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .http2_max_local_error_reset_streams(Some(LOCAL_ERROR_RESETS_MAX))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .timeout(REQUEST_TIMEOUT)
}

/// The same, as hyper is told.
fn settings() -> Builder<TokioExecutor> {
    let mut settings = Builder::new(TokioExecutor::new());
    settings
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .max_local_error_reset_streams(LOCAL_ERROR_RESETS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        // No client of gRPC reads it.
        .auto_date_header(false);
    settings
}
