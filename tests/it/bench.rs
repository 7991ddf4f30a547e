//! `silkrate bench`, against a running service.

use std::process::Stdio;

use silkrate::access::Scope;
use tokio::process::Command;

use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::keys::Keys;
use crate::support::silkrate::{Silkrate, settings};
use crate::support::tls::fixture;

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.arg("bench").args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The number in the row of a figure.
fn figure(table: &str, name: &str) -> u64 {
    let row = table.lines().find_map(|line| line.strip_prefix(name));
    let row = row.unwrap_or_else(|| panic!("no {name} in {table}"));
    row.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn calls_are_made_and_counted() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let load = [
        "unary",
        "--connections",
        "2",
        "--streams",
        "3",
        "--seconds",
        "1",
        "--pairs",
        "KZT/USD,*/EUR",
        "--server",
        &silkrate.url,
    ];
    let ran = bench(&load).output().await.unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{text}");
    let calls = figure(&text, "calls  ");
    assert!(calls >= 6, "{text}");
    assert!(figure(&text, "bytes per call") > 50, "{text}");
    assert!(
        figure(&text, "latency p50") <= figure(&text, "latency max") * 1000,
        "{text}"
    );
    silkrate.finish().await;
}

#[tokio::test]
async fn every_subscriber_is_counted_as_it_receives_a_revision() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let load = [
        "fanout",
        "--connections",
        "2",
        "--streams",
        "5",
        "--seconds",
        "2",
        "--pairs",
        "USD/KZT",
        "--server",
        &silkrate.url,
    ];
    let mut running = bench(&load).spawn().unwrap();
    // The bank corrects its dollar again and again, for as long as the load runs.
    let mut cents = 10;
    while running.try_wait().unwrap().is_none() {
        let value = format!("475.{cents}");
        cents = if cents == 99 { 10 } else { cents + 1 };
        let document = nbk("02.04.2026", (&value, "-3.68"), ("3.91", "-0.02"));
        bank.publish(&[
            (nbk_path("02.04.2026"), document.clone()),
            (nbk_path("03.04.2026"), document),
        ]);
        let dollar = silkrate::domain::Pair::parse("USD/KZT").unwrap();
        let holds = |rate: silkrate::domain::Rate| rate.value.to_string() == value;
        silkrate
            .committed(|snapshot| snapshot.rate(dollar).is_some_and(holds))
            .await;
    }
    let ran = running.wait_with_output().await.unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{text}");
    assert!(text.contains("10 of 10"), "{text}");
    let complete = figure(&text, "revisions delivered to all");
    assert!(complete >= 1, "{text}");
    // Ten openings, and ten messages for each revision.
    assert!(figure(&text, "messages  ") >= 10 + 10 * complete, "{text}");
    silkrate.finish().await;
}

#[tokio::test]
async fn every_call_of_a_load_has_the_key_that_is_given() {
    let keys = Keys::new();
    let key = keys.add("load", Scope::Read);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key.expose()).unwrap();
    let mut config = settings("2026-04-02T09:00:00Z");
    config.access = keys.settings(true);
    let silkrate = Silkrate::start(config).await;
    let load = [
        "unary",
        "--connections",
        "2",
        "--streams",
        "3",
        "--seconds",
        "1",
        "--server",
        &silkrate.url,
    ];
    let mut command = bench(&load);
    let ran = command.arg("--access-key-file").arg(file.path()).output();
    let ran = ran.await.unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{text}");
    // The first call of a connection has all of its headers, and those after it refer to them.
    assert!(figure(&text, "calls  ") >= 6, "{text}");
    let ran = bench(&load).output().await.unwrap();
    let message = String::from_utf8(ran.stderr).unwrap();
    assert!(message.contains("key"), "{message}");
    silkrate.finish().await;
}

#[tokio::test]
async fn without_a_server_it_fails_and_names_the_url() {
    let ran = bench(&["unary", "--server", "http://127.0.0.1:9"])
        .output()
        .await
        .unwrap();
    let message = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(message.contains("http://127.0.0.1:9"), "{message}");
}

#[tokio::test]
async fn a_url_with_tls_or_a_path_is_refused() {
    for url in ["https://127.0.0.1:9", "http://127.0.0.1:9/rates"] {
        let mut command = bench(&["unary", "--server", url, "--ca-file"]);
        let ran = command.arg(fixture("intermediate.pem")).output();
        let ran = ran.await.unwrap();
        let message = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(64), "{message}");
        assert!(message.contains("without a path"), "{message}");
    }
}

#[tokio::test]
async fn a_malformed_pair_is_refused_with_the_servers_message() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let load = ["unary", "--pairs", "KZTUSD", "--server", &silkrate.url];
    let ran = bench(&load).output().await.unwrap();
    let message = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(64));
    assert!(message.contains("KZTUSD"), "{message}");
    silkrate.finish().await;
}
