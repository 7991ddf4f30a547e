//! Who the service takes a caller for: behind no proxy, behind one that it trusts, and behind one that it does not.

mod memory;
mod named;
mod quotas;
mod shares;

use std::convert::Infallible;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::service::service_fn;
use jiff::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use silkrate::callers::{Caller, TrustedProxies};
use silkrate::listener::{Admission, Limits, Listener, RequestBody, bind};
use silkrate::telemetry::PortCounts;
use silkrate::tls::{HttpVersions, ServerTls};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

use crate::support::authority::Authority;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// The beginning of every header of version 2 that acts for a client.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21";

/// A port that answers each request with its caller.
struct Echo {
    address: SocketAddr,
    counts: Arc<PortCounts>,
    tasks: JoinSet<()>,
}

impl Echo {
    fn start(limits: Limits, proxies: &[&str], tls: Option<Arc<ServerTls>>) -> Self {
        let admission = Admission {
            proxies: trusted(proxies),
            ..Admission::default()
        };
        Self::admitting(limits, admission, tls)
    }

    /// One that gives a client this many connections.
    fn with_share(limits: Limits, proxies: &[&str], each: Option<u32>) -> Self {
        let admission = Admission {
            proxies: trusted(proxies),
            connections_per_client_max: each,
            ..Admission::default()
        };
        Self::admitting(limits, admission, None)
    }

    fn admitting(limits: Limits, admission: Admission, tls: Option<Arc<ServerTls>>) -> Self {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let (address, counts) = (socket.local_addr().unwrap(), Arc::<PortCounts>::default());
        let listener = Listener::new(socket, limits, CancellationToken::new())
            .counted(Arc::clone(&counts))
            .secured(tls)
            .admitting(admission);
        let answer = async |request: Request<RequestBody>| {
            let caller = request.extensions().get::<Caller>().unwrap();
            let proxy = caller
                .proxy()
                .map_or_else(String::new, |proxy| format!(" by {}", proxy.ip()));
            let text = format!("{}{proxy}", caller.address());
            Ok::<_, Infallible>(Response::new(Body::new(text)))
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(listener.serve_http(service_fn(answer)));
        Self {
            address,
            counts,
            tasks,
        }
    }

    /// The caller of a request with these headers, on a connection that begins with these bytes.
    async fn caller(&self, first: &[u8], headers: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(first).await.unwrap();
        exchange(socket, headers).await
    }

    fn refused(&self) -> u64 {
        self.counts.refused.malformed_proxy_header.get()
    }
}

fn trusted(proxies: &[&str]) -> TrustedProxies {
    let proxies: Vec<String> = proxies.iter().copied().map(str::to_owned).collect();
    TrustedProxies::parse(&proxies).unwrap()
}

/// The body of the answer to a request, or the whole of it if it is a refusal.
async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, headers: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nhost: rates\r\nconnection: close\r\n{headers}\r\n");
    let exchanged = async {
        socket.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let exchanged = tokio::time::timeout(PATIENCE, exchanged).await.unwrap();
    let answer = exchanged.unwrap_or_else(|error| format!("{:?}", error.kind()));
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => body.to_owned(),
        _ => answer,
    }
}

/// A PROXY header of a connection over IP version 4, with a field after the addresses.
fn header_of_v4(client: [u8; 4]) -> Vec<u8> {
    let ports = [0x12, 0x34, 0x1f, 0x90];
    let field = [0xE0, 0, 2, 7, 7];
    [
        SIGNATURE,
        &[0x11, 0, 17],
        &client,
        &[10, 0, 0, 1],
        &ports,
        &field,
    ]
    .concat()
}

fn header_of_v6(client: &str) -> Vec<u8> {
    let client = client.parse::<Ipv6Addr>().unwrap().octets();
    let own = Ipv6Addr::LOCALHOST.octets();
    [
        SIGNATURE,
        &[0x21, 0, 36],
        &client,
        &own,
        &[0x12, 0x34, 0x1f, 0x90],
    ]
    .concat()
}

