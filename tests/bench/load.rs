//! The load on the servers that are measured: gRPC by the program's own load generator, and short texts for the others.

pub(crate) mod http1;
pub(crate) mod secure;
pub(crate) mod text;

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http1::Http1Connection;
use rustls::ClientConfig;
use secure::SecureConnection;
use silkrate::load::{Call, Event, GrpcConnection, LoadGenerator, Protocol};
use text::{Text, TextConnection};

use crate::servers::Design;

/// What the connections do.
#[derive(Debug, Clone)]
pub(crate) enum Workload {
    /// gRPC: a number of concurrent calls on each.
    Grpc { call: Rc<Call>, calls: usize },
    /// The same over TLS.
    SecureGrpc {
        call: Rc<Call>,
        calls: usize,
        tls: Arc<ClientConfig>,
    },
    /// A protocol of short texts.
    Text(Text),
    /// HTTP/1.1: a request, one at a time on each.
    Http1(Rc<[u8]>),
}

impl Workload {
    /// gRPC, over TLS where the server is.
    pub(crate) fn grpc(design: Design, call: Call, calls: usize) -> io::Result<Self> {
        let call = Rc::new(call);
        Ok(match design {
            Design::OursTls => Self::SecureGrpc {
                call,
                calls,
                tls: secure::config(true)?,
            },
            _ => Self::Grpc { call, calls },
        })
    }
}

/// One connection of any kind.
#[derive(Debug)]
pub(crate) enum AnyConnection {
    Grpc(GrpcConnection),
    Secure(Box<SecureConnection>),
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
            Self::Secure(connection) => connection.received(bytes, out, report),
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
        Workload::SecureGrpc { call, calls, tls } => {
            let mut first = Vec::new();
            let grpc = AnyConnection::Grpc(GrpcConnection::begin(call, *calls, &mut first));
            let secure = SecureConnection::begin(tls, grpc, &first, out);
            AnyConnection::Secure(Box::new(secure))
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
        AnyConnection::Grpc(_) | AnyConnection::Secure(_) | AnyConnection::Http1(_) => true,
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
