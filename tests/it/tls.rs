//! The service over TLS: all ports, its commands, its log and its metrics.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use silkrate::client::{Client, WatchEvent, WatchOptions};
use silkrate::config::TlsFiles;
use silkrate::pb::watch_rates_response::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::april::bank_of_april;
use crate::support::authority::{Authority, demanding};
use crate::support::program::Program;
use crate::support::silkrate::{Silkrate, message, settings, source};

/// The program, without the settings of the machine.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(arguments).stdin(Stdio::null());
    for variable in [
        "SILKRATE_ADMIN_URL",
        "SILKRATE_CA",
        "SILKRATE_CERTIFICATE",
        "SILKRATE_CERTIFICATE_KEY",
    ] {
        command.env_remove(variable);
    }
    command
}

async fn ran(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A connection to a port, without a certificate of its own.
async fn connect(authority: &Authority, address: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(authority.file()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, socket).await.unwrap()
}

/// The certificate that a port shows.
async fn certificate(authority: &Authority, address: &str) -> CertificateDer<'static> {
    let stream = connect(authority, address).await;
    let chain = stream.get_ref().1.peer_certificates();
    chain.unwrap().first().unwrap().clone().into_owned()
}

/// The settings of `Program` for the files of a table.
fn variables(table: &str, files: &TlsFiles) -> Vec<(String, String)> {
    let TlsFiles {
        certificate,
        key,
        client_ca,
    } = files;
    let mut variables = vec![
        (format!("{table}__TLS__CERTIFICATE"), shown(certificate)),
        (format!("{table}__TLS__KEY"), shown(key)),
    ];
    if let Some(client_ca) = client_ca {
        variables.push((format!("{table}__TLS__CLIENT_CA"), shown(client_ca)));
    }
    variables
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    let variables = variables.iter();
    variables.map(|(name, value)| (&**name, &**value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_port_serves_over_tls_and_operators_show_a_certificate() {
    let (authority, operators) = (Authority::new("servers"), Authority::new("operators"));
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    let files = authority.server();
    config.server.tls = Some(files.clone());
    config.web.tls = Some(files.clone());
    config.server.admin_tls = Some(demanding(files, &operators.file()));
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    let ca = shown(&authority.file());

    let arguments = [
        "rates",
        "KZT/USD",
        "--server",
        &silkrate.url,
        "--ca-file",
        &ca,
    ];
    let rates = ran(program(&arguments)).await;
    assert!(text(&rates.stdout).contains("KZT/USD"), "{rates:?}");

    let mut browser = connect(&authority, &silkrate.web.to_string()).await;
    let request = b"GET /v1/rates/KZT/USD HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    browser.write_all(request).await.unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"pair\":\"KZT/USD\""), "{answer}");

    let admin = silkrate.admin_url.replace("http://", "https://");
    let identity = operators.client();
    let own = ["--admin", &admin, "--ca-file", &ca];
    let (certificate, key) = (shown(&identity.certificate_file), shown(&identity.key_file));
    let shows = ["--certificate-file", &certificate, "--key-file", &key];
    let health = ran(program(&[&["health"], &own[..], &shows].concat())).await;
    assert_eq!(
        text(&health.stdout).lines().last(),
        Some("ready"),
        "{health:?}"
    );
    let mut by_variables = program(&[&["held"], &own[..]].concat());
    by_variables.env("SILKRATE_CERTIFICATE", &certificate);
    by_variables.env("SILKRATE_CERTIFICATE_KEY", &key);
    let held = ran(by_variables).await;
    assert_eq!(held.status.code(), Some(0), "{held:?}");
    let refused = ran(program(&[&["held"], &own[..]].concat())).await;
    assert_eq!(refused.status.code(), Some(1));
    let message = text(&refused.stderr);
    // The server ends the connection with an alert, which the client may read or not.
    assert!(message.contains("--certificate-file"), "{message}");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_used_within_seconds_while_a_stream_goes_on() {
    let authority = Authority::new("servers");
    let bank = bank_of_april().await;
    // It lived for years, and ends in ten days.
    let files = authority.server_for(SignedDuration::from_hours(10 * 24));
    let mut variables = variables("SERVER", &files);
    variables.push(("SERVER__HEARTBEAT_INTERVAL".to_owned(), "1s".to_owned()));
    let mut program = Program::start(&bank.url(), &borrowed(&variables)).await;
    let is_warning = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        message.starts_with("the certificate of a port expires soon") && line["port"] == "grpc"
    };
    // It may be logged before the addresses, up to which the log is read.
    if !program.lines.iter().any(is_warning) {
        program.line(is_warning).await;
    }
    let client = Client::with_options(&format!("https://{}", program.grpc), &authority.trusting());
    let options = WatchOptions {
        pairs: vec!["KZT/USD".to_owned()],
        ..WatchOptions::default()
    };
    let mut watch = silkrate::client::Watch::new(client.unwrap(), options);
    while watch.next().await.unwrap() != WatchEvent::Snapshot {}
    let first = certificate(&authority, &program.grpc).await;

    authority.write("server.pem", "");
    program
        .message("kept the certificate of a port: its files cannot be used")
        .await;
    assert_eq!(certificate(&authority, &program.grpc).await, first);
    authority.server();
    let replaced = "replaced the certificate of a port; open connections go on";
    program.message(replaced).await;
    assert_ne!(certificate(&authority, &program.grpc).await, first);
    let mut heartbeats = 0;
    while heartbeats < 3 {
        match watch.next().await.unwrap() {
            WatchEvent::Heartbeat(_) => heartbeats += 1,
            WatchEvent::Update { .. } => {}
            other => panic!("the stream did not go on: {other:?}"),
        }
    }
    program.stop().await;
}

#[tokio::test]
async fn a_reload_of_the_settings_has_a_new_certificate_in_use_when_it_ends_and_no_stream_notices()
{
    let authority = Authority::new("servers");
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.server.tls = Some(authority.server());
    config.server.heartbeat_interval = Duration::from_secs(1);
    let mut silkrate = Silkrate::start(config.clone()).await;
    silkrate.all_attempted().await;
    let address = silkrate.url.replace("https://", "");
    let first = certificate(&authority, &address).await;
    let request = silkrate::pb::WatchRatesRequest::default();
    let stream = silkrate.client.watch_rates(request).await;
    let mut stream = stream.unwrap().into_inner();
    message(&mut stream).await;

    authority.server();
    silkrate.reload(config).await;
    assert_ne!(certificate(&authority, &address).await, first);
    let mut heartbeats = 0;
    while heartbeats < 3 {
        if let (_, Event::Heartbeat(_)) = message(&mut stream).await {
            heartbeats += 1;
        }
    }
    drop(stream);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_certificate_that_clients_probably_refuse_is_warned_of_and_served() {
    let authority = Authority::new("servers");
    let client = authority.client();
    let files = TlsFiles {
        certificate: client.certificate_file,
        key: client.key_file,
        client_ca: None,
    };
    let variables = variables("WEB", &files);
    let mut check = program(&["config", "--check"]);
    for port in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
        check.env(format!("SILKRATE_{port}"), "127.0.0.1:0");
    }
    check.env("SILKRATE_STORE__PATH", ":memory:");
    for (name, value) in &variables {
        check.env(format!("SILKRATE_{name}"), value);
    }
    let checked = ran(check).await;
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let warned = text(&checked.stdout);
    assert!(
        warned.contains("warning: `web.tls.certificate`: ") && warned.contains("serverAuth"),
        "{warned}"
    );
    let bank = bank_of_april().await;
    let mut program = Program::start(&bank.url(), &borrowed(&variables)).await;
    let is_warning = |line: &Value| {
        line["message"] == "clients may refuse the certificate of a port" && line["port"] == "web"
    };
    if !program.lines.iter().any(is_warning) {
        program.line(is_warning).await;
    }
    program.stop().await;
}

#[tokio::test]
async fn a_pair_that_does_not_fit_or_has_expired_keeps_the_service_from_starting() {
    let (authority, other) = (Authority::new("servers"), Authority::new("others"));
    let (files, others) = (authority.server(), other.server());
    let mismatch = TlsFiles {
        key: others.key,
        ..files
    };
    let expired = Authority::new("expired");
    let expired = expired.server_for(SignedDuration::from_hours(-48));
    for (table, files, setting, problem, remedy) in [
        (
            "SERVER",
            &mismatch,
            "server.tls.key",
            "is not that of the first certificate",
            "name the key",
        ),
        (
            "WEB",
            &expired,
            "web.tls.certificate",
            "the certificate expired at",
            "renew the certificate",
        ),
        (
            "ADMIN",
            &expired,
            "admin.tls.certificate",
            "the certificate expired at",
            "renew the certificate",
        ),
    ] {
        for arguments in [&["serve"][..], &["config", "--check"]] {
            let mut command = program(arguments);
            for port in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
                command.env(format!("SILKRATE_{port}"), "127.0.0.1:0");
            }
            command.env("SILKRATE_STORE__PATH", ":memory:");
            for (name, value) in variables(table, files) {
                command.env(format!("SILKRATE_{name}"), value);
            }
            let refused = ran(command).await;
            let message = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(64), "{message}");
            for expected in [setting, problem, remedy] {
                assert!(message.contains(expected), "{arguments:?}: {message}");
            }
        }
    }
}
