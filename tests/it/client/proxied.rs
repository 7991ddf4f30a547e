//! Servers behind a proxy, as they are reached from outside: over TLS, and under a path of a site.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use silkrate::client::{Client, ClientError, ClientOptions, HandshakeFault, WatchEvent};
use silkrate::pb::{ConvertAmountRequest, ResumeVerdict};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;

use crate::client::commands::{held, known, silkrate, silkrate_in};
use crate::client::operators;
use crate::client::server::{
    LONG, REQUESTED, Script, opening, rate, serve, serve_known, snapshot, watch,
};
use crate::support::tls::{acceptor, fixture};

/// The path under which the proxy serves.
const PREFIX: &str = "/fx/rates";

/// A proxy that passes the requests under [`PREFIX`] on to a server, without the prefix.
struct Proxy {
    port: u16,
    tasks: JoinSet<()>,
}

impl Proxy {
    async fn start(tls: Option<TlsAcceptor>, server: &str) -> Self {
        Self::start_on(0, tls, server).await
    }

    /// On a port; zero for any.
    async fn start_on(port: u16, tls: Option<TlsAcceptor>, server: &str) -> Self {
        let server = Endpoint::from_shared(server.to_owned()).unwrap();
        let server = server.connect_lazy();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                connections.spawn(accepted(socket, tls.clone(), server.clone()));
            }
        });
        Self { port, tasks }
    }

    /// Breaks its connections, and returns the port when nothing listens on it any more.
    async fn stop(mut self) -> u16 {
        self.tasks.shutdown().await;
        self.port
    }

    /// Over TLS, with HTTP/2 in it.
    async fn secure(server: &str) -> Self {
        Self::start(Some(acceptor(&["h2"])), server).await
    }

    fn url(&self, scheme: &str, host: &str, path: &str) -> String {
        format!("{scheme}://{host}:{}{path}", self.port)
    }
}

/// A server that answers anything as a web server with TLS answers a request without it.
struct Http1 {
    url: String,
    _tasks: JoinSet<()>,
}

impl Http1 {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let refusal = b"HTTP/1.1 400 Bad Request\r\n\r\nThis port is for HTTPS.";
            socket.write_all(refusal).await.unwrap();
            // The client closes the connection, and not the server.
            while socket.read(&mut [0; 1024]).await.unwrap_or(0) > 0 {}
        });
        Self { url, _tasks: tasks }
    }
}

async fn accepted(socket: TcpStream, tls: Option<TlsAcceptor>, server: Channel) {
    match tls {
        None => pass_on(socket, server).await,
        Some(tls) => {
            // A client that ends the handshake is one of those that these tests are about.
            if let Ok(socket) = tls.accept(socket).await {
                pass_on(socket, server).await;
            }
        }
    }
}

async fn pass_on(socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, server: Channel) {
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(response(request, server).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service);
    // A connection that a client or the end of a test cuts has nothing more to tell.
    drop(connection.await);
}

async fn response(request: http::Request<Incoming>, server: Channel) -> http::Response<Body> {
    let (mut head, body) = request.into_parts();
    let Some(path) = head.uri.path().strip_prefix(PREFIX) else {
        let mut missing = http::Response::new(Body::empty());
        *missing.status_mut() = http::StatusCode::NOT_FOUND;
        return missing;
    };
    head.uri = path.parse().unwrap();
    let request = http::Request::from_parts(head, Body::new(body));
    server.oneshot(request).await.unwrap()
}

/// The options of a client that trusts the authority of the fixtures alone.
fn trusting() -> ClientOptions {
    ClientOptions {
        ca_file: Some(fixture("intermediate.pem")),
        ..ClientOptions::default()
    }
}

