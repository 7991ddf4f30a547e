//! TLS handshakes: the CPU time of the server for each, one after the other.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use rustls::StreamOwned;

use crate::load::secure;
use crate::machine;
use crate::servers::{Design, Server};

/// What a client of HTTP/2 sends first: the preface, and an empty SETTINGS frame.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Connections before counting: with resumption, the first one has no ticket.
const WARM_UP: usize = 10;

/// The CPU time of the server for a connection with its handshake, in nanoseconds.
pub(crate) fn cost(count: usize, is_resuming: bool) -> io::Result<u64> {
    let server = Server::start(Design::OursTls, 5)?;
    let config = secure::config(is_resuming)?;
    let connect = || {
        let socket = TcpStream::connect(server.address)?;
        socket.set_nodelay(true)?;
        let mut stream = StreamOwned::new(secure::client(&config)?, socket);
        stream.write_all(HELLO)?;
        // The tickets come before the first answer.
        stream.read_exact(&mut [0; 9])
    };
    for _connection in 0..WARM_UP {
        connect()?;
    }
    let before = machine::cpu_time(server.pid())?;
    for _connection in 0..count {
        connect()?;
    }
    let spent = machine::cpu_time(server.pid())?.saturating_sub(before);
    let count = u128::try_from(count).unwrap_or(u128::MAX).max(1);
    Ok(u64::try_from(spent.as_nanos() / count).unwrap_or(u64::MAX))
}
