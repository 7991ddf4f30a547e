//! Certificates: a bank that does not send its intermediate certificate, and the file that adds it.
//!
//! Only a client that trusts the intermediate certificate of the fixtures trusts the bank.

use std::path::PathBuf;

use silkrate::config::{CertificateAuthorities, Http};
use silkrate::fetch::{FetchError, FetchResponse, Fetcher, Validators};
use silkrate::sources::ApiKeyPlacement;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::poller::fetch::{PATH, limits, settings};
use crate::support::scripted::answer_bytes;
use crate::support::tls::{acceptor, fixture};

/// A bank that sends its own certificate alone, and answers every request with a document.
struct TlsBank {
    base_url: String,
    _task: JoinSet<()>,
}

impl TlsBank {
    async fn start() -> Self {
        let acceptor = acceptor(&["http/1.1"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://{}", listener.local_addr().unwrap());
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate ends the handshake.
                let Ok(mut socket) = acceptor.accept(socket).await else {
                    continue;
                };
                if socket.read(&mut [0; 4096]).await.is_ok() {
                    let document = answer_bytes("200 OK", &["Connection: close"], b"<rates/>");
                    socket.write_all(&document).await.unwrap();
                    socket.shutdown().await.unwrap();
                }
            }
        });
        Self {
            base_url,
            _task: task,
        }
    }

    async fn get(&self, http: Http, extra_ca: &[PathBuf]) -> Result<FetchResponse, FetchError> {
        let mut settings = settings(&self.base_url, ApiKeyPlacement::Open);
        settings.extra_ca = extra_ca.to_vec();
        let fetcher = Fetcher::new(&http, &settings)?;
        fetcher.get(PATH, &Validators::default()).await
    }
}

#[tokio::test]
async fn a_missing_intermediate_certificate_is_added_for_one_source_or_for_all() {
    let bank = TlsBank::start().await;
    let added = [fixture("intermediate.pem")];
    let error = bank.get(limits(), &[]).await.unwrap_err();
    assert!(matches!(error, FetchError::Certificate(_)), "{error:?}");

    let for_all = Http {
        extra_ca: added.to_vec(),
        ..limits()
    };
    assert!(bank.get(limits(), &added).await.is_ok());
    assert!(bank.get(for_all, &[]).await.is_ok());
}

#[tokio::test]
async fn a_file_in_place_of_the_authorities_is_the_only_one_that_is_trusted() {
    let bank = TlsBank::start().await;
    let alone = |name| Http {
        ca: CertificateAuthorities::File(fixture(name)),
        ..limits()
    };
    assert!(bank.get(alone("intermediate.pem"), &[]).await.is_ok());
    let other = bank
        .get(alone("bank.pem"), &[fixture("intermediate.pem")])
        .await;
    assert!(other.is_ok(), "what is added counts beside it: {other:?}");
    let error = bank
        .get(limits(), &[fixture("bank.key")])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, FetchError::Authorities(text) if text.contains("bank.key")),
        "{error:?}"
    );
}
