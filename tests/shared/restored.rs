//! Readers of replicas whose etcd comes back with less than it had.

use std::time::Duration;

use tempfile::TempDir;
use tonic::Code;

use crate::cluster::Cluster;
use crate::reader::Reader;
use crate::replicas::PATIENCE;
use crate::service::{Service, config};

/// How long after replicas did not take a table they are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

async fn start(cluster: &Cluster, folder: &TempDir, node: &str) -> Service {
    let servers = cluster.urls().join(",");
    let of_log = [("SERVERS", &*servers), ("NODE", node), ("LEASE", "2s")];
    let of_log = of_log.map(|(name, value)| (format!("SHARED__{name}"), value.to_owned()));
    Service::of(config(folder.path(), node, None, &of_log)).await
}

/// Files a table at whichever replica leads. Returns that.
async fn file<'a>(services: &[&'a Service], day: &str, dollar: &str) -> &'a Service {
    let filed = async {
        loop {
            for service in services {
                match service.try_to_file(day, dollar).await {
                    Ok(answer) => {
                        assert_eq!(answer.refused, None);
                        return *service;
                    }
                    Err(Code::Unavailable | Code::FailedPrecondition) => {}
                    Err(code) => panic!("{code:?}"),
                }
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, filed).await.unwrap()
}

#[tokio::test]
async fn a_reader_of_each_replica_gets_one_snapshot_after_an_older_copy_was_restored() {
    let (mut cluster, folder) = (Cluster::start(1).await, TempDir::new().unwrap());
    let first = start(&cluster, &folder, "first").await;
    first.file("2026-04-01", "475.00").await;
    let second = start(&cluster, &folder, "second").await;
    second.until_as(&first).await;
    cluster.kill(0).await;
    let copy = cluster.copy_of(0);
    cluster.start_again(0).await;
    let leader = file(&[&first, &second], "2026-04-02", "476.00").await;
    first.until_as(leader).await;
    second.until_as(leader).await;
    let before = leader.board.snapshot().position.clone();
    let services = [&first, &second];
    let mut readers = services.map(|service| Reader::start(&[service.rates.clone()]));
    for reader in &mut readers {
        let received = reader.until(|received| received.has(&before.epoch, before.revision));
        assert_eq!(received.await.snapshots, 1);
    }

    cluster.kill(0).await;
    cluster.restore(0, Some(&copy));
    cluster.start_again(0).await;
    for reader in &mut readers {
        reader
            .until(|received| !received.has(&before.epoch, 0))
            .await;
    }
    file(&services, "2026-04-03", "477.00").await;
    for reader in &mut readers {
        let received = reader
            .until(|received| received.has_day("2026-04-03"))
            .await;
        assert_eq!((received.snapshots, received.older), (2, 0));
        assert_eq!(received.misplaced, 0);
    }
    first.stop().await;
    second.stop().await;
}
