//! The whole service in this process, on loopback, with tables of three banks and with what it refuses well known.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use silkrate::app::App;
use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::commit::{CommitHandle, Submission};
use silkrate::config::Config;
use silkrate::domain::Intent;
use silkrate::sources::find;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::checks::file;

/// The settings: free ports, nothing on the disk. No bank is polled.
const SETTINGS: &str = "\
server.listen = '127.0.0.1:0'
server.admin_listen = '127.0.0.1:0'
web.listen = '127.0.0.1:0'
server.trusted_proxies = ['127.0.0.0/8']
web.allowed_origins = ['https://news.example']
store.path = ':memory:'
";
/// The documents that were submitted, oldest first, by the bank.
const DOCUMENTS: [(&str, &str); 5] = [
    ("nbk", "2026-04-01.xml"),
    ("nbk", "2026-04-02.xml"),
    ("cbu", "2026-04-02.json"),
    ("cbr", "2026-03-17.xml"),
    ("cbr", "2026-03-19.xml"),
];
/// The afternoon of the newest table.
const NOW: &str = "2026-04-02T09:00:00Z";
/// Longer than the service itself takes at most, without optimisation.
const PATIENCE: Duration = Duration::from_secs(240);

thread_local! {
    /// The service of all targets that need one. It is started by the first of them.
    pub(crate) static SERVICE: Service = Service::start();
}

/// The service, and the runtime that it and its clients run on.
pub(crate) struct Service {
    runtime: Runtime,
    /// The ports of gRPC, of operators and of browsers.
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) web: SocketAddr,
    pub(crate) board: BoardReader,
    _tasks: JoinSet<()>,
}

impl Service {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        let settings = file::write("service.toml", SETTINGS.as_bytes());
        let config = Config::load(Some(&settings), std::iter::empty());
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let now: Timestamp = NOW.parse().expect("it is an instant");
        let mut tasks = JoinSet::new();
        let (board, [grpc, admin, web]) = runtime.block_on(async {
            let mut app = App::bind_with(config, Clock::replay(now, 1))
                .await
                .expect("the ports are free");
            let (commits, _) = app.without_pollers();
            let board = app.board();
            let ports = [app.address(), app.admin_address(), app.web_address()];
            tasks.spawn(async {
                app.run(std::future::pending())
                    .await
                    .expect("no task of the service fails");
                panic!("the service has stopped");
            });
            for (id, name) in DOCUMENTS {
                submit(&commits, id, name).await;
            }
            (board, ports)
        });
        Self {
            runtime,
            grpc,
            admin,
            web,
            board,
            _tasks: tasks,
        }
    }

    /// Waits for what an input leads to.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let done = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, work).await });
        done.expect("there is an answer in time")
    }
}

async fn submit(commits: &CommitHandle, id: &str, name: &str) {
    let source = find(id, "").expect("the bank is known");
    let path = crate::here().join("../fixtures").join(id).join(name);
    let bytes = fs::read(path).expect("the fixture is there");
    let table = (source.documents[0].parse)(&bytes).expect("the fixture is a table");
    let submission = Submission {
        source: source.id,
        tables: vec![table],
        intent: Intent::AnyDate,
        attempt_ended: true,
        is_live: true,
        answered: Vec::new(),
    };
    let outcome = commits.submit(submission).await.expect("the service runs");
    assert_eq!(outcome.refused, []);
}
