//! Answers that are asked for and not read: their streams are cut, and what waited is free again.

mod http1;
mod room;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use hyper::service::service_fn;
use silkrate::listener::{
    ConnectionOutput, Limits, Listener, OutputLimits, Recipient, RequestBody, bind,
};
use silkrate::load::frames as raw;
use silkrate::telemetry::PortCounts;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{CANCEL, Frame, Peer, WINDOW_MAX};
use crate::support::silkrate::PATIENCE;

/// How long a stream may wait in these tests.
const SOON: Duration = Duration::from_millis(100);
/// The length of a long piece, and of a short one.
const LONG: usize = 100_000;
const SHORT: usize = 1_000;

/// A server of answers in pieces of a length, which the path of a request names.
struct Served {
    address: SocketAddr,
    counts: Arc<PortCounts>,
    draining: CancellationToken,
    tasks: JoinSet<()>,
}

/// Three pieces of the length that the path names, or one that ends the answer, or the status of a refusal.
fn answer<B>(request: &Request<B>, output: &ConnectionOutput) -> Response<Body> {
    let length = request.uri().path().trim_start_matches('/');
    let length = length.parse().unwrap();
    let refused = output.refuse_request();
    if refused.or_else(|| output.refuse_answer(length)).is_some() {
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    if request.uri().query() == Some("whole") {
        return Response::new(Body::from(vec![b'x'; length]));
    }
    let piece = move |_number| Ok::<_, Infallible>(Bytes::from(vec![b'x'; length]));
    // As a stream that another message may follow.
    let pieces = stream::iter(0..3).map(piece).chain(stream::pending());
    Response::new(Body::from_stream(pieces))
}

fn served(output: OutputLimits, is_for_browsers: bool) -> Served {
    let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let counts = Arc::<PortCounts>::default();
    let limits = Limits {
        output,
        // No socket is closed for itself while a test waits.
        write_stall_max: 10 * PATIENCE,
        ..Limits::new(100)
    };
    let draining = CancellationToken::new();
    let listener = Listener::new(socket, limits, draining.clone());
    let listener = listener.counted(Arc::clone(&counts));
    let mut tasks = JoinSet::new();
    if is_for_browsers {
        let service = |request: Request<RequestBody>| {
            let output = request.extensions().get::<Arc<ConnectionOutput>>().unwrap();
            std::future::ready(Ok::<_, Infallible>(answer(&request, output)))
        };
        tasks.spawn(listener.serve_http(service_fn(service)));
    } else {
        let answer = |request, recipient: Recipient| {
            std::future::ready(answer(&request, &recipient.output.unwrap()))
        };
        tasks.spawn(listener.serve_http2(answer));
    }
    Served {
        address,
        counts,
        draining,
        tasks,
    }
}

/// Cut soon.
fn strict() -> OutputLimits {
    OutputLimits {
        stall_max: SOON,
        ..OutputLimits::default()
    }
}

/// Waits until a fact holds.
async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it holds");
}

#[tokio::test]
async fn a_stream_whose_reader_takes_nothing_or_too_little_is_cut_and_frees_what_waited() {
    for is_for_browsers in [false, true] {
        let served = served(strict(), is_for_browsers);
        let cases = [(0, LONG), (1, LONG), (LONG, LONG), (0, SHORT), (1, SHORT)];
        for (cut, (window, length)) in (1..).zip(cases) {
            let window = u32::try_from(window).unwrap();
            let mut peer = Peer::connect(served.address, window).await;
            let stream = peer.call(&format!("/{length}"));
            peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
            peer.send().await.unwrap();
            let reset = peer.reset(stream).await;
            assert_eq!(reset.code(), CANCEL, "{window} of {length}");
            until(|| served.counts.unread_streams.get() == cut).await;
            until(|| served.counts.unsent_bytes.get() == 0).await;
        }
    }
}

