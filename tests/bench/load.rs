//! The load on the servers that are measured: gRPC by the program's own load generator, and short texts for the others.

pub(crate) mod http1;
pub(crate) mod text;

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use http1::Http1Connection;
use silkrate::load::{Call, Event, GrpcConnection, LoadGenerator, Protocol};
use text::{Text, TextConnection};

/// What the connections do.
#[derive(Debug, Clone)]
pub(crate) enum Workload {
    /// gRPC: a number of concurrent calls on each.
    Grpc { call: Rc<Call>, calls: usize },
    /// A protocol of short texts.
    Text(Text),
    /// HTTP/1.1: a request, one at a time on each.
    Http1(Rc<[u8]>),
}

/// One connection of any kind.
#[derive(Debug)]
pub(crate) enum AnyConnection {
    Grpc(GrpcConnection),
    Text(TextConnection),
    Http1(Http1Connection),
}

impl Protocol for AnyConnection {
    fn received(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Event<'_>),
    ) -> io::Result<()> {
        match self {
            Self::Grpc(connection) => connection.received(bytes, out, report),
            Self::Text(connection) => connection.received(bytes, out, report),
            Self::Http1(connection) => connection.received(bytes, out, report),
        }
    }
}

pub(crate) type Load = LoadGenerator<AnyConnection>;

/// Opens connections, and reports what arrives meanwhile.
pub(crate) fn connect(
    server: SocketAddr,
    count: usize,
    workload: &Workload,
    report: &mut dyn FnMut(Event<'_>),
) -> io::Result<Load> {
    let begin = |out: &mut Vec<u8>| match workload {
        Workload::Grpc { call, calls } => {
            AnyConnection::Grpc(GrpcConnection::begin(call, *calls, out))
        }
        Workload::Text(text) => {
            out.extend_from_slice(&text.hello);
            AnyConnection::Text(TextConnection::begin(text))
        }
        Workload::Http1(request) => AnyConnection::Http1(Http1Connection::begin(request, out)),
    };
    LoadGenerator::connect(server, count, begin, report)
}

/// Whether the server has sent something on every connection of a text protocol.
pub(crate) fn is_greeted(load: &Load) -> bool {
    load.protocols().all(|connection| match connection {
        AnyConnection::Grpc(_) | AnyConnection::Http1(_) => true,
        AnyConnection::Text(connection) => connection.is_greeted(),
    })
}

/// Takes what has arrived so far for a greeting: messages are counted from here on.
pub(crate) fn skip_greeting(load: &mut Load) {
    for connection in load.protocols_mut() {
        if let AnyConnection::Text(connection) = connection {
            connection.skip_greeting();
        }
    }
}
