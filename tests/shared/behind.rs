//! A reader that is moved to a replica which has not read what another one has shown.

use std::net::SocketAddr;
use std::time::Duration;

use silkrate::client::{Backoff, Client, Watch, WatchEvent, WatchOptions};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::replicas::PATIENCE;
use crate::server::Server;
use crate::service::{Service, config};

/// The way to a server, which can be cut.
struct Way {
    address: SocketAddr,
    server: String,
    tasks: JoinSet<()>,
}

impl Way {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut way = Self {
            address: listener.local_addr().unwrap(),
            server: server.url.trim_start_matches("http://").to_owned(),
            tasks: JoinSet::new(),
        };
        way.open(listener);
        way
    }

    fn open(&mut self, listener: TcpListener) {
        let server = self.server.clone();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                });
            }
        });
    }

    async fn cut(&mut self) {
        self.tasks.shutdown().await;
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.open(listener);
    }
}

/// The tenge for a dollar, as a reader holds it.
fn dollar(watch: &Watch) -> Option<String> {
    watch.rates().first().map(|rate| rate.value.clone())
}

#[tokio::test]
async fn a_reader_sees_no_older_value_at_a_replica_that_is_held_back_and_resumes_there_once_it_is_not()
 {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let mut way = Way::to(&server).await;
    let first = Service::of(config(folder.path(), "first", Some(&server), &[])).await;
    first.file("2026-04-01", "475.00").await;
    let way_to_log = format!("http://{}", way.address);
    let of_log = [
        ("SERVERS", &*way_to_log),
        ("NODE", "second"),
        ("LEASE", "2s"),
    ];
    let of_log = of_log.map(|(name, value)| (format!("SHARED__{name}"), value.to_owned()));
    let second = Service::of(config(folder.path(), "second", None, &of_log)).await;
    second.until_as(&first).await;

    let client = Client::new(&format!("{},{}", first.rates, second.rates)).unwrap();
    let options = WatchOptions {
        pairs: vec!["USD/KZT".to_owned()],
        backoff: Backoff {
            first: Duration::from_millis(10),
            max: Duration::from_millis(100),
        },
        ..WatchOptions::default()
    };
    let mut watch = Watch::new(client, options);
    way.cut().await;
    first.file("2026-04-02", "476.00").await;
    let read = async {
        while dollar(&watch).as_deref() != Some("476.00") {
            watch.next().await.unwrap();
        }
        let held = watch.position().cloned();
        first.stop().await;
        // It is asked, and says that it is behind.
        loop {
            match watch.next().await.unwrap() {
                WatchEvent::Disconnected { reason, .. }
                    if reason.starts_with("this replica is at revision") =>
                {
                    break;
                }
                WatchEvent::Disconnected { .. } => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(dollar(&watch).as_deref(), Some("476.00"));
        }
        way.mend().await;
        loop {
            match watch.next().await.unwrap() {
                WatchEvent::Update { after, .. } => {
                    assert_eq!(after, held);
                    break;
                }
                WatchEvent::Snapshot => panic!("it resumes"),
                _ => assert_eq!(dollar(&watch).as_deref(), Some("476.00")),
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    second.file("2026-04-03", "477.00").await;
    let read = async {
        while dollar(&watch).as_deref() != Some("477.00") {
            watch.next().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    second.stop().await;
}
