//! Near the limit of memory new streams are refused, nearer to it new connections, and what is open goes on.

use silkrate::app::App;
use silkrate::feed::{StreamRefused, Transport};
use silkrate::listener::{Admission, Limits};
use silkrate::memory::Memory;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Echo, PATIENCE};
use crate::support::boards::OneBank;
use crate::support::browser::get;
use crate::support::silkrate::settings;

#[tokio::test(start_paused = true)]
async fn a_stream_is_refused_near_the_limit_and_one_that_is_open_goes_on() {
    let bank = OneBank::new();
    let memory = Memory::default();
    let feed = bank.feed.clone().within(memory.clone());
    memory.note(84, Some(100));
    let mut open = feed.subscribe(bank.wanted(|_| {}), None).unwrap();
    open.next().await.unwrap();
    memory.note(85, Some(100));
    let refused = feed.subscribe(bank.wanted(|_| {}), None).unwrap_err();
    assert_eq!(refused, StreamRefused::MemoryPressure);
    assert_eq!(feed.counts().refused.memory.get(), 1);
    open.next().await.unwrap();
    memory.note(84, Some(100));
    assert!(feed.subscribe(bank.wanted(|_| {}), None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_the_health_is_refused_near_the_limit_as_any_other_stream() {
    let bank = OneBank::new();
    let memory = Memory::default();
    let feed = bank.feed.clone().within(memory.clone());
    memory.note(84, Some(100));
    let open = feed.health_place(None, Transport::Grpc).unwrap();
    assert_eq!(feed.counts().of(Transport::Grpc).open.get(), 1);
    memory.note(85, Some(100));
    let refused = feed.health_place(None, Transport::Grpc).unwrap_err();
    assert_eq!(refused, StreamRefused::MemoryPressure);
    assert_eq!(feed.counts().refused.memory.get(), 1);
    drop(open);
    assert_eq!(feed.counts().of(Transport::Grpc).open.get(), 0);
}

#[tokio::test]
async fn a_connection_is_refused_nearer_to_the_limit_and_one_that_is_open_goes_on() {
    let memory = Memory::default();
    let admission = Admission {
        memory: memory.clone(),
        ..Admission::default()
    };
    let port = Echo::admitting(Limits::new(10), admission, None);
    memory.note(91, Some(100));
    let open = TcpStream::connect(port.address).await.unwrap();
    // It came first, so it is accepted by the time that the second one has its answer.
    assert_eq!(port.caller(b"", "").await, "127.0.0.1");
    memory.note(92, Some(100));
    let mut refused = TcpStream::connect(port.address).await.unwrap();
    let mut answer = Vec::new();
    let ended = refused.read_to_end(&mut answer);
    drop(tokio::time::timeout(PATIENCE, ended).await.unwrap());
    assert_eq!(answer, b"");
    assert_eq!(port.counts.refused.memory.get(), 1);
    assert_eq!(super::exchange(open, "").await, "127.0.0.1");
}

#[tokio::test]
async fn a_service_short_of_memory_says_so_to_operators_and_takes_no_clients() {
    let mut config = settings("2026-04-02T09:00:00Z");
    // Less than any process uses.
    config.server.memory_max = Some(1 << 20);
    let app = App::bind(config).await.unwrap();
    let (admin, grpc) = (app.admin_address(), app.address());
    let (shutdown, stopped) = oneshot::channel::<()>();
    let mut run = JoinSet::new();
    run.spawn(app.run(async { drop(stopped.await) }));
    let told = async {
        loop {
            let page = get(admin, "/readyz?verbose", &[]).await;
            if page.text().contains("memory") {
                return page;
            }
        }
    };
    let page = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(page.status, 503);
    let line = "[-] memory: new streams and connections are refused: ";
    assert!(page.text().contains(line), "{}", page.text());
    let metrics = get(admin, "/metrics", &[]).await;
    let limit = "silkrate_memory_limit_bytes 1048576";
    assert!(metrics.text().contains(limit), "{}", metrics.text());
    let mut client = TcpStream::connect(grpc).await.unwrap();
    let mut answer = Vec::new();
    let ended = client.read_to_end(&mut answer);
    drop(tokio::time::timeout(PATIENCE, ended).await.unwrap());
    assert_eq!(answer, b"");
    shutdown.send(()).unwrap();
    let ended = tokio::time::timeout(PATIENCE, run.join_next()).await;
    ended.unwrap().unwrap().unwrap().unwrap();
}
