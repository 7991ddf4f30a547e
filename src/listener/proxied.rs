//! The PROXY header, which a proxy that passes bytes on sends before them: the address that it was reached from.
//!
//! Only a trusted proxy is asked for one. From anyone else it is what it is to HTTP and to TLS: a malformed beginning.

use std::io;

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::callers::Caller;
use crate::listener::Limits;
use crate::listener::socket::AcceptedSocket;

/// The first byte of a header of version 2. No request, preface of HTTP/2 or handshake of TLS begins with it.
const FIRST: u8 = b'\r';
/// What every header has: the signature, the version, the family, and the number of bytes that follow.
const FIXED_BYTES: usize = 16;
/// What may follow: the addresses are 36 bytes at most. Clouds add fields of their own, and a proxy that ends TLS the name of
/// the client: some hundred bytes.
const REST_BYTES_MAX: usize = 4 * 1024;
/// Version 1 is text, whose end has to be searched for, and proxies that write it write version 2 too or HTTP headers. The
/// fields after the addresses are not used.
const VERSION_2: ParseConfig = ParseConfig {
    include_tlvs: false,
    allow_v1: false,
    allow_v2: true,
};

/// The connection of the client that a trusted proxy names, or of the proxy itself if it sends no header; none if it is to be
/// closed: then it is counted why.
pub(super) async fn introduced(socket: AcceptedSocket, limits: &Limits) -> Option<AcceptedSocket> {
    let connection = socket.caller();
    let Ok(read) = timeout(limits.first_bytes_timeout, read(&socket, connection)).await else {
        socket.counts().silent.increment();
        return None;
    };
    match read {
        Ok(caller) => Some(socket.of(caller)),
        Err(error) => {
            if error.kind() == io::ErrorKind::InvalidData {
                socket.counts().refused.malformed_proxy_header.increment();
            }
            tracing::debug!(peer = %connection, %error, "the PROXY header of a trusted proxy cannot be read");
            None
        }
    }
}

async fn read(socket: &AcceptedSocket, connection: Caller) -> io::Result<Caller> {
    let stream = socket.stream();
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first != [FIRST] {
        return Ok(connection);
    }
    let mut header = vec![0; FIXED_BYTES];
    fill(stream, &mut header).await?;
    let rest = match header.last_chunk() {
        Some(bytes) => usize::from(u16::from_be_bytes(*bytes)),
        None => 0,
    };
    // A beginning that is no header is not read on.
    if rest > REST_BYTES_MAX || !is_beginning(&header) {
        return Err(malformed());
    }
    header.resize(FIXED_BYTES.saturating_add(rest), 0);
    if let Some(rest) = header.get_mut(FIXED_BYTES..) {
        fill(stream, rest).await?;
    }
    let (header, _bytes) =
        ProxyHeader::parse(&header, VERSION_2).map_err(|_unreadable| malformed())?;
    // A proxy that checks whether the port answers acts for no client.
    Ok(header.proxied_address().map_or(connection, |addresses| {
        let source = addresses.source;
        connection.on_behalf_of(source.ip(), Some(source.port()))
    }))
}

/// Whether 16 bytes begin a header: then it is only too short.
fn is_beginning(fixed: &[u8]) -> bool {
    match ProxyHeader::parse(fixed, VERSION_2) {
        Ok(_) | Err(proxy_header::Error::BufferTooShort) => true,
        Err(_) => false,
    }
}

fn malformed() -> io::Error {
    let reason = "the bytes are no PROXY header of version 2";
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Reads as many bytes as the buffer has, past the deadlines of the socket: these are not yet the first bytes of the client.
async fn fill(stream: &TcpStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => buffer = buffer.get_mut(read..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
