//! HTTP/2 connections whose turns end with a write.
//!
//! Measured reason: see [the gathering](mod@super::gather); and beside tonic's own server, which this stands in for, a
//! message to one stream of a connection takes the connection's task once and not twice, and a tenth less of the
//! processor's time.

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
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::listener::{Gathered, Turn, gather};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves one connection until it ends, or, draining, until its streams have ended.
pub fn serve_http2<I, A, F, B>(
    socket: I,
    settings: Arc<Builder<TokioExecutor>>,
    answer: A,
    draining: CancellationToken,
) -> impl Future<Output = ()> + Send
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>) -> F + Send,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Failure>,
{
    let (socket, turn) = gather(socket);
    let service = Counted {
        answer,
        open: Open::default(),
    };
    // What is taken apart before the task begins takes no place in it. There are ten thousand of these.
    run(TokioIo::new(socket), turn, settings, service, draining)
}

async fn run<I, A, F, B>(
    socket: TokioIo<Gathered<I>>,
    turn: Turn<I>,
    settings: Arc<Builder<TokioExecutor>>,
    service: Counted<A>,
    draining: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Failure>,
{
    let open = service.open.clone();
    let mut connection = pin!(settings.serve_connection(socket, service));
    let mut drained = pin!(draining.cancelled());
    let mut is_told = false;
    let served = poll_fn(|cx| {
        if !is_told && drained.as_mut().poll(cx).is_ready() {
            is_told = true;
            connection.as_mut().graceful_shutdown();
        }
        let served = connection.as_mut().poll(cx);
        // Behind the last turn there is none to wait for.
        turn.end(cx, served.is_pending() && open.others_are_busy())?;
        served.map_err(Failure::from)
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection has ended early");
    }
}

/// How many streams of a connection are under way.
#[derive(Debug, Clone, Default)]
struct Open(Arc<AtomicUsize>);

/// One of them.
#[derive(Debug)]
struct OpenStream(Open);

impl Open {
    fn stream(&self) -> OpenStream {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenStream(self.clone())
    }

    /// Whether more than one is. A stream that is alone waits for nobody: what it has said is all there is to say.
    fn others_are_busy(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A service that counts what it is answering.
struct Counted<A> {
    answer: A,
    open: Open,
}

impl<A, F, B> Service<Request<Incoming>> for Counted<A>
where
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
{
    type Response = Response<Answer<B>>;
    type Error = Infallible;
    type Future = Answering<F>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Answering {
            answer: Box::pin((self.answer)(request)),
            stream: Some(self.open.stream()),
        }
    }
}

/// An answer that is on its way. It is boxed, for its place is kept as long as its stream is open: a subscriber's for hours.
struct Answering<F> {
    answer: Pin<Box<F>>,
    stream: Option<OpenStream>,
}

impl<F, B> Future for Answering<F>
where
    F: Future<Output = Response<B>>,
{
    type Output = Result<Response<Answer<B>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(cx));
        let stream = self.stream.take();
        Poll::Ready(Ok(answer.map(|body| Answer {
            body,
            _stream: stream,
        })))
    }
}

/// A body that counts as under way until it is dropped.
struct Answer<B> {
    body: B,
    _stream: Option<OpenStream>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
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
