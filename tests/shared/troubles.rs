//! What a replica says of what troubles it: other settings than those of the one that leads, and an etcd without space.

use std::process::Stdio;

use silkrate::board::Replica;
use silkrate::shared::log::{Log, LogError};
use tempfile::TempDir;
use tokio::process::Command;

use crate::replicas::PATIENCE;
use crate::server::Server;
use crate::service::{Service, config};

/// Waits until a replica says this of its troubles.
async fn until(service: &Service, is_so: impl Fn(Option<&str>) -> bool) {
    let mut replica = service.board.watch_replica();
    let is_so = |known: &Option<Replica>| {
        known
            .as_ref()
            .is_some_and(|replica| is_so(replica.troubles.as_deref()))
    };
    let there = tokio::time::timeout(PATIENCE, replica.wait_for(is_so)).await;
    assert!(there.is_ok(), "{:?}", service.board.replica());
}

/// What the command prints of the replica at this address.
async fn printed(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    let output = command.args(arguments).output().await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8(printed).unwrap()
}

#[tokio::test]
async fn a_replica_whose_ticker_is_not_that_of_the_one_that_leads_says_so() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let first = Service::of(config(folder.path(), "first", Some(&server), &[])).await;
    first.file("2026-04-01", "475.00").await;
    let other = [("TICKER__PAIRS".to_owned(), "EUR/KZT".to_owned())];
    let second = Service::of(config(folder.path(), "second", Some(&server), &other)).await;
    let remark = "`ticker.pairs` is not that of `first`, which leads";
    until(&second, |troubles| {
        troubles.is_some_and(|troubles| troubles.starts_with(remark))
    })
    .await;
    assert_eq!(first.board.replica().unwrap().troubles, None);
    let page = printed(&["shared", "--admin", &second.admin]).await;
    assert!(page.contains(&format!("second: {remark}")), "{page}");
    let page = printed(&["health", "--admin", &second.admin]).await;
    assert!(page.contains(&format!("[+] replica: {remark}")), "{page}");
    second.stop().await;
    first.stop().await;
}

/// Writes until nothing more fits.
async fn fill(log: &Log) {
    let lead = log
        .lead(b"filler", std::time::Duration::from_secs(60))
        .await;
    let lead = lead.unwrap().unwrap();
    let bytes = vec![7; 256 * 1024];
    for seq in 1.. {
        match log.append(&lead, seq, &bytes).await {
            Ok(_) => {}
            Err(LogError::Refused(reason)) => {
                assert!(reason.contains("database space exceeded"), "{reason}");
                return;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn etcdctl(server: &Server, arguments: &[&str]) -> String {
    let output = Command::new("etcdctl")
        .args(["--endpoints", &server.url])
        .args(arguments)
        .env("ETCDCTL_API", "3")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("etcdctl is of Debian's package `etcd-client`");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {printed}");
    printed
}

#[tokio::test]
async fn an_etcd_without_space_is_reported_and_what_is_advised_helps() {
    let quota = ["--quota-backend-bytes", "4194304"];
    let server = Server::start_with("http", &quota).await;
    let folder = TempDir::new().unwrap();
    let service = Service::of(config(folder.path(), "first", Some(&server), &[])).await;
    service.file("2026-04-01", "475.00").await;
    fill(&server.log("filler")).await;
    let refused = service.try_to_file("2026-04-02", "476.00").await;
    assert!(refused.is_err(), "{refused:?}");
    let has_no_space = |troubles: Option<&str>| {
        troubles.is_some_and(|troubles| {
            troubles.contains("database space exceeded")
                && troubles.contains("etcdctl alarm disarm")
        })
    };
    until(&service, has_no_space).await;
    let page = printed(&["shared", "--admin", &service.admin]).await;
    assert!(page.contains("database space exceeded"), "{page}");

    etcdctl(&server, &["del", "--prefix", "/silkrate/filler/"]).await;
    let status = etcdctl(&server, &["endpoint", "status", "--write-out", "json"]).await;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let revision = status[0]["Status"]["header"]["revision"].to_string();
    etcdctl(&server, &["compact", &revision]).await;
    etcdctl(&server, &["defrag"]).await;
    etcdctl(&server, &["alarm", "disarm"]).await;
    service.file("2026-04-02", "476.00").await;
    until(&service, |troubles| troubles.is_none()).await;
    service.stop().await;
}
