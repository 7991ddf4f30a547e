//! Our server as it is shipped, but for the banks: the same board, feed, service, listener and settings.

use std::future::pending;
use std::io;
use std::time::Duration;

use silkrate::clock::Clock;
use silkrate::domain::RateFilter;
use silkrate::feed::Feed;
use silkrate::grpc::Rates;
use silkrate::listener::{Limits, incoming};
use silkrate::pb::rate_service_server::RateServiceServer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::servers::Orders;
use crate::servers::figures::{Figures, pairs};

/// More connections than any measurement makes.
const CONNECTIONS_MAX: usize = 100_000;
/// Streams on a connection, as the service has it.
const STREAMS_MAX: u32 = 1024;
/// No heartbeat falls into a measurement.
const HEARTBEAT: Duration = Duration::from_secs(3600);

/// The service over a board.
pub(crate) fn service(figures: &Figures) -> Rates {
    let feed = Feed::new(figures.reader(), HEARTBEAT, CancellationToken::new());
    let (_, ledger) = watch::channel(None);
    let ticker = RateFilter::parse(&pairs(5)).expect("these are pairs");
    Rates::new(feed, ledger, ticker, Clock::real())
}

/// Serves until the process is ended, and publishes when ordered to.
pub(crate) async fn serve(gather_writes: bool) -> io::Result<()> {
    let figures = Figures::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut orders = Orders::begin(listener.local_addr()?)?;
    let routes = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_local_error_reset_streams(Some(256))
        .http2_max_header_list_size(8 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .timeout(Duration::from_secs(10))
        .add_service(RateServiceServer::new(service(&figures)));
    let incoming = incoming(listener, Limits::new(CONNECTIONS_MAX, gather_writes));
    let served = routes.serve_with_incoming_shutdown(incoming, pending());
    tokio::select! {
        served = served => served.map_err(io::Error::other),
        () = orders.each(|| { figures.publish(); }) => Ok(()),
    }
}
