//! Answers that are asked for and never read, or read slowly.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::raw::{Raw, WINDOW_MAX, hold};
use super::{Target, connect, filters, together};

/// Ten connections with a thousand watches of the widest filter each, and windows of zero.
pub(super) fn watches(target: &Target, deadline: Instant) -> io::Result<()> {
    let message = filters::watch(&filters::widest());
    calls(target, deadline, (10, 1000, 0), "WatchRates", &message)
}

/// Four connections that ask for a thousand snapshots each and read nothing.
pub(super) fn snapshots(target: &Target, deadline: Instant) -> io::Result<()> {
    let message = filters::snapshot(&filters::widest());
    calls(
        target,
        deadline,
        (4, 1000, WINDOW_MAX),
        "GetSnapshot",
        &message,
    )
}

fn calls(
    target: &Target,
    deadline: Instant,
    (connections, streams, window): (usize, usize, u32),
    method: &str,
    message: &[u8],
) -> io::Result<()> {
    let path = format!("/silkrate.v1.RateService/{method}");
    together(connections, |_number| {
        let mut raw = Raw::connect(target.grpc, window)?;
        for _stream in 0..streams {
            raw.ask(&path, message);
            // A server that cuts or does not read on has defended itself.
            if raw.flush().is_err() {
                break;
            }
        }
        hold(deadline);
        Ok(())
    })
}

/// Four connections to the web side that ask for 256 wide snapshots each and read nothing.
pub(super) fn web(target: &Target, deadline: Instant) -> io::Result<()> {
    let path = filters::web_path(&filters::widest());
    together(4, |_number| {
        let mut raw = Raw::connect(target.web, WINDOW_MAX)?;
        for _stream in 0..256 {
            raw.get(&path);
        }
        let _cut = raw.flush();
        hold(deadline);
        Ok(())
    })
}

fn request(server: SocketAddr, path: &str) -> io::Result<TcpStream> {
    let mut socket = connect(server)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    Ok(socket)
}

/// A thousand sockets that ask for a wide snapshot and read nothing.
pub(super) fn stalled(target: &Target, deadline: Instant) -> io::Result<()> {
    let path = filters::web_path(&filters::widest());
    let mut sockets = Vec::new();
    for _socket in 0..1000 {
        let mut socket = request(target.web, &path)?;
        // Each asks twice: the first answer may fit into the buffers of the kernel.
        let again = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", target.web);
        let _sent_or_cut = socket.write_all(again.as_bytes());
        sockets.push(socket);
    }
    hold(deadline);
    Ok(())
}

/// A thousand connections that ask for one wide snapshot each, every one of a filter of its own, and take nothing of it.
pub(super) fn distinct(target: &Target, deadline: Instant) -> io::Result<()> {
    let mut connections = Vec::new();
    for number in 0..1000 {
        if Instant::now() >= deadline {
            break;
        }
        let mut raw = Raw::connect(target.grpc, 0)?;
        let message = filters::snapshot(&filters::distinct(&target.pairs, number));
        raw.ask("/silkrate.v1.RateService/GetSnapshot", &message);
        let _sent_or_cut = raw.flush();
        connections.push(raw);
    }
    hold(deadline);
    Ok(())
}

/// Fifty readers of wide snapshots that read a kilobyte in a tenth of a second.
pub(super) fn slow(target: &Target, deadline: Instant) -> io::Result<()> {
    let path = filters::web_path(&filters::widest());
    let mut sockets = Vec::new();
    for _reader in 0..50 {
        sockets.push(request(target.web, &path)?);
    }
    while Instant::now() < deadline {
        for socket in &mut sockets {
            socket.set_read_timeout(Some(Duration::from_millis(1)))?;
            let _read_or_cut = socket.read(&mut [0; 1024]);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
