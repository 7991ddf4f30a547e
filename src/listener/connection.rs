//! One accepted connection, secured or not: what HTTP reads and writes.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::callers::Caller;
use crate::listener::ending::Ending;
use crate::listener::frame_guard::{Flood, FrameGuard};
use crate::listener::socket::AcceptedSocket;
use crate::listener::{ConnectionOutput, Deadline, Deadlines, Limits};

/// What HTTP/2 gets of a connection at once, so that a turn ends soon after its work is done: some twenty short requests.
const READ_BYTES_MAX: usize = 1024;
/// How often it is looked whether a peer that has shut down its sending side has left: TCP shows a peer that closed both sides in the
/// same way, until it refuses what is written to it.
const HALF_CLOSED_INTERVAL: Duration = Duration::from_secs(1);

/// One accepted connection.
#[derive(Debug)]
pub struct Connection {
    transport: Transport,
    guard: FrameGuard,
    /// The end of a connection whose peer sends too much.
    ending: Option<Pin<Box<Ending>>>,
    /// Where the open requests of HTTP/1.1 count.
    output: Option<Arc<ConnectionOutput>>,
    /// When it is looked again at a peer that has shut down its sending side.
    half_closed: Option<Pin<Box<Sleep>>>,
}

/// One type for both, so that HTTP over it is compiled once.
#[derive(Debug)]
enum Transport {
    Plain(AcceptedSocket),
    Secure(Box<SecureSocket>),
}

/// A socket whose handshake is complete.
#[derive(Debug)]
struct SecureSocket {
    /// The socket has a deadline for its first bytes, and those were of the handshake: this one is for what is within TLS.
    io: Deadlines<TlsStream<AcceptedSocket>>,
    /// Whether it is counted as silent.
    is_counted: bool,
}

impl Connection {
    /// A connection without TLS.
    pub(super) fn plain(socket: AcceptedSocket) -> Self {
        Self::over(Transport::Plain(socket))
    }

    /// A connection over TLS.
    pub(super) fn secure(stream: TlsStream<AcceptedSocket>, limits: &Limits) -> Self {
        let io = Deadlines::new(stream, limits.first_bytes_timeout, limits.write_stall_max);
        Self::over(Transport::Secure(Box::new(SecureSocket {
            io,
            is_counted: false,
        })))
    }

    fn over(transport: Transport) -> Self {
        Self {
            transport,
            guard: FrameGuard::new(),
            ending: None,
            output: None,
            half_closed: None,
        }
    }

    /// The same for HTTP/1.1, whose requests count in an output. A client may shut down its sending side after its request, as `nc -N`
    /// does, and gets the answer; one that resets the connection has left.
    pub(super) fn with_requests(self, output: Arc<ConnectionOutput>) -> Self {
        Self {
            output: Some(output),
            ..self
        }
    }

    /// The address at the other end, or that which a trusted proxy named before the first byte.
    pub fn caller(&self) -> Caller {
        self.accepted().caller()
    }

    fn accepted(&self) -> &AcceptedSocket {
        match &self.transport {
            Transport::Plain(socket) => socket,
            Transport::Secure(socket) => socket.accepted(),
        }
    }

    /// Whether an answer over HTTP/1.1 is under way.
    fn is_answering(&self) -> bool {
        let output = self.output.as_ref().filter(|_| !self.guard.is_framed());
        output.is_some_and(|output| output.requests() > 0)
    }

