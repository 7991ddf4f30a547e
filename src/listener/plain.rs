//! What a peer without TLS is answered on a port that speaks it: the reason, in the protocol of the peer.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::time::timeout;

const REASON: &str = "this port speaks TLS: write https:// in place of http://";
/// What an HTTP/2 connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// HTTP/2 has an error for a transport that is not secure (`INADEQUATE_SECURITY`).
const INADEQUATE_SECURITY: u8 = 0xc;
/// What is read of a peer before its connection is closed: a request is smaller.
const READ_BYTES_MAX: u64 = 64 * 1024;
/// How long the peer may take to read the answer and to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// Answers a peer that did not begin with TLS.
pub(super) async fn refuse_plain<S>(socket: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut begun = [0; PREFACE.len()];
    let read = socket.read(&mut begun).await?;
    let begun = begun.get(..read).unwrap_or_default();
    let answer = if begun == PREFACE { frames() } else { page() };
    socket.write_all(&answer).await?;
    close(socket).await
}

/// Closes a connection so that its peer gets what was written last: closed with bytes that are unread, the system would discard
/// it.
pub(super) async fn close<S>(socket: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.shutdown().await?;
    let (mut rest, mut nowhere) = (socket.take(READ_BYTES_MAX), sink());
    // The peer may close its side at any time, or never.
    let read = timeout(LINGER, copy(&mut rest, &mut nowhere)).await;
    read.map_or(Ok(()), |read| read.map(drop))
}

/// An empty SETTINGS frame, with which every server begins, and GOAWAY with the reason: clients of gRPC show it.
fn frames() -> Vec<u8> {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // The last stream is none.
    let code = [0, 0, 0, 0, 0, 0, 0, INADEQUATE_SECURITY];
    let length = code.len().saturating_add(REASON.len());
    let head = [
        0,
        0,
        u8::try_from(length).unwrap_or(u8::MAX),
        7,
        0,
        0,
        0,
        0,
        0,
    ];
    [&settings[..], &head, &code, REASON.as_bytes()].concat()
}

/// A page for a browser and for every other client of HTTP/1.1.
fn page() -> Vec<u8> {
    let length = REASON.len().saturating_add(1);
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{REASON}\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn a_peer_is_answered_in_its_own_protocol() {
        for (said, answered) in [
            (b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n".as_slice(), page()),
            (PREFACE, frames()),
            (b"\0", page()),
        ] {
            let (mut peer, mut socket) = duplex(64 * 1024);
            peer.write_all(said).await.unwrap();
            let talk = async {
                let mut answer = Vec::new();
                peer.read_to_end(&mut answer).await.unwrap();
                drop(peer);
                answer
            };
            let (refused, answer) = tokio::join!(refuse_plain(&mut socket), talk);
            refused.unwrap();
            assert_eq!(answer, answered);
        }
        assert!(
            page().ends_with(b"\r\n\r\nthis port speaks TLS: write https:// in place of http://\n")
        );
    }
}