#[tokio::test]
async fn the_caller_is_the_peer_whatever_its_headers_say_unless_it_is_a_trusted_proxy() {
    let lie = "x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\n";
    for proxies in [&[][..], &["10.0.0.0/8"]] {
        let port = Echo::start(Limits::new(10), proxies, None);
        assert_eq!(port.caller(b"", lie).await, "127.0.0.1");
    }
    let port = Echo::start(Limits::new(10), &["127.0.0.1", "10.0.0.0/8"], None);
    for (headers, expected) in [
        ("", "127.0.0.1"),
        (
            "x-forwarded-for: 198.51.100.1, 203.0.113.9\r\n",
            "203.0.113.9 by 127.0.0.1",
        ),
        (
            "x-forwarded-for: 203.0.113.9, 10.0.0.2\r\n",
            "203.0.113.9 by 127.0.0.1",
        ),
        (
            "forwarded: for=\"[2001:db8::9]:80\"\r\n",
            "2001:db8::9 by 127.0.0.1",
        ),
        ("x-forwarded-for: unknown\r\n", "127.0.0.1"),
        (
            "x-forwarded-for: 203.0.113.9\r\nforwarded: for=198.51.100.1\r\n",
            "127.0.0.1",
        ),
    ] {
        assert_eq!(port.caller(b"", headers).await, expected, "{headers}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_its_client_in_a_proxy_header() {
    let port = Echo::start(Limits::new(10), &["127.0.0.1", "10.0.0.0/8"], None);
    for (header, expected) in [
        (header_of_v4([203, 0, 113, 9]), "203.0.113.9 by 127.0.0.1"),
        (header_of_v6("2001:db8::9"), "2001:db8::9 by 127.0.0.1"),
        (
            header_of_v6("::ffff:203.0.113.9"),
            "203.0.113.9 by 127.0.0.1",
        ),
        // The proxy looks whether the port answers: it acts for no client.
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec(), "127.0.0.1"),
        (b"".to_vec(), "127.0.0.1"),
    ] {
        assert_eq!(port.caller(&header, "").await, expected, "{header:?}");
    }
    // One proxy behind another: the header names the second one, whose headers name the client.
    let of_proxy = header_of_v4([10, 0, 0, 2]);
    let named = port
        .caller(&of_proxy, "x-forwarded-for: 203.0.113.9\r\n")
        .await;
    assert_eq!(named, "203.0.113.9 by 127.0.0.1");
    // A client that the header names may say what it likes.
    let of_client = header_of_v4([198, 51, 100, 1]);
    let named = port
        .caller(&of_client, "x-forwarded-for: 203.0.113.9\r\n")
        .await;
    assert_eq!(named, "198.51.100.1 by 127.0.0.1");
    assert_eq!(port.refused(), 0);
}

#[tokio::test]
async fn a_proxy_header_that_comes_in_pieces_is_read_as_one() {
    let port = Echo::start(Limits::new(10), &["127.0.0.1"], None);
    let mut socket = TcpStream::connect(port.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for byte in header_of_v4([203, 0, 113, 9]) {
        socket.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(exchange(socket, "").await, "203.0.113.9 by 127.0.0.1");
}

#[tokio::test]
async fn a_proxy_header_of_a_peer_that_is_not_trusted_is_a_malformed_request() {
    let port = Echo::start(Limits::new(10), &["10.0.0.0/8"], None);
    let answer = port.caller(&header_of_v4([203, 0, 113, 9]), "").await;
    assert!(
        answer.starts_with("HTTP/1.1 400") || answer == "ConnectionReset",
        "{answer}"
    );
    assert_eq!(port.refused(), 0);
}

#[tokio::test]
async fn a_proxy_header_that_cannot_be_read_ends_the_connection_and_is_counted() {
    let port = Echo::start(Limits::new(10), &["127.0.0.1"], None);
    let mut long = header_of_v4([203, 0, 113, 9]);
    long[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    let mut version_3 = header_of_v4([203, 0, 113, 9]);
    version_3[12] = 0x31;
    let mut short = header_of_v4([203, 0, 113, 9]);
    short[14..16].copy_from_slice(&4_u16.to_be_bytes());
    let broken = [
        long,
        version_3,
        short,
        b"\r\n\r\nGET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for (count, header) in (1..).zip(broken) {
        let answer = port.caller(&header, "").await;
        assert!(answer.is_empty() || answer == "ConnectionReset", "{answer}");
        assert_eq!(port.refused(), count, "{header:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_that_does_not_end_its_header_is_disconnected_as_a_silent_peer() {
    let limits = Limits {
        first_bytes_timeout: Duration::from_millis(200),
        ..Limits::new(10)
    };
    for said in [&b""[..], b"\r\n\r\n", &header_of_v4([203, 0, 113, 9])[..20]] {
        let port = Echo::start(limits, &["127.0.0.1"], None);
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        socket.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let ended = socket.read_to_end(&mut answer);
        drop(tokio::time::timeout(PATIENCE, ended).await.unwrap());
        assert_eq!(port.counts.silent.get(), 1, "{said:?}");
        drop(port.tasks);
    }
}

#[tokio::test]
async fn a_proxy_header_comes_before_the_handshake_of_tls() {
    let authority = Authority::new("servers");
    let versions = HttpVersions::Http2AndHttp1;
    let tls = ServerTls::load(&authority.server(), versions, Timestamp::now()).unwrap();
    let port = Echo::start(Limits::new(10), &["127.0.0.1"], Some(Arc::new(tls)));
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(authority.file()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for (header, expected) in [
        (header_of_v4([203, 0, 113, 9]), "203.0.113.9 by 127.0.0.1"),
        (Vec::new(), "127.0.0.1"),
    ] {
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        socket.write_all(&header).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let secured = connector.connect(name, socket).await.unwrap();
        assert_eq!(exchange(secured, "").await, expected);
    }
}
