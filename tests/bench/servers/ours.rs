//! Our server without banks: the board, feed, services, listener and settings of the program.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use silkrate::access::{Access, Port};
use silkrate::app::transport::{REQUEST_BYTES_MAX, serve_rates};
use silkrate::clock::Clock;
use silkrate::config::{self, Config};
use silkrate::domain::{Preference, RateFilter};
use silkrate::feed::{Feed, StreamLimits};
use silkrate::grpc::{Rates, SharedRates, call_counts};
use silkrate::listener::{Admission, Limits, Listener, bind, incoming};
use silkrate::queries::Queries;
use silkrate::tls::{HttpVersions, ServerTls};
use silkrate::web::{Browsers, WebCounts};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::load::secure;
use crate::servers::Orders;
use crate::servers::figures::{Figures, pairs};

/// More connections than any measurement makes.
const CONNECTIONS_MAX: usize = 100_000;
/// More streams than any measurement opens.
const SUBSCRIBERS_MAX: u32 = 1_000_000;
/// Longer than any measurement.
const HEARTBEAT: Duration = Duration::from_secs(3600);

/// The service over a board.
pub(crate) fn service(figures: &Figures) -> Rates {
    Rates::new(queries(figures))
}

fn queries(figures: &Figures) -> Queries {
    let limits = StreamLimits::new(HEARTBEAT, SUBSCRIBERS_MAX);
    let feed = Feed::new(figures.reader(), limits, CancellationToken::new());
    let (_, ledger) = watch::channel(None);
    let ticker = RateFilter::parse(&pairs(5)).expect("these are pairs");
    Queries::new(feed, ledger, ticker, &[Preference::Home], Clock::real())
}

/// What carries our server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// As the program does.
    Coalescing,
    /// As the program does, over TLS.
    Tls,
    /// By tonic's own server.
    Tonic,
}

/// Serves until the process ends, and publishes on each order.
pub(crate) async fn serve(transport: Transport) -> io::Result<()> {
    let figures = Figures::new();
    let listener = bind(([127, 0, 0, 1], 0).into())?;
    let mut orders = Orders::begin(listener.local_addr()?)?;
    let publish = || {
        figures.publish();
    };
    tokio::select! {
        served = serve_on(listener, &figures, transport) => served,
        () = orders.each(publish) => Ok(()),
    }
}

/// Serves browsers until the process ends.
pub(crate) async fn serve_web() -> io::Result<()> {
    let figures = Figures::new();
    let listener = bind(([127, 0, 0, 1], 0).into())?;
    let mut orders = Orders::begin(listener.local_addr()?)?;
    let config = Config::load(None, std::iter::empty()).map_err(io::Error::other)?;
    let queries = queries(&figures);
    let grpc = Routes::default().into_axum_router();
    let counts = WebCounts::default();
    let browsers = Browsers::new(&config.web, queries, grpc, &counts);
    let publish = || {
        figures.publish();
    };
    tokio::select! {
        () = browsers.serve((listener, None, &counts), Admission::default(), CancellationToken::new()) => Ok(()),
        () = orders.each(publish) => Ok(()),
    }
}

/// Serves from two threads, each with a runtime and a socket of its own on the same port.
pub(crate) async fn serve_each() -> io::Result<()> {
    let figures = Arc::new(Figures::new());
    let listener = listen_beside(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    let other = (Arc::clone(&figures), address);
    let _ends_with_the_process = std::thread::spawn(move || -> io::Result<()> {
        let (figures, address) = other;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            serve_on(listen_beside(address)?, &figures, Transport::Coalescing).await
        })
    });
    let mut orders = Orders::begin(address)?;
    let publish = || {
        figures.publish();
    };
    tokio::select! {
        served = serve_on(listener, &figures, Transport::Coalescing) => served,
        () = orders.each(publish) => Ok(()),
    }
}

/// A socket that shares its port with others.
fn listen_beside(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// Serves on a bound socket.
pub(crate) async fn serve_on(
    socket: TcpListener,
    figures: &Figures,
    transport: Transport,
) -> io::Result<()> {
    let rates = SharedRates::new(service(figures), true, REQUEST_BYTES_MAX);
    let limits = Limits::new(CONNECTIONS_MAX);
    if transport == Transport::Tonic {
        let ended = Server::builder()
            .max_concurrent_streams(limits.streams_per_connection_max)
            .add_service(rates)
            .serve_with_incoming(incoming(socket, limits));
        return ended.await.map_err(io::Error::other);
    }
    let tls = if transport == Transport::Tls {
        let tls = ServerTls::load(&secure::files(), HttpVersions::Http2, Timestamp::now());
        Some(Arc::new(tls.map_err(io::Error::other)?))
    } else {
        None
    };
    let listener = Listener::new(socket, limits, CancellationToken::new()).secured(tls);
    let access = Access::open(&config::Access::default(), CancellationToken::new());
    let gate = access.map_err(io::Error::other)?.gate(Port::Grpc);
    let calls = Arc::new(call_counts());
    serve_rates(listener, (rates, Routes::default()), calls, gate).await;
    Ok(())
}
