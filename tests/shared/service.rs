//! Two services over a real etcd, as their settings start them.

use std::path::Path;

use prost::Message;
use silkrate::app::App;
use silkrate::board::BoardReader;
use silkrate::config::Config;
use silkrate::pb::admin::FileTableResponse;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tonic::Code;

use crate::calls::{every_pair, file_table};
use crate::replicas::PATIENCE;
use crate::server::Server;

/// The settings of a replica without banks: an operator files the tables.
pub(crate) fn config(
    folder: &Path,
    node: &str,
    server: Option<&Server>,
    more: &[(String, String)],
) -> Config {
    let store = folder.join(format!("{node}.db")).display().to_string();
    let mut settings = vec![
        ("SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("SERVER__ADMIN_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("WEB__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("STORE__PATH".to_owned(), store),
        // Nothing answers there.
        (
            "SOURCES__NBK__BASE_URL".to_owned(),
            "http://127.0.0.1:9".to_owned(),
        ),
    ];
    if let Some(server) = server {
        let of_log = [("SERVERS", &*server.url), ("NODE", node), ("LEASE", "2s")];
        let of_log = of_log.map(|(name, value)| (format!("SHARED__{name}"), value.to_owned()));
        settings.extend(of_log);
    }
    let others = ["NBKR", "CBU", "NBT", "CBT", "CBR"];
    settings.extend(others.map(|id| (format!("SOURCES__{id}__ENABLED"), "false".to_owned())));
    settings.extend_from_slice(more);
    let variables = settings.into_iter();
    let variables = variables.map(|(name, value)| (format!("SILKRATE_{name}"), value));
    Config::load(None, variables).unwrap()
}

/// A running service.
pub(crate) struct Service {
    pub(crate) rates: String,
    pub(crate) admin: String,
    pub(crate) web: String,
    pub(crate) board: BoardReader,
    stop: oneshot::Sender<()>,
    run: JoinSet<()>,
}

impl Service {
    pub(crate) async fn start(server: &Server, folder: &Path, node: &str) -> Self {
        Self::of(config(folder, node, Some(server), &[])).await
    }

    /// A service that shares no log.
    pub(crate) async fn start_alone(folder: &Path, node: &str) -> Self {
        Self::of(config(folder, node, None, &[])).await
    }

    /// Starts one with these settings.
    pub(crate) async fn of(config: Config) -> Self {
        let app = App::bind(config).await.unwrap();
        let url = |address| format!("http://{address}");
        let (rates, admin) = (url(app.address()), url(app.admin_address()));
        let (web, board) = (url(app.web_address()), app.board());
        let (stop, stopped) = oneshot::channel::<()>();
        let mut run = JoinSet::new();
        run.spawn(async move {
            let shutdown = async { stopped.await.unwrap() };
            app.run(shutdown).await.unwrap();
        });
        Self {
            rates,
            admin,
            web,
            board,
            stop,
            run,
        }
    }

    /// Files a table, as soon as this replica leads.
    pub(crate) async fn file(&self, day: &str, dollar: &str) {
        let filed = async {
            loop {
                match self.try_to_file(day, dollar).await {
                    Ok(answer) => return answer,
                    Err(Code::Unavailable | Code::FailedPrecondition) => {
                        tokio::task::yield_now().await;
                    }
                    Err(code) => panic!("{code:?}"),
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, filed).await.unwrap();
        assert_eq!(answer.refused, None);
    }

    pub(crate) async fn try_to_file(
        &self,
        day: &str,
        dollar: &str,
    ) -> Result<FileTableResponse, Code> {
        file_table(&self.admin, day, dollar).await
    }

    /// Waits until it serves the position of another one.
    pub(crate) async fn until_as(&self, other: &Self) {
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
    pub(crate) async fn snapshot(&self) -> Vec<u8> {
        every_pair(&self.rates).await.unwrap().encode_to_vec()
    }

    pub(crate) async fn stop(mut self) {
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
    assert_eq!(refused.unwrap_err(), Code::FailedPrecondition);

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
