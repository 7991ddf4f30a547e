//! SIGHUP, to the program as a process.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use silkrate::pb::WatchRatesRequest;
use silkrate::pb::rate_service_client::RateServiceClient;
use tempfile::TempDir;
use tonic::transport::Endpoint;

use super::{PATIENCE, snapshot_of};
use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::browser::get;
use crate::support::program::Program;

/// Connections, and streams on each: a thousand streams.
const CONNECTIONS: usize = 20;
const STREAMS: usize = 50;

/// The program with the settings of a file.
async fn started(bank: &Bank, file: &Path) -> Program {
    let arguments = ["--config", file.to_str().unwrap()];
    Program::start_with(&bank.url(), &[], &arguments).await
}

fn ticker(pairs: &[&str]) -> String {
    format!("[ticker]\npairs = {pairs:?}\n")
}

#[tokio::test]
async fn a_signal_changes_the_ticker_of_a_thousand_streams_and_ends_none() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, ticker(&["KZT/USD"])).unwrap();
    let mut program = started(&bank, &file).await;
    program.has_rates().await;
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let endpoint = Endpoint::from_shared(format!("http://{}", program.grpc)).unwrap();
        let client = RateServiceClient::new(endpoint.connect().await.unwrap());
        for _ in 0..STREAMS {
            let opened = client
                .clone()
                .watch_rates(WatchRatesRequest::default())
                .await;
            streams.push(opened.unwrap().into_inner());
        }
    }
    join_all(
        streams
            .iter_mut()
            .map(|stream| snapshot_of(stream, &["KZT/USD"])),
    )
    .await;

    fs::write(&file, ticker(&["USD/KZT", "KZT/USD"])).unwrap();
    program.signal("HUP").await;
    let all = streams
        .iter_mut()
        .map(|stream| snapshot_of(stream, &["USD/KZT", "KZT/USD"]));
    join_all(all).await;
    let applied = program.message("applied a setting").await;
    assert_eq!(applied["setting"], "ticker.pairs");
    let done = program.message("reloaded the configuration").await;
    assert_eq!(
        (&done["applied"], &done["at_restart"]),
        (&1.into(), &0.into())
    );

    // A file that is wrong changes nothing, and the next one is read again.
    fs::write(
        &file,
        "[ticker]\npairs = [\"KZT\"]\n[web]\npublic_url = 5\n",
    )
    .unwrap();
    program.signal("HUP").await;
    let refused = program
        .message("the configuration is not reloaded, and nothing changes")
        .await;
    let error = refused["error"].as_str().unwrap();
    for key in ["ticker.pairs", "web.public_url"] {
        assert!(error.contains(key), "{error}");
    }
    fs::write(&file, ticker(&["USD/KZT"])).unwrap();
    program.signal("HUP").await;
    join_all(
        streams
            .iter_mut()
            .map(|stream| snapshot_of(stream, &["USD/KZT"])),
    )
    .await;
    drop(streams);
    program.stop().await;
}

#[tokio::test]
async fn a_signal_has_a_line_for_each_setting_and_says_which_need_a_restart() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, "").unwrap();
    let mut program = started(&bank, &file).await;
    program.has_rates().await;
    fs::write(
        &file,
        "[log]\naccess = true\n[sources.nbk]\ninterval = \"1h\"\n[server]\nheartbeat_interval = \"5s\"\n",
    )
    .unwrap();
    let asked = bank.seen().len();
    program.signal("HUP").await;
    let waits = program
        .message("this setting takes effect at a restart")
        .await;
    assert_eq!(waits["setting"], "server.heartbeat_interval");
    assert_eq!(
        waits["change"],
        "server.heartbeat_interval: \"20s\" -> \"5s\""
    );
    let poller = program.message("applied a setting").await;
    assert_eq!(poller["change"], "sources.nbk.interval: \"15m\" -> \"1h\"");
    let done = program.message("reloaded the configuration").await;
    assert_eq!(
        (&done["applied"], &done["at_restart"]),
        (&2.into(), &1.into())
    );
    // The new poller asks the bank, and a request has a line from now on.
    let asks = async {
        while bank.seen().len() <= asked {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asks)
        .await
        .expect("the bank is asked");
    let web = program.web.parse().unwrap();
    assert_eq!(get(web, "/v1/rates/KZT/USD", &[]).await.status, 200);
    program
        .line(|line| line["target"] == "silkrate::access")
        .await;

    // What waits for a restart is named again; what was applied is not.
    program.signal("HUP").await;
    let done = program.message("reloaded the configuration").await;
    assert_eq!(
        (&done["applied"], &done["at_restart"]),
        (&0.into(), &1.into())
    );
    program.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_keeps_no_later_signal_from_being_obeyed() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, "").unwrap();
    let mut program = started(&bank, &file).await;
    program.has_rates().await;
    // A pipe without a writer.
    fs::remove_file(&file).unwrap();
    let made = tokio::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.await.unwrap().success());
    program.signal("HUP").await;
    let refused = program
        .message("the configuration is not reloaded, and nothing changes")
        .await;
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("takes longer than"), "{error}");
    fs::remove_file(&file).unwrap();
    fs::write(&file, ticker(&["KZT/USD"])).unwrap();
    program.signal("HUP").await;
    program.message("reloaded the configuration").await;
    program.stop().await;
}