    /// The end of what the peer sends is shown to HTTP after its answer, and looked for the end of the connection until then. Of a
    /// request whose body has not come after a moment, in which what has come is read, it is shown then: nothing follows.
    fn poll_half_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_arriving = self
            .output
            .as_ref()
            .is_some_and(|output| output.is_arriving());
        let again = self
            .half_closed
            .get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED_INTERVAL)));
        while again.as_mut().poll(cx).is_ready() {
            if is_arriving {
                return Poll::Ready(Ok(()));
            }
            again.as_mut().reset(Instant::now() + HALF_CLOSED_INTERVAL);
        }
        Poll::Pending
    }

    /// Ends the connection of a peer that sends too much: it gets the reason, and what it sends still is not read as frames.
    fn end(&mut self, cx: &mut Context<'_>, flood: Flood) {
        let caller = self.caller();
        tracing::debug!(
            ?caller,
            reason = flood.name(),
            "a peer sends too many frames"
        );
        self.accepted().counts().flooding.increment();
        if let Some(goaway) = self.guard.goaway(flood) {
            let mut writer = Pin::new(self.transport.writer());
            // A peer that reads nothing does not get it.
            let is_written = writer.as_mut().poll_write(cx, &goaway).is_ready();
            let _closed_or_not = is_written && writer.poll_shutdown(cx).is_ready();
        }
        self.ending = Some(Box::pin(Ending::begin()));
    }
}

impl Transport {
    fn writer(&mut self) -> &mut (dyn AsyncWrite + Send + Unpin) {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(socket) => &mut socket.io,
        }
    }

    /// Reads a few requests at most.
    fn poll_read_some(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = buffer.remaining().min(READ_BYTES_MAX);
        let mut some = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(self.poll_read(cx, &mut some))?;
        let read = some.filled().len();
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Secure(socket) => {
                let outcome = Pin::new(&mut socket.io).poll_read(cx, buffer);
                if let Poll::Ready(Err(_)) = &outcome {
                    socket.count_silent();
                }
                outcome
            }
        }
    }
}

impl SecureSocket {
    fn accepted(&self) -> &AcceptedSocket {
        self.io.get_ref().get_ref().0
    }

    /// Counts that the peer has sent nothing within TLS, once.
    fn count_silent(&mut self) {
        if self.io.passed() == Some(Deadline::FirstBytes) && !self.is_counted {
            self.is_counted = true;
            self.accepted().counts().silent.increment();
        }
    }
}

impl Connected for Connection {
    /// No service looks at the address of a peer.
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.guard.ends_turn() {
            // It goes on after the tasks that are ready, and after the sockets were polled: a task that only wakes itself keeps
            // its thread from polling them for sixty turns.
            return pin!(yield_now()).poll(cx).map(Ok);
        }
        if this.ending.is_none() {
            let before = buffer.filled().len();
            let outcome = if this.guard.is_framed() {
                this.transport.poll_read_some(cx, buffer)
            } else {
                this.transport.poll_read(cx, buffer)
            };
            if outcome.is_pending() {
                this.guard.waits();
            }
            let read = buffer.filled().get(before..).unwrap_or_default();
            if read.is_empty() && matches!(outcome, Poll::Ready(Ok(()))) && this.is_answering() {
                return this.poll_half_closed(cx);
            }
            let Err(flood) = this.guard.received(read) else {
                return outcome;
            };
            buffer.set_filled(before);
            this.end(cx, flood);
        }
        let Some(ending) = &mut this.ending else {
            return Poll::Pending;
        };
        let transport = &mut this.transport;
        let ended = ready!(
            ending
                .as_mut()
                .poll(cx, |cx, buffer| transport.poll_read(cx, buffer))
        );
        Poll::Ready(Err(ended))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.ending.is_some() {
            // The frame that ends a connection is its last one.
            return Poll::Ready(Ok(data.len()));
        }
        let outcome = Pin::new(self.transport.writer()).poll_write(cx, data);
        if let Poll::Ready(Ok(written)) = &outcome {
            self.guard.sent(data.get(..*written).unwrap_or_default());
        }
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.ending.is_some() {
            let length = slices.iter().map(|slice| slice.len());
            return Poll::Ready(Ok(length.fold(0, usize::saturating_add)));
        }
        let outcome = Pin::new(self.transport.writer()).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(written)) = &outcome {
            let mut left = *written;
            for slice in slices {
                let taken = left.min(slice.len());
                self.guard.sent(slice.get(..taken).unwrap_or_default());
                left = left.saturating_sub(taken);
            }
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(socket) => socket.is_write_vectored(),
            Transport::Secure(socket) => socket.io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.transport.writer()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.transport.writer()).poll_shutdown(cx)
    }
}
