//! Kept-alive connections that the bank closes between two requests.

use std::time::Duration;

use silkrate::config::Http;
use silkrate::fetch::{FetchError, FetchResponse, Fetcher, Validators};
use silkrate::sources::ApiKeyPlacement;

use crate::poller::fetch::{PATH, fetcher, limits, settings};
use crate::support::scripted::{Scripted, Step, answer};

async fn get(fetcher: &Fetcher) -> Result<FetchResponse, FetchError> {
    fetcher.get(PATH, &Validators::default()).await
}

/// The connections on which the requests came that have been received.
async fn connections(bank: &mut Scripted) -> Vec<usize> {
    let mut connections = Vec::new();
    while !bank.has_no_request() {
        connections.push(bank.request().await.connection);
    }
    connections
}

#[tokio::test]
async fn a_request_on_a_kept_alive_connection_that_broke_is_sent_once_more_on_a_new_one() {
    let document = answer("200 OK", &[], b"<rates/>");
    for broken in [Step::Close, Step::Reset] {
        let replies = [document.clone(), vec![broken.clone()], document.clone()];
        let mut bank = Scripted::start(replies).await;
        let fetcher = fetcher(&bank);
        for _ in 0..2 {
            assert!(get(&fetcher).await.is_ok(), "{broken:?}");
        }
        assert_eq!(connections(&mut bank).await, [0, 0, 1], "{broken:?}");
    }
}

#[tokio::test]
async fn a_request_is_never_sent_a_third_time() {
    let document = answer("200 OK", &[], b"<rates/>");
    let replies = [
        document.clone(),
        vec![Step::Reset],
        vec![Step::Reset],
        document,
    ];
    let mut bank = Scripted::start(replies).await;
    let fetcher = fetcher(&bank);
    get(&fetcher).await.unwrap();
    let error = get(&fetcher).await.unwrap_err();
    assert!(matches!(error, FetchError::Incomplete(_)), "{error:?}");
    assert_eq!(connections(&mut bank).await, [0, 0, 1]);
    assert!(get(&fetcher).await.is_ok(), "the next poll");
}

#[tokio::test]
async fn a_new_connection_that_breaks_is_an_error_at_once() {
    for broken in [Step::Close, Step::Reset] {
        let mut bank = Scripted::start(vec![vec![broken]; 3]).await;
        get(&fetcher(&bank)).await.unwrap_err();
        assert_eq!(connections(&mut bank).await, [0]);
    }
}

#[tokio::test]
async fn a_connection_that_was_redirected_is_a_kept_alive_one() {
    let redirect = answer("302 Found", &[&format!("Location: {PATH}")], b"");
    let document = answer("200 OK", &[], b"<rates/>");
    let mut bank = Scripted::start([redirect, vec![Step::Close], document]).await;
    assert!(get(&fetcher(&bank)).await.is_ok());
    assert_eq!(connections(&mut bank).await, [0, 0, 1]);
}

#[tokio::test]
async fn a_response_or_a_timeout_on_a_kept_alive_connection_is_not_retried() {
    let document = answer("200 OK", &[], b"<rates/>");
    let refusal = answer("503 Service Unavailable", &[], b"");
    let nonsense = vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())];
    for reply in [refusal, nonsense, vec![Step::Hang]] {
        let replies = [document.clone(), reply.clone(), document.clone()];
        let mut bank = Scripted::start(replies).await;
        // The first document comes in time, however busy the machine is.
        let read_timeout = match reply[..] {
            [Step::Hang] => Duration::from_secs(5),
            _ => limits().read_timeout,
        };
        let http = Http {
            read_timeout,
            ..limits()
        };
        let settings = settings(&bank.base_url, ApiKeyPlacement::Open);
        let fetcher = Fetcher::new(&http, &settings).unwrap();
        get(&fetcher).await.unwrap();
        get(&fetcher).await.unwrap_err();
        assert_eq!(connections(&mut bank).await, [0, 0], "{reply:?}");
    }
}
