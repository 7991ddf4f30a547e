//! Frames that cost the peer nothing, sent without end: the connection ends with GOAWAY, and the reason.

use silkrate::load::frames as raw;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ENHANCE_YOUR_CALM, Frame, Peer, WINDOW_MAX, metric};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::silkrate::{PATIENCE, Silkrate};

/// The error code of a peer that breaks the rules of HTTP/2.
const PROTOCOL_ERROR: u32 = 1;
/// More than any budget of such frames.
const FLOOD: u32 = 5000;

/// Appends a frame by its number.
type Push = fn(&mut Peer, u32);

/// The end of a connection whose peer sends a frame again and again.
async fn flooded(silkrate: &Silkrate, frame: impl Fn(&mut Peer, u32)) -> Frame {
    let mut peer = Peer::of_grpc(silkrate, WINDOW_MAX).await;
    for number in 0..FLOOD {
        frame(&mut peer, number);
    }
    // The server may have closed before it read all of them.
    drop(peer.send().await);
    peer.goaway().await
}

#[tokio::test]
async fn a_flood_of_cheap_frames_ends_the_connection_and_says_why() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let floods: [(Push, &str); 5] = [
        (
            |peer, number| peer.window(100_000 + number % 2),
            "too_many_settings",
        ),
        (
            |peer, _| peer.push(raw::SETTINGS, 0, 0, &[]),
            "too_many_settings",
        ),
        (
            |peer, number| peer.push(2, 0, 2 * number + 1, &[0, 0, 0, 0, 16]),
            "too_many_control_frames",
        ),
        (
            |peer, _| peer.push(raw::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            "too_many_control_frames",
        ),
        // A kind that HTTP/2 does not know.
        (
            |peer, _| peer.push(0x77, 0, 0, &[1]),
            "too_many_control_frames",
        ),
    ];
    for (frame, reason) in floods {
        let goaway = flooded(&silkrate, frame).await;
        assert_eq!(goaway.code(), ENHANCE_YOUR_CALM);
        assert_eq!(goaway.reason(), reason);
    }
    let cut = "silkrate_connections_cut_total{port=\"grpc\",reason=\"flooding\"}";
    assert_eq!(metric(&silkrate, cut).await, 5);
    // Others are served.
    assert_eq!(silkrate.snapshot(&["USD/KZT"]).await.rates.len(), 1);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_window_that_changes_again_and_again_over_a_thousand_streams_ends_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for _stream in 0..1000 {
        peer.ask("WatchRates", &[]);
    }
    for number in 0..FLOOD {
        peer.window(100_000 + number % 2);
    }
    drop(peer.send().await);
    assert_eq!(peer.goaway().await.reason(), "too_many_settings");
    silkrate.finish().await;
}

#[tokio::test]
async fn data_without_a_byte_that_goes_on_without_end_ends_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    let stream = peer.call("/silkrate.v1.RateService/GetSnapshot");
    for _frame in 0..20_000 {
        peer.push(raw::DATA, 0, stream, &[]);
    }
    drop(peer.send().await);
    assert_eq!(peer.goaway().await.code(), ENHANCE_YOUR_CALM);
    is_cut(&silkrate, "grpc", "flooding").await;
    silkrate.finish().await;
}

/// Waits until one connection of a port was cut for a reason.
async fn is_cut(silkrate: &Silkrate, port: &str, reason: &str) {
    let name = format!("silkrate_connections_cut_total{{port=\"{port}\",reason=\"{reason}\"}}");
    let counted = async { while metric(silkrate, &name).await != 1 {} };
    let counted = tokio::time::timeout(PATIENCE, counted).await;
    counted.unwrap_or_else(|_late| panic!("{name} is not 1"));
}

#[tokio::test]
async fn what_breaks_the_rules_of_http_ends_the_connection_and_is_counted() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    // Data belongs to a stream.
    peer.push(raw::DATA, 0, 0, &[0]);
    peer.send().await.unwrap();
    assert_eq!(peer.goaway().await.code(), PROTOCOL_ERROR);
    is_cut(&silkrate, "grpc", "malformed").await;
    let mut socket = TcpStream::connect(silkrate.web).await.unwrap();
    socket.write_all(b"rates, please\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    is_cut(&silkrate, "web", "malformed").await;
    for port in ["grpc", "web"] {
        let flooding =
            format!("silkrate_connections_cut_total{{port=\"{port}\",reason=\"flooding\"}}");
        assert_eq!(metric(&silkrate, &flooding).await, 0);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn pings_are_answered_until_there_are_too_many() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    let is_pong = |frame: &Frame| frame.kind == raw::PING && frame.flags & raw::ACK != 0;
    for number in 0..100_u64 {
        peer.push(raw::PING, 0, 0, &number.to_be_bytes());
        peer.send().await.unwrap();
        assert_eq!(peer.until(is_pong).await.payload, number.to_be_bytes());
    }
    for _ping in 0..FLOOD {
        peer.push(raw::PING, 0, 0, &[7; 8]);
    }
    drop(peer.send().await);
    let goaway = peer.goaway().await;
    let ended = (goaway.code(), goaway.reason());
    assert_eq!(ended, (ENHANCE_YOUR_CALM, "too_many_control_frames"));
    silkrate.finish().await;
}

#[tokio::test]
async fn calls_that_are_given_up_again_and_again_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    let path = "/silkrate.v1.RateService/WatchRates";
    for _batch in 0..20 {
        let streams: Vec<_> = (0..900).map(|_call| peer.call(path)).collect();
        peer.push(raw::PING, 0, 0, &[7; 8]);
        drop(peer.send().await);
        // They were begun before they are reset, so that none of them counts as rapid.
        let answer = peer
            .until(|frame| matches!(frame.kind, raw::PING | raw::GOAWAY))
            .await;
        if answer.kind == raw::GOAWAY {
            assert_eq!(answer.code(), ENHANCE_YOUR_CALM);
            assert_eq!(answer.reason(), "too_many_resets");
            silkrate.finish().await;
            return;
        }
        for stream in streams {
            peer.push(raw::RESET, 0, stream, &super::CANCEL.to_be_bytes());
        }
    }
    panic!("all of them were taken");
}

