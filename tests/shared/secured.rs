//! Servers of etcd that demand a certificate, and users with the rights of `deploy/etcd/roles.sh`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use silkrate::app::App;
use silkrate::shared::etcd::{Etcd, Servers};
use silkrate::shared::log::{Appended, Log, LogError};
use tempfile::TempDir;
use tokio::process::Command;

use crate::replicas::PATIENCE;
use crate::server::Server;
use crate::service::{Service, config};

/// A lease that does not end within a test.
const LONG: Duration = Duration::from_secs(600);

/// An authority, and a folder with a certificate of it for servers and one for replicas.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        let names = &mut parameters.distinguished_name;
        names.push(DnType::CommonName, "the authority of the test");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap());
        let (issuer, folder) = (issuer.unwrap(), TempDir::new().unwrap());
        let certificates = Self { folder };
        std::fs::write(certificates.path("ca.pem"), issuer.pem()).unwrap();
        for name in ["server", "replica"] {
            let key = KeyPair::generate().unwrap();
            let mut parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            // etcd calls itself with its own certificate.
            parameters.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
            let signed = parameters.signed_by(&key, &issuer).unwrap();
            let write = |kind: &str, text: &str| {
                std::fs::write(certificates.path(&format!("{name}.{kind}")), text).unwrap();
            };
            write("pem", &signed.pem());
            write("key", &key.serialize_pem());
        }
        certificates
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A server that speaks TLS, and demands a certificate.
    async fn server(&self) -> Server {
        let [ca, certificate, key] =
            ["ca.pem", "server.pem", "server.key"].map(|name| self.text(name));
        Server::start_with(
            "https",
            &[
                "--client-cert-auth",
                "--trusted-ca-file",
                &ca,
                "--cert-file",
                &certificate,
                "--key-file",
                &key,
            ],
        )
        .await
    }
}

/// Runs a program that talks to a server.
async fn run(server: &Server, variables: &[(&str, &str)], command: &[&str]) {
    let [program, arguments @ ..] = command else {
        panic!("no program");
    };
    let output = Command::new(program)
        .args(arguments)
        .env("ETCDCTL_API", "3")
        .env("ETCDCTL_ENDPOINTS", &server.url)
        .envs(variables.iter().copied())
        .output();
    let output = output
        .await
        .expect("etcdctl is of Debian's package `etcd-client`");
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// Makes the users of a log, and lets the server obey them. The passwords are in the files `lead` and `edge` of the folder.
async fn with_users(server: &Server, variables: &[(&str, &str)], name: &str, folder: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/etcd/roles.sh");
    let files = ["lead", "edge"].map(|user| {
        let path = folder.join(user);
        std::fs::write(&path, format!("of-the-{user}\n")).unwrap();
        path.display().to_string()
    });
    let command = ["sh", script, name, &files[0], &files[1]];
    run(server, variables, &command).await;
    // A second time it changes nothing.
    run(server, variables, &command).await;
    run(
        server,
        variables,
        &["etcdctl", "user", "add", "root:of-root"],
    )
    .await;
    let grant = ["etcdctl", "user", "grant-role", "root", "root"];
    run(server, variables, &grant).await;
    run(server, variables, &["etcdctl", "auth", "enable"]).await;
}

#[tokio::test]
async fn the_script_of_the_roles_says_that_etcd_is_not_reached() {
    let folder = TempDir::new().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/etcd/roles.sh");
    let file = folder.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let output = Command::new("sh")
        .args([script, "main"])
        .args([&file, &file])
        // Nothing answers there.
        .env("ETCDCTL_ENDPOINTS", "http://127.0.0.1:9")
        .output();
    let output = output.await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.starts_with("roles.sh: etcd at http://127.0.0.1:9 does not list its roles"),
        "{said}"
    );
}

/// A log as one of the two users sees it.
fn log_of(server: &Server, user: &str, log: &str) -> Log {
    let servers = Servers {
        urls: vec![server.url.clone()],
        credentials: Some((format!("silkrate-{user}-main"), format!("of-the-{user}"))),
        ..Servers::default()
    };
    Log::Etcd(Etcd::new(servers, log).unwrap())
}

fn is_refused<T: std::fmt::Debug>(answer: Result<T, LogError>) {
    assert!(matches!(&answer, Err(LogError::Refused(_))), "{answer:?}");
}