/// The fault for which a client of a URL cannot use its connection.
async fn fault(url: &str, options: &ClientOptions) -> HandshakeFault {
    let client = Client::with_options(url, options).unwrap();
    match client.sources().await {
        Err(ClientError::Handshake { fault, .. }) => fault,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn calls_and_streams_pass_over_tls_and_under_a_path() {
    let script = vec![
        opening(REQUESTED, LONG),
        snapshot(1, &[rate("KZT/USD", "1")]),
    ];
    let running = serve([Script::Hang(script)]).await;
    let proxy = Proxy::secure(running.client.url()).await;
    let url = proxy.url("https", "127.0.0.1", "/fx/rates/");
    let client = Client::with_options(&url, &trusting()).unwrap();
    let request = ConvertAmountRequest {
        amount: "1000".to_owned(),
        ..ConvertAmountRequest::default()
    };
    assert_eq!(client.convert(request).await.unwrap().result, "1000");
    let mut watch = watch(client);
    assert!(matches!(
        watch.next().await.unwrap(),
        WatchEvent::Opening { .. }
    ));
    assert_eq!(watch.next().await.unwrap(), WatchEvent::Snapshot);
    assert_eq!(watch.rates(), [rate("KZT/USD", "1")]);
}

#[tokio::test]
async fn a_path_without_tls_reaches_the_server_too() {
    let running = serve([]).await;
    let proxy = Proxy::start(None, running.client.url()).await;
    let client = Client::new(&proxy.url("http", "127.0.0.1", PREFIX)).unwrap();
    assert!(client.sources().await.is_ok());
    let elsewhere = Client::new(&proxy.url("http", "127.0.0.1", "/elsewhere")).unwrap();
    let refused = elsewhere.sources().await.unwrap_err();
    let ClientError::Refused { code, .. } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, Code::Unimplemented);
}

#[tokio::test]
async fn a_stream_whose_tls_connection_breaks_is_resumed_as_any_other() {
    let first = vec![opening(REQUESTED, LONG), snapshot(1, &[])];
    let again = vec![opening(ResumeVerdict::Resumed, LONG)];
    let running = serve([Script::Hang(first), Script::Hang(again)]).await;
    let proxy = Proxy::secure(running.client.url()).await;
    let url = proxy.url("https", "127.0.0.1", PREFIX);
    let mut watch = watch(Client::with_options(&url, &trusting()).unwrap());
    watch.next().await.unwrap();
    watch.next().await.unwrap();
    let port = proxy.stop().await;
    let WatchEvent::Disconnected { reason, .. } = watch.next().await.unwrap() else {
        panic!("the connection is broken");
    };
    assert!(!reason.contains("does not speak TLS"), "{reason}");
    let tls = Some(acceptor(&["h2"]));
    let _proxy = Proxy::start_on(port, tls, running.client.url()).await;
    let event = watch.next().await.unwrap();
    let WatchEvent::Opening { verdict, .. } = event else {
        panic!("{event:?}");
    };
    assert_eq!(verdict, ResumeVerdict::Resumed);
    assert_eq!(running.resumed_after(), [None, Some(1)]);
}

#[tokio::test]
async fn each_fault_of_a_handshake_has_a_name() {
    let running = serve([]).await;
    let proxy = Proxy::secure(running.client.url()).await;
    let plain = running.client.url().replace("http://", "https://");
    assert_eq!(fault(&plain, &trusting()).await, HandshakeFault::NoTls);

    let old = Http1::start().await;
    assert_eq!(fault(&old.url, &trusting()).await, HandshakeFault::NotPlain);

    let here = proxy.url("https", "127.0.0.1", PREFIX);
    let other = ClientOptions {
        ca_file: Some(fixture("bank.pem")),
        ..ClientOptions::default()
    };
    assert_eq!(fault(&here, &other).await, HandshakeFault::UnknownAuthority);

    let named = proxy.url("https", "localhost", PREFIX);
    let fault_of_name = fault(&named, &trusting()).await;
    assert!(
        matches!(&fault_of_name, HandshakeFault::OtherName(text) if text.contains("localhost")),
        "{fault_of_name:?}"
    );

    let old = Proxy::start(Some(acceptor(&["http/1.1"])), running.client.url()).await;
    let old = old.url("https", "127.0.0.1", PREFIX);
    assert_eq!(fault(&old, &trusting()).await, HandshakeFault::NoHttp2);
}

#[tokio::test]
async fn a_command_takes_the_authorities_from_an_option_or_from_the_environment() {
    let running = serve_known(known()).await;
    let proxy = Proxy::secure(running.client.url()).await;
    let url = proxy.url("https", "127.0.0.1", PREFIX);
    let file = fixture("intermediate.pem").display().to_string();
    let convert = ["convert", "-1000.50", "USD", "KZT", "--server", &url];
    let ran = silkrate(&[&convert[..], &["--ca-file", &file]].concat()).await;
    assert!(ran.out.starts_with("-1000.50 USD = "), "{ran:?}");
    let ran = silkrate_in(&[("SILKRATE_CA", &file)], &convert).await;
    assert!(ran.out.starts_with("-1000.50 USD = "), "{ran:?}");

    let operators = operators::serve(held()).await;
    let proxy = Proxy::secure(&operators.url).await;
    let url = proxy.url("https", "127.0.0.1", PREFIX);
    let ran = silkrate(&["held", "--admin", &url, "--ca-file", &file]).await;
    assert!(ran.out.contains("cbu/daily/2026-04-02/TMT"), "{ran:?}");
}

#[tokio::test]
async fn a_command_says_what_to_do_about_a_connection_that_cannot_be_used() {
    let running = serve_known(known()).await;
    let proxy = Proxy::secure(running.client.url()).await;
    let here = proxy.url("https", "127.0.0.1", PREFIX);
    let (good, other) = (fixture("intermediate.pem"), fixture("bank.pem"));
    for (url, file, code, advice) in [
        (
            proxy.url("http", "127.0.0.1", PREFIX),
            &good,
            1,
            // The server ends the connection with an alert, which the client may read or not.
            "https:// if",
        ),
        (
            running.client.url().replace("http://", "https://"),
            &good,
            1,
            "write http://",
        ),
        (here.clone(), &other, 1, "--ca-file FILE or in SILKRATE_CA"),
        (
            proxy.url("https", "localhost", PREFIX),
            &good,
            1,
            "write a name of the certificate",
        ),
        (
            proxy.url("https", "127.0.0.1", "/elsewhere"),
            &good,
            1,
            "the path in the URL",
        ),
        (here, &fixture("bank.key"), 64, "name a PEM file"),
    ] {
        let file = file.display().to_string();
        let ran = silkrate(&["sources", "--server", &url, "--ca-file", &file]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(advice), "{url}: {ran:?}");
    }
}
