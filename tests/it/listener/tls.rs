//! TLS on a listener: handshakes within limits, and HTTP over them as over plain sockets.

mod limits;

use std::sync::Arc;

use jiff::Timestamp;
use prost::Message;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use silkrate::client::{Client, ClientError, ClientOptions, HandshakeFault};
use silkrate::listener::{Limits, Listener, bind};
use silkrate::pb::rate_service_client::RateServiceClient;
use silkrate::pb::rate_service_server::RateServiceServer;
use silkrate::tls::{Certificates, HttpVersions, ServerTls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use super::canned::{Canned, asking, rows};
use super::{PATIENCE, Running, http2, limits, within};
use crate::support::authority::{Authority, demanding};
use crate::support::captured::Captured;

/// The type of a record with an alert.
const ALERT: u8 = 21;
/// The alerts for a version that is not served: for a client that has no other one, and for one that has.
const REFUSALS: [u8; 2] = [40, 70];

/// A server of canned answers over TLS, with the authority of its certificate.
struct Secured {
    running: Running,
    tls: Arc<ServerTls>,
    authority: Authority,
}

impl Secured {
    /// For gRPC, which any client may call.
    fn start(limits: Limits) -> Self {
        Self::start_with(limits, HttpVersions::Http2, None)
    }

    /// Where `clients` is the authority of the clients, if they need a certificate.
    fn start_with(limits: Limits, versions: HttpVersions, clients: Option<&Authority>) -> Self {
        let authority = Authority::new("servers");
        let mut files = authority.server();
        if let Some(clients) = clients {
            files = demanding(files, &clients.file());
        }
        let tls = Arc::new(ServerTls::load(&files, versions, Timestamp::now()).unwrap());
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let (canned, shutdown) = (Canned::default(), CancellationToken::new());
        let listener = Listener::new(socket, limits, shutdown.clone());
        let mut running = Running {
            address,
            canned,
            counts: Arc::default(),
            shutdown,
            tasks: JoinSet::new(),
        };
        let listener = listener.counted(Arc::clone(&running.counts));
        let listener = listener.secured(Some(Arc::clone(&tls)));
        let routes = Routes::new(RateServiceServer::new(running.canned.clone()));
        let draining = running.shutdown.clone();
        let connection = move |socket| http2(socket, routes.clone(), draining.clone());
        running.tasks.spawn(listener.serve(connection));
        Self {
            running,
            tls,
            authority,
        }
    }

    fn url(&self) -> String {
        format!("https://{}", self.running.address)
    }

    async fn client(&self) -> RateServiceClient<Channel> {
        let pem = std::fs::read(self.authority.file()).unwrap();
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
        let channel = Channel::from_shared(self.url()).unwrap();
        let channel = channel.tls_config(tls).unwrap().connect().await.unwrap();
        RateServiceClient::new(channel).max_decoding_message_size(16 * 1024 * 1024)
    }

    /// The fault of a client's call, which fails.
    async fn fault(&self, options: &ClientOptions) -> HandshakeFault {
        let client = Client::with_options(&self.url(), options).unwrap();
        match within(client.sources()).await {
            Err(ClientError::Handshake { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the handshakes with an outcome are as many.
    async fn counted(&self, outcome: &str, wanted: u64) {
        let count = || {
            let counts = self.tls.counts.by_outcome();
            let found = counts.into_iter().find(|(name, _)| *name == outcome);
            found.expect("it is an outcome").1.get()
        };
        let reached = async {
            while count() != wanted {
                tokio::task::yield_now().await;
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "{:?}", self.tls.counts.by_outcome());
    }

    /// A secure connection of a client that offers these versions, with its first bytes not yet sent.
    async fn connect(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        offered: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let authority = silkrate_authority(&self.authority);
        roots.add(authority).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = offered
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let socket = TcpStream::connect(self.running.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        within(connector.connect(name, socket)).await
    }

    async fn stop(self) {
        self.running.stop().await;
    }
}

fn silkrate_authority(authority: &Authority) -> rustls::pki_types::CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::from_pem_file(authority.file()).unwrap()
}

/// What a client of TLS 1.2 says first, with another version in it: 1.1 is `[3, 2]`.
fn hello(version: [u8; 2]) -> Vec<u8> {
    // A random number, no session, two suites, no compression, no extensions.
    let body = [
        &version[..],
        &[7; 32],
        &[0, 0, 4, 0, 0x2f, 0xc0, 0x13, 1, 0],
    ]
    .concat();
    let length = u8::try_from(body.len()).unwrap();
    let message = [&[1, 0, 0, length][..], &body].concat();
    let length = u8::try_from(message.len()).unwrap();
    [&[22, 3, 1, 0, length][..], &message].concat()
}

#[tokio::test]
async fn a_response_many_times_the_buffer_arrives_byte_for_byte_over_tls() {
    let secured = Secured::start(limits());
    let mut client = secured.client().await;
    let answer = within(client.get_snapshot(asking(20_000))).await;
    let answer = answer.unwrap().into_inner().encode_to_vec();
    let expected = rows(20_000).encode_to_vec();
    assert!(expected.len() > 1024 * 1024, "{} bytes", expected.len());
    assert!(answer == expected, "the answer differs");
    for _request in 0..100 {
        within(client.get_snapshot(asking(5))).await.unwrap();
    }
    drop(client);
    secured.counted("completed", 1).await;
    secured.stop().await;
}

#[tokio::test]
async fn the_version_of_http_is_the_first_that_both_sides_offer() {
    let both = Secured::start_with(limits(), HttpVersions::Http2AndHttp1, None);
    let grpc = Secured::start(limits());
    for (secured, offered, agreed) in [
        (&both, &["h2", "http/1.1"][..], Some("h2")),
        (&both, &["http/1.1", "h2"], Some("h2")),
        (&both, &["http/1.1"], Some("http/1.1")),
        (&both, &[], None),
        (&grpc, &["http/1.1", "h2"], Some("h2")),
        (&grpc, &[], None),
    ] {
        let stream = secured.connect(rustls::DEFAULT_VERSIONS, offered).await;
        let stream = stream.unwrap();
        let alpn = stream.get_ref().1.alpn_protocol();
        assert_eq!(alpn, agreed.map(str::as_bytes), "{offered:?}");
    }
    let refused = grpc.connect(rustls::DEFAULT_VERSIONS, &["http/1.1"]).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("NoApplicationProtocol"),
        "an alert says that HTTP/2 is needed"
    );
    grpc.counted("incompatible", 1).await;
    both.stop().await;
    grpc.stop().await;
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_served_and_1_1_is_refused_with_an_alert() {
    let secured = Secured::start(limits());
    for (version, number) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let stream = secured.connect(&[version], &["h2"]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(number));
    }
    let mut old = TcpStream::connect(secured.running.address).await.unwrap();
    old.write_all(&hello([3, 2])).await.unwrap();
    let mut answer = Vec::new();
    within(old.read_to_end(&mut answer)).await.unwrap();
    let [ALERT, _, _, 0, 2, _, description] = answer[..] else {
        panic!("{answer:?}");
    };
    assert!(REFUSALS.contains(&description), "{answer:?}");
    secured.counted("incompatible", 1).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_peer_without_tls_gets_the_reason_in_its_own_protocol() {
    let secured = Secured::start(limits());
    let mut browser = TcpStream::connect(secured.running.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n";
    browser.write_all(request).await.unwrap();
    let mut answer = String::new();
    within(browser.read_to_string(&mut answer)).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(
        answer.ends_with("write https:// in place of http://\n"),
        "{answer}"
    );

    let plain = Client::new(&secured.url().replace("https://", "http://")).unwrap();
    let refused = within(plain.sources()).await.unwrap_err();
    let ClientError::Handshake { fault, .. } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(fault, HandshakeFault::NotPlain);
    secured.counted("plain", 2).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_client_needs_a_certificate_of_the_authority_where_one_is_demanded() {
    let (clients, strangers) = (Authority::new("clients"), Authority::new("strangers"));
    let secured = Secured::start_with(limits(), HttpVersions::Http2, Some(&clients));
    let without = secured.authority.trusting();
    let with = |identity| ClientOptions {
        identity: Some(identity),
        ..without.clone()
    };
    let known = Client::with_options(&secured.url(), &with(clients.client())).unwrap();
    // The canned service has no sources, and says so: the call has reached it.
    let answer = within(known.sources()).await;
    assert!(
        matches!(answer, Err(ClientError::Refused { .. }) | Ok(_)),
        "{answer:?}"
    );
    assert_eq!(
        secured.fault(&without).await,
        HandshakeFault::NoClientCertificate
    );
    let fault = secured.fault(&with(strangers.client())).await;
    assert!(
        matches!(fault, HandshakeFault::ClientCertificate(_)),
        "{fault:?}"
    );
    // That of a server is no certificate of a client.
    let server = clients.server();
    let other = silkrate::client::ClientIdentity {
        certificate_file: server.certificate,
        key_file: server.key,
    };
    let fault = secured.fault(&with(other)).await;
    assert!(
        matches!(fault, HandshakeFault::ClientCertificate(_)),
        "{fault:?}"
    );
    secured.counted("client_certificate", 3).await;
    secured.counted("completed", 1).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_port_is_counted_as_a_refusal() {
    let secured = Secured::start(limits());
    let other = Authority::new("another");
    let fault = secured.fault(&other.trusting()).await;
    assert_eq!(fault, HandshakeFault::UnknownAuthority);
    secured.counted("refused", 1).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_in_use_at_once_and_no_stream_notices() {
    let captured = Captured::start();
    let logged = |beginning: &str| {
        let messages = captured.messages().into_iter();
        messages
            .filter(|message| message.starts_with(beginning))
            .count()
    };
    let secured = Secured::start(limits());
    let certificates = Certificates::new([("grpc", Arc::clone(&secured.tls))]);
    let shown = async || {
        let stream = secured.connect(rustls::DEFAULT_VERSIONS, &["h2"]).await;
        let stream = stream.unwrap();
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        chain[0].clone()
    };
    let first = shown().await;
    let mut watcher = secured.client().await;
    let request = silkrate::pb::WatchRatesRequest::default();
    let mut stream = watcher.watch_rates(request).await.unwrap().into_inner();
    assert!(within(stream.message()).await.unwrap().is_some());

    secured.authority.write("server.pem", "not a certificate");
    for _check in 0..3 {
        certificates.reload().await;
    }
    assert_eq!(shown().await, first, "what works is kept");
    let kept = "kept the certificate of a port";
    assert_eq!(logged(kept), 1, "files that stay wrong are logged once");

    // As a program that renews certificates does it: one file, then the other.
    let first_key = std::fs::read_to_string(secured.authority.path("server.key")).unwrap();
    secured.authority.server();
    let new_key = std::fs::read_to_string(secured.authority.path("server.key")).unwrap();
    secured.authority.write("server.key", &first_key);
    certificates.reload().await;
    assert_eq!(logged(kept), 1, "the key may be replaced within a moment");
    certificates.reload().await;
    certificates.reload().await;
    assert_eq!(logged(kept), 2, "it was not, which is logged once");
    assert_eq!(shown().await, first);
    secured.authority.write("server.key", &new_key);
    certificates.reload().await;
    assert_eq!(logged("replaced the certificate of a port"), 1);
    assert_ne!(shown().await, first);
    for _ in 0..100 {
        assert!(within(stream.message()).await.unwrap().is_some());
    }
    drop((stream, watcher));
    secured.stop().await;
}
