//! HTTP/2 connections with coalesced writes.
//!
//! Measured reason: see [`coalesce`](mod@super::coalesce); and compared with tonic's own server, which this replaces, a
//! message to one stream of a connection polls the connection's task once and not twice, and takes a tenth less CPU time.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::listener::sent_body::SentBody;
use crate::listener::{
    CoalescedWriter, ConnectionOutput, Flusher, OutputBudget, StreamExecutor, coalesce,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves one connection until it ends or, draining, until its streams have ended. What waits to be sent on it counts in a
/// budget, which that of the executor of its settings should be.
pub fn serve_http2<I, A, F, B>(
    socket: I,
    settings: Arc<Builder<StreamExecutor>>,
    answer: A,
    (draining, budget): (CancellationToken, Arc<OutputBudget>),
) -> impl Future<Output = ()> + Send
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Arc<ConnectionOutput>) -> F + Send,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (socket, flusher) = coalesce(socket);
    let service = CountingService {
        answer,
        open: OpenStreams::default(),
        output: budget.connection(),
    };
    // Values that are moved before the future is made take no space in it. There are ten thousand of these futures.
    run(TokioIo::new(socket), flusher, settings, service, draining)
}

async fn run<I, A, F, B>(
    socket: TokioIo<CoalescedWriter<I>>,
    flusher: Flusher<I>,
    settings: Arc<Builder<StreamExecutor>>,
    service: CountingService<A>,
    draining: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Arc<ConnectionOutput>) -> F,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let open = service.open.clone();
    let mut connection = pin!(settings.serve_connection(socket, service));
    let mut drained = pin!(draining.cancelled());
    let mut is_shutting_down = false;
    let served = poll_fn(|cx| {
        if !is_shutting_down && drained.as_mut().poll(cx).is_ready() {
            is_shutting_down = true;
            connection.as_mut().graceful_shutdown();
        }
        let served = connection.as_mut().poll(cx);
        // After the last turn there is no next one to defer to.
        flusher.end_turn(cx, served.is_pending() && open.others_are_busy())?;
        served.map_err(BoxError::from)
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The number of open streams of a connection.
#[derive(Debug, Clone, Default)]
struct OpenStreams(Arc<AtomicUsize>);

/// Counts one stream as open until it is dropped.
#[derive(Debug)]
struct StreamGuard(OpenStreams);

impl OpenStreams {
    fn add(&self) -> StreamGuard {
        self.0.fetch_add(1, Ordering::Relaxed);
        StreamGuard(self.clone())
    }

    /// Whether more than one stream is open. The write of a single stream is not deferred: no other stream could join it.
    fn others_are_busy(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A service that counts its open streams, and what they send.
struct CountingService<A> {
    answer: A,
    open: OpenStreams,
    output: Arc<ConnectionOutput>,
}

impl<A, F, B> Service<Request<Incoming>> for CountingService<A>
where
    A: Fn(Request<Incoming>, Arc<ConnectionOutput>) -> F,
    F: Future<Output = Response<B>>,
{
    type Response = Response<CountedBody<B>>;
    type Error = Infallible;
    type Future = ResponseFuture<F>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let output = Arc::clone(&self.output);
        ResponseFuture {
            answer: Box::pin((self.answer)(request, output)),
            stream: Some((self.open.add(), Arc::clone(&self.output))),
        }
    }
}

/// The future of a response. It is boxed, since hyper keeps its space as long as the stream is open: hours for a subscriber.
struct ResponseFuture<F> {
    answer: Pin<Box<F>>,
    stream: Option<(StreamGuard, Arc<ConnectionOutput>)>,
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Response<B>>,
{
    type Output = Result<Response<CountedBody<B>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(cx));
        let (stream, output) = self.stream.take().unzip();
        Poll::Ready(Ok(answer.map(|body| CountedBody {
            body: SentBody::new(body, output.unwrap_or_default()),
            _stream: stream,
        })))
    }
}

/// A body whose stream counts as open until it is dropped.
struct CountedBody<B> {
    body: SentBody<B>,
    _stream: Option<StreamGuard>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for CountedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