#[tokio::test]
async fn calls_that_are_reset_at_once_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    for _call in 0..FLOOD {
        let stream = peer.ask("GetSnapshot", &[]);
        peer.push(raw::RESET, 0, stream, &super::CANCEL.to_be_bytes());
    }
    drop(peer.send().await);
    assert_eq!(peer.goaway().await.code(), ENHANCE_YOUR_CALM);
    silkrate.finish().await;
}

#[tokio::test]
async fn a_proxy_whose_calls_were_answered_may_give_up_as_many_that_are_not() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    peer.push(raw::WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes());
    let ends = |frame: &Frame| frame.kind == raw::HEADERS && frame.flags & raw::END_STREAM != 0;
    let is_pong = |frame: &Frame| frame.kind == raw::PING && frame.flags & raw::ACK != 0;
    for _batch in 0..30 {
        for _call in 0..100 {
            peer.ask("GetRate", b"\x0a\x07USD/KZT");
        }
        peer.send().await.unwrap();
        for _call in 0..100 {
            peer.until(ends).await;
        }
    }
    // Three times as many as may be reset at first. Their deadlines pass before they are answered: here, before they are complete.
    for _batch in 0..30 {
        let path = "/silkrate.v1.RateService/GetRate";
        let streams: Vec<_> = (0..100).map(|_call| peer.call(path)).collect();
        peer.push(raw::PING, 0, 0, &[7; 8]);
        peer.send().await.unwrap();
        peer.until(is_pong).await;
        for stream in streams {
            peer.push(raw::RESET, 0, stream, &super::CANCEL.to_be_bytes());
        }
        peer.send().await.unwrap();
    }
    peer.ask("GetRate", b"\x0a\x07USD/KZT");
    peer.send().await.unwrap();
    peer.until(ends).await;
    silkrate.finish().await;
}

#[tokio::test]
async fn calls_of_a_proxy_that_come_together_with_their_resets_do_not_end_the_connection() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    for is_for_browsers in [false, true] {
        let mut peer = if is_for_browsers {
            Peer::connect(silkrate.web, WINDOW_MAX).await
        } else {
            Peer::of_grpc(&silkrate, WINDOW_MAX).await
        };
        // As many as may be reset at once, and open, on either port.
        for _call in 0..1000 {
            let stream = peer.ask("GetRate", b"\x0a\x07USD/KZT");
            peer.push(raw::RESET, 0, stream, &super::CANCEL.to_be_bytes());
        }
        peer.push(raw::PING, 0, 0, &[7; 8]);
        peer.send().await.unwrap();
        let answered = peer
            .until(|frame| matches!(frame.kind, raw::PING | raw::GOAWAY))
            .await;
        assert_eq!(answered.kind, raw::PING, "{is_for_browsers}");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn a_client_that_works_hard_is_not_taken_for_a_hostile_one() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut peer = Peer::of_grpc(&silkrate, WINDOW_MAX).await;
    // Four cheap frames with each of a thousand calls are twice what may come without calls.
    for _batch in 0..10 {
        for _call in 0..100 {
            let stream = peer.ask("GetSnapshot", &[]);
            peer.push(raw::WINDOW_UPDATE, 0, 0, &[0, 1, 0, 0]);
            peer.push(raw::PING, 0, 0, &[7; 8]);
            peer.push(2, 0, stream, &[0, 0, 0, 0, 16]);
            peer.push(0x10, 0, 0, b"u=1");
        }
        peer.send().await.unwrap();
        let ends = |frame: &Frame| frame.kind == raw::HEADERS && frame.flags & raw::END_STREAM != 0;
        for _call in 0..100 {
            peer.until(ends).await;
        }
    }
    silkrate.finish().await;
}
