//! Watchers over HTTP: server-sent events, and gRPC-Web.

use prost::Message as _;
use silkrate::pb;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::grpc::{ANSWER_TIMEOUT, RECONNECT_AFTER, request};
use crate::message::{Message, Position};
use crate::watcher::Watcher;

/// The bytes before a message of gRPC-Web: flags and the length.
const FRAME_HEAD: usize = 5;

pub(crate) fn client() -> reqwest::Client {
    // No request is encrypted, but the client wants to know how it would be done.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Watches server-sent events until the run stops.
pub(crate) async fn watch_events(url: String, mut watcher: Watcher, stop: CancellationToken) {
    let client = client();
    while !stop.is_cancelled() {
        let pairs = watcher.pairs().join(",");
        let after = match watcher.begin() {
            Some(Position { epoch, revision }) => format!("&after={epoch}:{revision}"),
            None => String::new(),
        };
        let request = client.get(format!("{url}/v1/watch?pairs={pairs}{after}"));
        tokio::select! {
            () = stop.cancelled() => {}
            () = events(request, &mut watcher) => {}
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

/// One stream of events, until it breaks.
async fn events(request: reqwest::RequestBuilder, watcher: &mut Watcher) {
    let sent = timeout(ANSWER_TIMEOUT, request.send()).await;
    let Ok(Ok(mut response)) = sent else {
        watcher.unanswered(sent.is_err());
        return;
    };
    watcher.answered(response.status());
    let mut received = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout(ANSWER_TIMEOUT, response.chunk()).await {
        received.extend_from_slice(&chunk);
        while let Some(end) = received.windows(2).position(|end| end == b"\n\n") {
            let event: Vec<u8> = received.drain(..end + 2).collect();
            let event = String::from_utf8(event).unwrap();
            // The last event says why the stream ends, and has no position.
            let is_end = event.lines().any(|line| line == "event: end");
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            if let Some(data) = data.filter(|_data| !is_end) {
                watcher.take(Message::of_json(data));
            }
        }
    }
    watcher.end();
}

/// Watches over gRPC-Web until the run stops.
pub(crate) async fn watch_grpc_web(url: String, mut watcher: Watcher, stop: CancellationToken) {
    let client = client();
    while !stop.is_cancelled() {
        let message = request(&mut watcher).encode_to_vec();
        let mut body = vec![0];
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
        let request = client
            .post(format!("{url}/silkrate.v1.RateService/WatchRates"))
            .header("content-type", "application/grpc-web+proto")
            .header("x-grpc-web", "1")
            .body(body);
        tokio::select! {
            () = stop.cancelled() => {}
            () = frames(request, &mut watcher) => {}
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

/// One stream of frames, until it breaks.
async fn frames(request: reqwest::RequestBuilder, watcher: &mut Watcher) {
    let sent = timeout(ANSWER_TIMEOUT, request.send()).await;
    let Ok(Ok(mut response)) = sent else {
        watcher.unanswered(sent.is_err());
        return;
    };
    watcher.answered(response.status());
    let mut received = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout(ANSWER_TIMEOUT, response.chunk()).await {
        received.extend_from_slice(&chunk);
        while let Some((head, rest)) = received.split_first_chunk::<FRAME_HEAD>() {
            let [flags, length @ ..] = *head;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
            let Some(frame) = rest.get(..length) else {
                break;
            };
            // A frame with the highest bit set holds the trailers: the stream ends.
            if flags == 0 {
                let message = pb::WatchRatesResponse::decode(frame).unwrap();
                watcher.take(Message::of_pb(message));
            }
            received.drain(..FRAME_HEAD + length);
        }
    }
    watcher.end();
}
