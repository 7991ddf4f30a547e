//! HTTP over the connections of a listener: one list of settings, two ways to serve.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::TryFutureExt;
use http::{Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio_util::sync::CancellationToken;

use crate::callers::{Caller, TrustedProxies};
use crate::listener::goodbye::Goodbye;
use crate::listener::output::OpenRequest;
use crate::listener::sent_body::SentBody;
use crate::listener::stall::Stall;
use crate::listener::stream_task::Wait;
use crate::listener::{
    Connection, ConnectionOutput, Limits, Listener, OutputBudget, Recipient, RequestBody,
    StreamExecutor, serve_http2,
};
use crate::requests::Observation;

/// Stream resets that a client may provoke on one connection before it is closed ("rapid reset").
const LOCAL_ERROR_RESETS_MAX: usize = 256;
/// Requests that a client may have reset before they are passed on: as many as a connection may have open. After a moment without a
/// network, the requests of a proxy come together with their resets; the budget of resets bounds what a hostile client sends.
const PENDING_RESETS_MAX: usize = 1024;
/// How often an idle HTTP/2 connection is pinged, so that vanished peers are noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long a ping may stay unanswered.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of HTTP/2. hyper has two builders with the same methods and no trait for them.
macro_rules! set_http2 {
    ($builder:expr, $limits:expr) => {
        $builder
            .timer(TokioTimer::new())
            .max_concurrent_streams($limits.streams_per_connection_max)
            .max_header_list_size($limits.header_bytes_max)
            .max_local_error_reset_streams(LOCAL_ERROR_RESETS_MAX)
            .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
            .keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
    };
}

impl Listener {
    /// Serves HTTP/2 alone, with coalesced writes: for gRPC, whose connections carry many streams of small messages. The recipient
    /// stands beside the request: as an extension of it, it would take three allocations of an answer that takes ten.
    pub async fn serve_http2<A, F, B>(self, answer: A)
    where
        A: Fn(Request<Incoming>, Recipient) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = bytes::Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let budget = Arc::clone(&self.output);
        let mut settings = http2::Builder::new(StreamExecutor::new(Arc::clone(&budget)));
        // No client of gRPC reads the date.
        set_http2!(settings, self.limits).auto_date_header(false);
        let settings = Arc::new(settings);
        let (draining, proxies) = (self.draining.clone(), self.admission.proxies.clone());
        let connection = move |socket: Connection| {
            // A token of its own, for each turn looks at it, and a shared one has one lock for all connections.
            let draining = draining.child_token();
            let (peer, answer) = (socket.caller(), answer.clone());
            let output = output_of(&budget, &proxies, peer);
            let proxies = proxies.clone();
            let observed = move |request: Request<Incoming>, output| {
                let caller = proxies.caller(peer, request.headers());
                let observation = Observation::begin(caller, &request);
                let recipient = Recipient {
                    caller: Some(caller),
                    output: Some(output),
                };
                let answer = || answer(request, recipient);
                let answer = Observation::instrument(observation.as_deref(), answer);
                Observation::answer(observation, answer)
            };
            serve_http2(socket, Arc::clone(&settings), observed, (draining, output))
        };
        self.serve(connection).await;
    }

    /// Serves HTTP/1.1 and HTTP/2. Writes are not coalesced: a browser's connection has few streams, often one, and the
    /// files of a page are larger than the buffer of coalescing. The [`Caller`] and the
    /// [`ConnectionOutput`] are extensions of each request.
    pub async fn serve_http<S, B>(self, service: S)
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Data = bytes::Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let budget = Arc::clone(&self.output);
        let settings = Arc::new(auto_settings(&self.limits, &budget));
        let (draining, proxies) = (self.draining.clone(), self.admission.proxies.clone());
        let connection = move |socket: Connection| {
            let (settings, peer) = (Arc::clone(&settings), socket.caller());
            let (service, proxies) = (service.clone(), proxies.clone());
            let output = output_of(&budget, &proxies, peer);
            let of_connection = Arc::clone(&output);
            let socket = socket.with_requests(Arc::clone(&output));
            let observed = service_fn(move |request: Request<Incoming>| {
                let open = OpenRequest::begin(&output);
                let arriving = (request.version() < Version::HTTP_2).then_some(&output);
                let mut request = request.map(|body| RequestBody::new(body, arriving));
                let caller = proxies.caller(peer, request.headers());
                request.extensions_mut().insert(caller);
                request.extensions_mut().insert(Arc::clone(&output));
                let observation = Observation::begin(caller, &request);
                let answer = || service.call(request);
                let answer = Observation::instrument(observation.as_deref(), answer);
                let answer = Observation::answer_or_error(observation, answer);
                answer.map_ok(|answer| answer.map(|body| SentBody::new(body, Some(open))))
            });
            let wait = Wait::of_connection(Arc::clone(&budget));
            let of_connection = (draining.clone(), of_connection, wait);
            connection(socket, settings, observed, of_connection)
        };
        self.serve(connection).await;
    }
}

/// What waits on a new connection: that of its client, unless the peer is a proxy.
fn output_of(
    budget: &Arc<OutputBudget>,
    proxies: &TrustedProxies,
    peer: Caller,
) -> Arc<ConnectionOutput> {
    let client = (!proxies.contains(peer.address())).then(|| peer.network());
    budget.connection(client)
}

fn auto_settings(limits: &Limits, budget: &Arc<OutputBudget>) -> auto::Builder<StreamExecutor> {
    let mut settings = auto::Builder::new(StreamExecutor::new(Arc::clone(budget)));
    settings
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.first_bytes_timeout)
        .max_buf_size(usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX));
    set_http2!(settings.http2(), limits);
    settings
}

/// Serves one connection until it ends or, draining, until its requests under way have ended; over HTTP/1.1 until a reader takes
/// too little of its answer.
async fn connection<S, B>(
    socket: Connection,
    settings: Arc<auto::Builder<StreamExecutor>>,
    service: S,
    (draining, output, mut wait): (CancellationToken, Arc<ConnectionOutput>, Wait),
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut served = pin!(settings.serve_connection(TokioIo::new(socket), service));
    let mut drained = pin!(draining.cancelled());
    let (mut goodbye, mut stall) = (None, Stall::default());
    let ended = poll_fn(|cx| {
        if goodbye.is_none() && drained.as_mut().poll(cx).is_ready() {
            served.as_mut().graceful_shutdown();
            goodbye = Some(Goodbye::default());
        }
        if let Poll::Ready(ended) = wait.poll(cx, |cx| served.as_mut().poll(cx)) {
            return Poll::Ready(ended.unwrap_or(Ok(())));
        }
        let closing = goodbye.as_mut();
        if closing.is_some_and(|goodbye| goodbye.poll(cx, &output).is_ready()) {
            return Poll::Ready(Ok(()));
        }
        output.poll_stalled(cx, &mut stall).map(Ok)
    });
    if let Err(error) = ended.await {
        output.count_fault(&*error);
        tracing::debug!(%error, "a connection ended early");
    }
}
