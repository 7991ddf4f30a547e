//! Requests and connections that make the server work, or hold memory for what does not come.

use std::io::{self, Read, Write};
use std::time::Instant;

use silkrate::load::frames;

use super::raw::{Raw, WINDOW_MAX, again, hold};
use super::{Target, connect, together};

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
    // ListServices.
    let message = frames::grpc(&[0x3a, 0]);
    together(20, |_number| {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        for _stream in 0..1000 {
            let stream = raw.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
            raw.push(frames::DATA, 0, stream, &message);
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