#[tokio::test]
async fn a_reader_is_cut_sooner_while_too_much_waits_for_others() {
    let limits = OutputLimits {
        pressed_bytes: LONG,
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    let served = served(limits, false);
    let mut peer = Peer::connect(served.address, 0).await;
    let first = peer.call(&format!("/{LONG}"));
    peer.push(raw::DATA, raw::END_STREAM, first, &[]);
    peer.send().await.unwrap();
    let expected = u64::try_from(LONG).unwrap();
    until(|| served.counts.unsent_bytes.get() == expected).await;
    assert_eq!(served.counts.unread_streams.get(), 0);
    let mut other = Peer::connect(served.address, 0).await;
    let second = other.call(&format!("/{LONG}"));
    other.push(raw::DATA, raw::END_STREAM, second, &[]);
    other.send().await.unwrap();
    // One of them goes, and then no more waits than may.
    until(|| served.counts.unread_streams.get() >= 1).await;
    until(|| served.counts.unsent_bytes.get() <= expected).await;
}

#[tokio::test]
async fn a_reader_with_a_closed_window_learns_of_a_stop_and_does_not_hold_it_up() {
    let limits = OutputLimits {
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    for (is_for_browsers, length) in [(false, LONG), (false, SHORT), (true, LONG), (true, SHORT)] {
        let mut served = served(limits, is_for_browsers);
        let mut peer = Peer::connect(served.address, 0).await;
        let stream = peer.call(&format!("/{length}"));
        peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
        peer.send().await.unwrap();
        peer.until(|frame| frame.kind == raw::HEADERS).await;
        served.draining.cancel();
        let goaway = peer.until(|frame| frame.kind == raw::GOAWAY).await;
        assert_eq!(goaway.code(), 0);
        assert_eq!(peer.reset(stream).await.code(), CANCEL);
        let ended = tokio::time::timeout(PATIENCE, served.tasks.join_next()).await;
        assert!(ended.expect("it ends").unwrap().is_ok());
        assert_eq!(served.counts.unread_streams.get(), 1);
    }
}

#[tokio::test]
async fn peers_that_answer_nothing_do_not_hold_up_a_stop() {
    let limits = OutputLimits {
        stall_max: PATIENCE,
        pressed_stall_max: SOON,
        ..OutputLimits::default()
    };
    for is_for_browsers in [false, true] {
        let mut served = served(limits, is_for_browsers);
        let idle = Peer::connect(served.address, 0).await;
        let mut stalled = Peer::connect(served.address, 0).await;
        let stream = stalled.call(&format!("/{LONG}"));
        stalled.push(raw::DATA, raw::END_STREAM, stream, &[]);
        stalled.send().await.unwrap();
        stalled.until(|frame| frame.kind == raw::HEADERS).await;
        served.draining.cancel();
        let ended = tokio::time::timeout(PATIENCE, served.tasks.join_next()).await;
        assert!(ended.expect("it ends").unwrap().is_ok());
        drop((idle, stalled));
    }
}

#[tokio::test]
async fn a_reader_that_reads_slowly_gets_all_of_an_answer() {
    let limits = OutputLimits {
        stall_max: PATIENCE,
        ..OutputLimits::default()
    };
    let served = served(limits, false);
    let mut peer = Peer::connect(served.address, 1).await;
    let stream = peer.call(&format!("/{LONG}"));
    peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
    peer.send().await.unwrap();
    let mut received = 0;
    while received < 3 * LONG {
        let data = peer.until(|frame| frame.kind == raw::DATA).await;
        received += data.payload.len();
        for stream in [0, stream] {
            peer.push(raw::WINDOW_UPDATE, 0, stream, &5_000_u32.to_be_bytes());
        }
        peer.send().await.unwrap();
    }
    assert_eq!(received, 3 * LONG);
    assert_eq!(served.counts.unread_streams.get(), 0);
}

#[tokio::test]
async fn a_connection_with_too_much_unread_gets_no_more_and_another_one_does() {
    let limits = OutputLimits {
        connection_bytes_max: 2 * LONG,
        stall_max: PATIENCE,
        ..OutputLimits::default()
    };
    let served = served(limits, false);
    let mut peer = Peer::connect(served.address, 0).await;
    for _call in 0..2 {
        let stream = peer.call(&format!("/{LONG}"));
        peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
    }
    peer.send().await.unwrap();
    let unread = u64::try_from(2 * LONG).unwrap();
    until(|| served.counts.unsent_bytes.get() == unread).await;
    let more = peer.call(&format!("/{LONG}"));
    peer.push(raw::DATA, raw::END_STREAM, more, &[]);
    peer.send().await.unwrap();
    // The refusal has no body.
    peer.trailers(more).await;
    assert_eq!(served.counts.unread_refused.get(), 1);
    let mut other = Peer::connect(served.address, WINDOW_MAX).await;
    let stream = other.call(&format!("/{SHORT}"));
    other.push(raw::DATA, raw::END_STREAM, stream, &[]);
    other.send().await.unwrap();
    let data = other.until(|frame| frame.kind == raw::DATA).await;
    assert_eq!(data.payload.len(), SHORT);
}

#[tokio::test]
async fn readers_behind_the_connection_of_a_slow_one_get_short_answers_until_those_wait_too() {
    for is_for_browsers in [false, true] {
        let limits = OutputLimits {
            pressed_bytes: LONG - 1,
            // Of twenty readers that leave nothing, not more waits at any time.
            short_bytes_max: 61 * SHORT,
            stall_max: PATIENCE,
            pressed_stall_max: PATIENCE,
            ..OutputLimits::default()
        };
        let served = served(limits, is_for_browsers);
        let mut proxy = Peer::connect(served.address, 0).await;
        let window_of_connection = (1_u32 << 30).to_be_bytes();
        proxy.push(raw::WINDOW_UPDATE, 0, 0, &window_of_connection);
        let mut ask = async |length: usize, window: usize| {
            let stream = proxy.call(&format!("/{length}"));
            proxy.push(raw::DATA, raw::END_STREAM, stream, &[]);
            if window > 0 {
                let window = u32::try_from(window).unwrap().to_be_bytes();
                proxy.push(raw::WINDOW_UPDATE, 0, stream, &window);
            }
            proxy.send().await.unwrap();
            let is_it = |frame: &Frame| {
                let is_end = frame.kind == raw::HEADERS && frame.flags & raw::END_STREAM != 0;
                frame.stream == stream && (frame.kind == raw::DATA || is_end)
            };
            let is_begun = |frame: &Frame| frame.stream == stream && frame.kind == raw::HEADERS;
            if window > 0 {
                proxy.until(is_it).await
            } else {
                proxy.until(is_begun).await
            }
        };
        ask(LONG, 0).await;
        until(|| served.counts.unsent_bytes.get() > 0).await;
        // Each has three pieces of which none stays.
        for _reader in 0..20 {
            assert_eq!(ask(SHORT, 3 * SHORT).await.payload.len(), SHORT);
        }
        assert_eq!(ask(LONG, LONG).await.kind, raw::HEADERS, "it is refused");
        assert_eq!(served.counts.unread_refused.get(), 1);
        // Of these, the second piece stays.
        let mut answered = 0;
        while ask(SHORT, SHORT).await.kind == raw::DATA {
            answered += 1;
            assert!(answered < 200, "all of them were answered");
        }
        assert_eq!(served.counts.unread_refused.get(), 2);
    }
}

#[tokio::test]
async fn short_answers_that_have_ended_are_cut_too_when_many_of_a_client_wait() {
    for is_for_browsers in [false, true] {
        let limits = OutputLimits {
            uncounted_bytes_max: 30 * SHORT,
            ..strict()
        };
        let served = served(limits, is_for_browsers);
        let mut peers = Vec::new();
        for expected in [0, 10] {
            let mut peer = Peer::connect(served.address, 1).await;
            for _call in 0..20 {
                let stream = peer.call(&format!("/{SHORT}?whole"));
                peer.push(raw::DATA, raw::END_STREAM, stream, &[]);
            }
            peer.send().await.unwrap();
            for _call in 0..20 {
                peer.until(|frame| frame.kind == raw::DATA).await;
            }
            until(|| served.counts.unread_streams.get() == expected).await;
            until(|| served.counts.unsent_bytes.get() == 0).await;
            peers.push(peer);
        }
    }
}
