//! HTTP/2 connections with coalesced writes.
//!
//! Measured reason: see [`coalesce`](mod@super::coalesce); and compared with tonic's own server, which this replaces, a
//! message to one stream of a connection polls the connection's task once and not twice, and takes a tenth less CPU time.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::listener::goodbye::Goodbye;
use crate::listener::output::OpenRequest;
use crate::listener::sent_body::SentBody;
use crate::listener::stall::Stall;
use crate::listener::{CoalescedWriter, ConnectionOutput, Flusher, StreamExecutor, coalesce};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves one connection until it ends or, draining, until its streams have ended. What waits to be sent on it counts in its output,
/// whose budget that of the executor of its settings should be.
pub fn serve_http2<I, A, F, B>(
    socket: I,
    settings: Arc<Builder<StreamExecutor>>,
    answer: A,
    (draining, output): (CancellationToken, Arc<ConnectionOutput>),
) -> impl Future<Output = ()> + Send
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Arc<ConnectionOutput>) -> F + Send,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (socket, flusher) = coalesce(socket);
    let service = CountingService { answer, output };
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
    let output = Arc::clone(&service.output);
    let (mut goodbye, mut stall) = (Goodbye::default(), Stall::default());
    let mut connection = pin!(settings.serve_connection(socket, service));
    let mut drained = pin!(draining.cancelled());
    let mut is_shutting_down = false;
    let served = poll_fn(|cx| {
        if !is_shutting_down && drained.as_mut().poll(cx).is_ready() {
            is_shutting_down = true;
            connection.as_mut().graceful_shutdown();
        }
        let served = connection.as_mut().poll(cx);
        // After the last turn there is no next one to defer to; nor is the write of a single stream deferred: no other stream
        // could join it.
        flusher.end_turn(cx, served.is_pending() && output.requests() > 1)?;
        if served.is_pending() {
            let is_closed = is_shutting_down && goodbye.poll(cx, &output).is_ready();
            if is_closed || output.poll_stalled(cx, &mut stall).is_ready() {
                return Poll::Ready(Ok(()));
            }
        }
        served.map_err(BoxError::from)
    });
    if let Err(error) = served.await {
        output.count_fault(&*error);
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A service that counts its open requests, and what they send.
struct CountingService<A> {
    answer: A,
    output: Arc<ConnectionOutput>,
}

impl<A, F, B> Service<Request<Incoming>> for CountingService<A>
where
    A: Fn(Request<Incoming>, Arc<ConnectionOutput>) -> F,
    F: Future<Output = Response<B>>,
{
    type Response = Response<SentBody<B>>;
    type Error = Infallible;
    type Future = ResponseFuture<F>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let output = Arc::clone(&self.output);
        ResponseFuture {
            answer: Box::pin((self.answer)(request, output)),
            request: Some(OpenRequest::begin(&self.output)),
        }
    }
}

/// The future of a response. It is boxed, since hyper keeps its space as long as the stream is open: hours for a subscriber.
struct ResponseFuture<F> {
    answer: Pin<Box<F>>,
    /// Nothing once it is answered.
    request: Option<OpenRequest>,
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Response<B>>,
{
    type Output = Result<Response<SentBody<B>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(cx));
        let request = self.request.take();
        Poll::Ready(Ok(answer.map(|body| SentBody::new(body, request))))
    }
}
