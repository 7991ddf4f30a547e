//! Requests and connections that make the server work, or hold memory for what does not come.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use silkrate::load::frames;

use super::raw::{Raw, WINDOW_MAX, again, hold};
use super::{Target, begin_to_connect, connect, together};

/// The connections that one client may have, by default.
const SHARE: usize = 1024;
/// The further connections that are not closed yet: a server has answered those before them.
const NEWEST: usize = 400;

/// Eight connections with a thousand calls each, whose message is announced with 64 KiB and does not come.
pub(super) fn halves(target: &Target, deadline: Instant) -> io::Result<()> {
    together(8, |_number| {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        for _stream in 0..1000 {
            let stream = raw.call("/silkrate.v1.RateService/ListFixings");
            raw.push(frames::DATA, 0, stream, &[0, 0, 0, 0xff, 0xff, 0]);
            if raw.flush().is_err() {
                break;
            }
        }
        hold(deadline);
        Ok(())
    })
}

/// Twenty connections with a thousand streams of reflection each.
pub(super) fn reflection(target: &Target, deadline: Instant) -> io::Result<()> {
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    // ListServices.
    streams(target, deadline, (path, &[0x3a, 0], 0))
}

/// Twenty connections with a thousand watches of the health each, which need no key.
pub(super) fn health(target: &Target, deadline: Instant) -> io::Result<()> {
    let path = "/grpc.health.v1.Health/Watch";
    streams(target, deadline, (path, &[], frames::END_STREAM))
}

/// Twenty connections with a thousand streams each, which begin with a message.
fn streams(
    target: &Target,
    deadline: Instant,
    (path, message, flags): (&str, &[u8], u8),
) -> io::Result<()> {
    let message = frames::grpc(message);
    together(20, |_number| {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        for _stream in 0..1000 {
            let stream = raw.call(path);
            raw.push(frames::DATA, flags, stream, &message);
            if raw.flush().is_err() {
                break;
            }
        }
        hold(deadline);
        Ok(())
    })
}

/// Connections that begin with HTTP/2 and are closed at once, one after the other.
pub(super) fn connections(target: &Target, deadline: Instant) -> io::Result<()> {
    together(2, |_number| {
        again(deadline, || Raw::connect(target.grpc, WINDOW_MAX).map(drop))
    })
}

/// A client that holds as many connections as it may, and connects on and on: each further one is closed at once.
pub(super) fn refused(target: &Target, deadline: Instant) -> io::Result<()> {
    let held = (0..SHARE).map_while(|_number| connect(target.grpc).ok());
    let held: Vec<_> = held.collect();
    let flooded = together(2, |_number| {
        let mut newest = VecDeque::new();
        while Instant::now() < deadline {
            match begin_to_connect(target.grpc) {
                Ok(socket) => newest.push_back(socket),
                // Its ports are used up.
                Err(_none_is_free) => thread::sleep(Duration::from_millis(1)),
            }
            if newest.len() > NEWEST {
                newest.pop_front();
            }
        }
        Ok(())
    });
    drop(held);
    flooded
}

/// Four clients of the web side that ask for compressed answers without a pause.
pub(super) fn gzip(target: &Target, deadline: Instant) -> io::Result<()> {
    together(4, |number| {
        let path = if number % 2 == 0 {
            "/v1/snapshot.json"
        } else {
            "/ticker.html"
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept-encoding: gzip\r\nif-none-match: \"none\"\r\n\r\n",
            target.web
        );
        again(deadline, || {
            let mut socket = connect(target.web)?;
            let mut buffer = vec![0; 256 * 1024];
            while Instant::now() < deadline {
                socket.write_all(request.as_bytes())?;
                if socket.read(&mut buffer)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(())
        })
    })
}