#[tokio::test]
async fn an_edge_reads_the_log_and_cannot_append_take_or_end_the_lead_or_read_another_log() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    with_users(&server, &[], "main", folder.path()).await;
    let (lead, edge) = (
        log_of(&server, "lead", "main"),
        log_of(&server, "edge", "main"),
    );
    let term = lead.lead(b"one", LONG).await.unwrap().unwrap();
    let appended = lead.append(&term, 1, b"first").await;
    assert_eq!(appended, Ok(Appended::Written));
    assert_eq!(lead.set_state(&term, b"state").await, Ok(true));

    let page = edge.read(0, 10).await.unwrap();
    assert_eq!(page.records.len(), 1);
    assert!(edge.follow(page.moment).await.is_ok());
    assert!(edge.leader().await.unwrap().is_some());
    assert!(edge.state().await.unwrap().is_some());
    is_refused(edge.append(&term, 2, b"second").await);
    is_refused(edge.set_state(&term, b"other").await);
    is_refused(edge.step_down(&term).await);
    assert_eq!(lead.keep(&term).await, Ok(true));
    for user in ["lead", "edge"] {
        let other = log_of(&server, user, "other");
        is_refused(other.read(0, 10).await);
        is_refused(other.lead(b"two", LONG).await);
    }
    lead.step_down(&term).await.unwrap();
    is_refused(edge.lead(b"edge", LONG).await);
    let stranger = Servers {
        urls: vec![server.url.clone()],
        credentials: Some(("silkrate-edge-main".to_owned(), "another".to_owned())),
        ..Servers::default()
    };
    let stranger = Log::Etcd(Etcd::new(stranger, "main").unwrap());
    is_refused(stranger.read(0, 10).await);
}

/// The settings with which a replica reaches a server that demands a certificate and a user.
fn settings(certificates: &Certificates, user: &str, folder: &Path) -> Vec<(String, String)> {
    let role = if user == "lead" { "auto" } else { "follower" };
    let settings = [
        ("CA", certificates.text("ca.pem")),
        ("CERTIFICATE", certificates.text("replica.pem")),
        ("KEY", certificates.text("replica.key")),
        ("USER", format!("silkrate-{user}-main")),
        ("PASSWORD_FILE", folder.join(user).display().to_string()),
        ("ROLE", role.to_owned()),
    ];
    let settings = settings.into_iter();
    settings
        .map(|(name, value)| (format!("SHARED__{name}"), value))
        .collect()
}

#[tokio::test]
async fn replicas_follow_over_tls_with_a_certificate_and_the_password_of_their_role() {
    let (certificates, folder) = (Certificates::new(), TempDir::new().unwrap());
    let server = certificates.server().await;
    let [ca, certificate, key] =
        ["ca.pem", "replica.pem", "replica.key"].map(|name| certificates.text(name));
    let variables = [
        ("ETCDCTL_CACERT", &*ca),
        ("ETCDCTL_CERT", &*certificate),
        ("ETCDCTL_KEY", &*key),
    ];
    with_users(&server, &variables, "main", folder.path()).await;
    let config = |node: &str, user: &str| {
        let more = settings(&certificates, user, folder.path());
        config(folder.path(), node, Some(&server), &more)
    };
    let leader = Service::of(config("first", "lead")).await;
    leader.file("2026-04-01", "475.00").await;
    let edge = Service::of(config("second", "edge")).await;
    edge.until_as(&leader).await;
    assert_eq!(edge.snapshot().await, leader.snapshot().await);
    leader.stop().await;
    edge.stop().await;

    let mut more = settings(&certificates, "edge", folder.path());
    more.retain(|(name, _)| !["SHARED__CERTIFICATE", "SHARED__KEY"].contains(&&**name));
    let stranger = Service::of(self::config(folder.path(), "third", Some(&server), &more)).await;
    let advice = "set `shared.certificate` and `shared.key`";
    let mut replica = stranger.board.watch_replica();
    let told = replica.wait_for(|replica| {
        let detached = replica
            .as_ref()
            .and_then(|replica| replica.detached.as_ref());
        detached.is_some_and(|detached| detached.reason.contains(advice))
    });
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(told.is_ok(), "{:?}", stranger.board.replica());
    drop(stranger);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_stops_the_start_and_is_named_with_its_setting() {
    let (certificates, folder) = (Certificates::new(), TempDir::new().unwrap());
    std::fs::write(folder.path().join("lead"), "\n").unwrap();
    let server = certificates.server().await;
    let mut more = settings(&certificates, "lead", folder.path());
    let refused = App::bind(config(folder.path(), "first", Some(&server), &more)).await;
    let refused = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("shared.password_file"), "{refused}");
    assert!(refused.contains("no password in it"), "{refused}");
    std::fs::write(folder.path().join("lead"), "of-the-lead\n").unwrap();
    for (name, value) in &mut more {
        if name == "SHARED__CERTIFICATE" {
            *value = certificates.text("replica.key");
        }
    }
    let refused = App::bind(config(folder.path(), "first", Some(&server), &more)).await;
    let refused = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("shared.certificate"), "{refused}");
}
