//! A connection whose client stops reading and stays connected.

use std::net::SocketAddr;

use silkrate::pb::rate_service_client::RateServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::slow_readers::{Replica, VALUES, bytes_of_snapshot, correct, request};
use crate::support::april::{bank_of_april, silkrate_of_april};

/// Streams of the connection that stalls: their messages are more than the socket buffers hold.
const STALLED: usize = 1_000;
/// Connections of the others, and the streams of each.
const OTHERS: (usize, usize) = (10, 100);
/// The smallest receive buffer that the system allows.
const RECEIVE_BYTES: u32 = 4_096;

/// A proxy between a client and the server, which can stop forwarding the server's bytes.
struct Wire {
    url: String,
    forwards: watch::Sender<bool>,
    _task: JoinSet<()>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (forwards, may_forward) = watch::channel(true);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpSocket::new_v4().unwrap();
            far.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
            let far = far.connect(server).await.unwrap();
            let (mut from_server, mut to_server) = far.into_split();
            let (mut from_client, mut to_client) = near.into_split();
            let upwards = tokio::io::copy(&mut from_client, &mut to_server);
            let downwards = forward(&mut from_server, &mut to_client, may_forward);
            // The end of a test ends both.
            drop(tokio::join!(upwards, downwards));
        });
        Self {
            url,
            forwards,
            _task: task,
        }
    }
}

async fn forward(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut may_forward: watch::Receiver<bool>,
) {
    let mut piece = [0; 1_024];
    while may_forward.wait_for(|may| *may).await.is_ok() {
        match from.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) if to.write_all(&piece[..length]).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

async fn connect(url: &str) -> RateServiceClient<Channel> {
    RateServiceClient::connect(url.to_owned()).await.unwrap()
}

#[tokio::test]
async fn a_connection_that_stopped_reading_costs_a_thousand_others_nothing() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let server = silkrate.url.trim_start_matches("http://").parse().unwrap();
    let wire = Wire::to(server).await;
    let mut client = connect(&wire.url).await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(client.watch_rates(request()).await.unwrap().into_inner());
    }
    let (connections, streams) = OTHERS;
    let mut others = Vec::new();
    for _ in 0..connections {
        let mut client = connect(&silkrate.url).await;
        for _ in 0..streams {
            let stream = client.watch_rates(request()).await.unwrap().into_inner();
            others.push((Replica::default(), stream));
        }
    }
    wire.forwards.send_replace(false);
    for value in VALUES {
        correct(&bank, &silkrate, value).await;
        let (position, expected) = bytes_of_snapshot(&mut silkrate).await;
        for (replica, stream) in &mut others {
            replica.read_to(stream, &position).await;
            assert_eq!(replica.bytes(), expected);
        }
    }
    drop((stalled, wire));
    silkrate.finish().await;
}
