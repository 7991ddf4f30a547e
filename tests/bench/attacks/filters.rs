//! Filters that no other client asks for, as wide as they may be.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Instant;

use prost::Message;
use silkrate::pb;
use silkrate::pb::rate_service_client::RateServiceClient;

use super::raw::{Raw, WINDOW_MAX, again, hold};
use super::{Target, connect, together};

/// The pairs that make filters different.
const PAIRS_MAX: usize = 256;
/// The pairs of a page.
const PAGE: i32 = 1000;

/// Some pairs that the server has rates of.
pub(super) fn known_pairs(server: SocketAddr) -> io::Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(async {
        let url = format!("http://{server}");
        let mut client = RateServiceClient::connect(url)
            .await
            .map_err(io::Error::other)?;
        let request = pb::ListPairsRequest {
            page_size: Some(PAGE),
            ..pb::ListPairsRequest::default()
        };
        client.list_pairs(request).await.map_err(io::Error::other)
    })?;
    let pairs = answer.into_inner().pairs.into_iter();
    Ok(pairs.take(PAIRS_MAX).map(|pair| pair.pair).collect())
}

fn filter(pairs: &[String]) -> pb::RateFilter {
    pb::RateFilter {
        pairs: pairs.to_vec(),
    }
}

/// The message of a watch.
pub(super) fn watch(pairs: &[String]) -> Vec<u8> {
    let request = pb::WatchRatesRequest {
        filter: Some(filter(pairs)),
        ..pb::WatchRatesRequest::default()
    };
    request.encode_to_vec()
}

/// The message of a snapshot.
pub(super) fn snapshot(pairs: &[String]) -> Vec<u8> {
    let request = pb::GetSnapshotRequest {
        filter: Some(filter(pairs)),
        date: None,
    };
    request.encode_to_vec()
}

/// The path of a snapshot on the web side.
pub(super) fn web_path(pairs: &[String]) -> String {
    format!("/v1/snapshot.json?pairs={}", pairs.join(","))
}

/// Every pair: a request of a few bytes with the longest answer.
pub(super) fn widest() -> [String; 1] {
    ["*/*".to_owned()]
}

/// Every pair, and one beside them by its number: no two of these filters are equal, and their answers are.
pub(super) fn distinct(pairs: &[String], number: usize) -> Vec<String> {
    let place = number % pairs.len().max(1);
    let others = pairs
        .iter()
        .skip(place)
        .take(1 + number / pairs.len().max(1));
    widest().into_iter().chain(others.cloned()).collect()
}

/// Five connections with a hundred watches each, every one of a filter of its own, which read what they get.
pub(super) fn watches(target: &Target, deadline: Instant) -> io::Result<()> {
    together(5, |number| {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        for stream in 0..100 {
            let pairs = distinct(&target.pairs, 100 * number + stream);
            raw.ask("/silkrate.v1.RateService/WatchRates", &watch(&pairs));
            if raw.flush().is_err() {
                break;
            }
        }
        hold(deadline);
        Ok(())
    })
}

/// Two hundred streams of events, every one of a filter of its own.
pub(super) fn events(target: &Target, deadline: Instant) -> io::Result<()> {
    let mut readers = Vec::new();
    for number in 0..200 {
        let pairs = distinct(&target.pairs, number).join(",");
        let mut socket = connect(target.web)?;
        let host = target.web;
        let request = format!("GET /v1/watch?pairs={pairs} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        socket.write_all(request.as_bytes())?;
        readers.push(socket);
    }
    hold(deadline);
    Ok(())
}

/// Four connections that ask for wide snapshots without a pause, each of a filter of its own.
pub(super) fn wide(target: &Target, deadline: Instant) -> io::Result<()> {
    together(4, |number| {
        let mut asked = number * 100;
        again(deadline, || {
            let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
            raw.read_all()?;
            while Instant::now() < deadline {
                asked += 1;
                let message = snapshot(&distinct(&target.pairs, asked));
                raw.ask("/silkrate.v1.RateService/GetSnapshot", &message);
                raw.flush()?;
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            Ok(())
        })
    })
}
