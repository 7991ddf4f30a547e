//! Two services over a real etcd, as their settings start them.

use std::path::Path;

use jiff::Timestamp;
use prost::Message;
use silkrate::app::App;
use silkrate::board::BoardReader;
use silkrate::config::Config;
use silkrate::domain::{Cause, LedgerEntry, Position};
use silkrate::ledger::{ClockKind, Ledger};
use silkrate::pb;
use silkrate::pb::admin::admin_service_client::AdminServiceClient;
use silkrate::pb::admin::{FileTableRequest, Row, Table};
use silkrate::pb::rate_service_client::RateServiceClient;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tonic::Code;

use crate::replicas::PATIENCE;
use crate::server::Server;

/// The settings of a replica without banks: an operator files the tables.
fn config(server: &Server, folder: &Path, node: &str) -> Config {
    let store = folder.join(format!("{node}.db")).display().to_string();
    let mut settings = vec![
        ("SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("SERVER__ADMIN_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("WEB__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("STORE__PATH".to_owned(), store),
        ("SHARED__SERVERS".to_owned(), server.url.clone()),
        ("SHARED__NODE".to_owned(), node.to_owned()),
        ("SHARED__LEASE".to_owned(), "2s".to_owned()),
        // Nothing answers there.
        (
            "SOURCES__NBK__BASE_URL".to_owned(),
            "http://127.0.0.1:9".to_owned(),
        ),
    ];
    let others = ["NBKR", "CBU", "NBT", "CBT", "CBR"];
    settings.extend(others.map(|id| (format!("SOURCES__{id}__ENABLED"), "false".to_owned())));
    let variables = settings.into_iter();
    let variables = variables.map(|(name, value)| (format!("SILKRATE_{name}"), value));
    Config::load(None, variables).unwrap()
}

/// A running service.
struct Service {
    rates: String,
    admin: String,
    board: BoardReader,
    stop: oneshot::Sender<()>,
    run: JoinSet<()>,
}

impl Service {
    async fn start(server: &Server, folder: &Path, node: &str) -> Self {
        let app = App::bind(config(server, folder, node)).await.unwrap();
        let url = |address| format!("http://{address}");
        let (rates, admin, board) = (url(app.address()), url(app.admin_address()), app.board());
        let (stop, stopped) = oneshot::channel::<()>();
        let mut run = JoinSet::new();
        run.spawn(async move {
            let shutdown = async { stopped.await.unwrap() };
            app.run(shutdown).await.unwrap();
        });
        Self {
            rates,
            admin,
            board,
            stop,
            run,
        }
    }

    /// Files a table, as soon as this replica leads.
    async fn file(&self, day: &str, dollar: &str) {
        let filed = async {
            loop {
                match self.try_to_file(day, dollar).await {
                    Ok(answer) => return answer,
                    Err(Code::Unavailable) => tokio::task::yield_now().await,
                    Err(code) => panic!("{code:?}"),
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, filed).await.unwrap();
        assert_eq!(answer.refused, None);
    }

    async fn try_to_file(
        &self,
        day: &str,
        dollar: &str,
    ) -> Result<pb::admin::FileTableResponse, Code> {
        let row = |currency: &str, value: &str| Row {
            currency: currency.to_owned(),
            units: "1".to_owned(),
            value: value.to_owned(),
            home_currency: "KZT".to_owned(),
            published_change: None,
        };
        let table = Table {
            source: "nbk".to_owned(),
            document: "daily".to_owned(),
            pivot: "KZT".to_owned(),
            effective_date: day.to_owned(),
            as_of_time: None,
            rows: vec![row("USD", dollar), row("EUR", "548.60"), row("RUB", "5.9")],
        };
        let request = FileTableRequest { table: Some(table) };
        let client = AdminServiceClient::connect(self.admin.clone()).await;
        let mut client = client.map_err(|_not_yet| Code::Unavailable)?;
        let answer = client.file_table(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| status.code())
    }

    /// Waits until it serves the position of another one.
    async fn until_as(&self, other: &Self) {
        let position = other.board.snapshot().position.clone();
        let mut watch = self.board.watch();
        let there = watch.wait_for(|published| published.snapshot.position == position);
        drop(
            tokio::time::timeout(PATIENCE, there)
                .await
                .unwrap()
                .unwrap(),
        );
    }

    /// The bytes of a snapshot of every pair.
    async fn snapshot(&self) -> Vec<u8> {
        let mut client = RateServiceClient::connect(self.rates.clone())
            .await
            .unwrap();
        let filter = pb::RateFilter {
            pairs: vec!["*/*".to_owned()],
        };
        let request = pb::GetSnapshotRequest {
            filter: Some(filter),
            ..Default::default()
        };
        let answer = client.get_snapshot(request).await.unwrap();
        answer.into_inner().encode_to_vec()
    }

    async fn stop(mut self) {
        self.stop.send(()).unwrap();
        self.run.join_next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn services_that_share_a_log_serve_the_same_bytes_and_one_takes_the_place_of_the_other() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let first = Service::start(&server, folder.path(), "first").await;
    first.file("2026-04-01", "475.00").await;
    let second = Service::start(&server, folder.path(), "second").await;
    second.until_as(&first).await;
    assert_eq!(second.snapshot().await, first.snapshot().await);
    first.file("2026-04-02", "476.10").await;
    second.until_as(&first).await;
    assert_eq!(second.snapshot().await, first.snapshot().await);
    let refused = second.try_to_file("2026-04-03", "477.00").await;
    assert_eq!(refused.unwrap_err(), Code::Unavailable);

    let before = first.board.snapshot().position.clone();
    first.stop().await;
    second.file("2026-04-03", "477.00").await;
    let after = second.board.snapshot().position.clone();
    assert_eq!(after.epoch, before.epoch);
    let first = Service::start(&server, folder.path(), "first").await;
    first.until_as(&second).await;
    assert_eq!(first.snapshot().await, second.snapshot().await);
    second.stop().await;
    first.file("2026-04-06", "478.00").await;
    first.stop().await;
}

#[tokio::test]
async fn a_ledger_with_a_past_that_the_log_does_not_have_is_refused() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let path = folder.path().join("first.db");
    let (ledger, reader) = Ledger::open(Some(&path), ClockKind::Real).unwrap();
    let entry = LedgerEntry {
        position: Position {
            epoch: "alone".into(),
            revision: 0,
        },
        at: Timestamp::UNIX_EPOCH,
        cause: Cause::Start,
        filed: Vec::new(),
        held: Vec::new(),
        decided: Vec::new(),
        attempted: Vec::new(),
        answered: Vec::new(),
        served: Vec::new(),
    };
    ledger.append(entry).await.unwrap();
    drop(reader);
    ledger.close().await;
    let refused = App::bind(config(&server, folder.path(), "first")).await;
    let refused = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("begins with an empty ledger"), "{refused}");
}
