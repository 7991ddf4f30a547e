//! Scrapes of the metrics: how long one takes, alone and while ten thousand subscribers are connected.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use prost::Message;
use silkrate::load::{Call, Event};
use silkrate::pb::WatchRatesRequest;

use crate::ledger::{microseconds, serve, sixty_pairs};
use crate::load::{Load, Workload, connect};
use crate::start::Service;

/// The connections, and the subscribers on each.
const CONNECTIONS: usize = 100;
const STREAMS: usize = 100;
/// The scrapes of a round.
const SCRAPES: usize = 200;
/// The longest wait of the load for an event, and for all first messages.
const TURN: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(120);

/// The subscribers of a round, and the scrapes: sorted, in microseconds.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) subscribers: usize,
    pub(crate) scrapes: Vec<u64>,
    /// The bytes of the last page.
    pub(crate) bytes: usize,
}

/// Measures on the ledger at a path, without subscribers and with them.
pub(crate) fn measure(path: &Path) -> io::Result<[Outcome; 2]> {
    let service = serve(path)?;
    let alone = scrapes(service.admin, 0)?;
    let _load = subscribe(&service)?;
    Ok([alone, scrapes(service.admin, CONNECTIONS * STREAMS)?])
}

/// Opens the streams, and waits until each has its opening and its snapshot.
fn subscribe(service: &Service) -> io::Result<Load> {
    let request = WatchRatesRequest {
        filter: Some(sixty_pairs()),
        ..WatchRatesRequest::default()
    };
    let path = "/silkrate.v1.RateService/WatchRates";
    let call = Rc::new(Call::new("127.0.0.1", path, &request.encode_to_vec()));
    let workload = Workload::Grpc {
        call,
        calls: STREAMS,
    };
    let mut messages = 0;
    let mut count = |event: Event<'_>| messages += usize::from(matches!(event, Event::Message(_)));
    let mut load = connect(service.address, CONNECTIONS, &workload, &mut count)?;
    let begun = Instant::now();
    while messages < CONNECTIONS * STREAMS * 2 {
        let mut count =
            |event: Event<'_>| messages += usize::from(matches!(event, Event::Message(_)));
        load.turn(TURN, &mut count)?;
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other("the subscribers do not get there"));
        }
    }
    Ok(load)
}

fn scrapes(admin: SocketAddr, subscribers: usize) -> io::Result<Outcome> {
    // The first one computes the rates, as it does after a commit.
    let page = scrape(admin)?;
    let streams = format!("\nsilkrate_streams{{transport=\"grpc\"}} {subscribers}\n");
    if !page.contains(&streams) {
        return Err(io::Error::other("the page has another number of streams"));
    }
    let mut scrapes = Vec::with_capacity(SCRAPES);
    for _ in 0..SCRAPES {
        let begun = Instant::now();
        scrape(admin)?;
        scrapes.push(microseconds(begun));
    }
    scrapes.sort_unstable();
    Ok(Outcome {
        subscribers,
        scrapes,
        bytes: page.len(),
    })
}

/// Reads the page as Prometheus does, on a connection of its own.
fn scrape(admin: SocketAddr) -> io::Result<String> {
    let mut socket = TcpStream::connect(admin)?;
    let accept = "application/openmetrics-text;version=1.0.0";
    write!(
        socket,
        "GET /metrics HTTP/1.1\r\nhost: {admin}\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
    )?;
    let mut page = String::new();
    socket.read_to_string(&mut page)?;
    if page.starts_with("HTTP/1.1 200") && page.ends_with("# EOF\n") {
        Ok(page)
    } else {
        Err(io::Error::other("the page of metrics is not whole"))
    }
}
