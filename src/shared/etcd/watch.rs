//! What happens in the log, as etcd tells it: one stream with a watch for the records and one for who leads.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::pb::etcd as pb;
use crate::pb::etcd::event::EventType;
use crate::pb::etcd::watch_client::WatchClient;
use crate::pb::etcd::watch_request::RequestUnion;
use crate::shared::etcd::ANSWER_BYTES_MAX;
use crate::shared::etcd::connection::{Connection, failed, request};
use crate::shared::etcd::keys::Keys;
use crate::shared::log::{Event, LogError, Stored};

/// The most requests that wait to be sent: two watches, and a question for a heartbeat or two.
const REQUESTS_MAX: usize = 8;

/// What happens in a log in etcd from a moment on.
#[derive(Debug)]
pub struct EtcdWatch {
    keys: Arc<Keys>,
    requests: mpsc::Sender<pb::WatchRequest>,
    answers: Streaming<pb::WatchResponse>,
    happened: VecDeque<Event>,
}

impl EtcdWatch {
    /// Watches from a revision of the store on.
    pub(super) async fn open(
        connection: &Connection,
        keys: &Arc<Keys>,
        start_revision: i64,
    ) -> Result<Self, LogError> {
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let watch = |key, range_end| {
            let create = pb::WatchCreateRequest {
                key,
                range_end,
                start_revision,
                progress_notify: false,
            };
            of(RequestUnion::CreateRequest(create))
        };
        for created in [
            watch(keys.records(), keys.end_of_records()),
            watch(keys.leader(), Vec::new()),
        ] {
            send(&requests, created)?;
        }
        let (channel, token) = connection.current().await?;
        let client = WatchClient::new(channel);
        let mut client = client.max_decoding_message_size(ANSWER_BYTES_MAX);
        let stream = request(ReceiverStream::new(receiver), token);
        let answers = client.watch(stream).await.map_err(|status| {
            connection.forget_token(&status);
            connection.turn();
            failed(&status)
        })?;
        Ok(Self {
            keys: Arc::clone(keys),
            requests,
            answers: answers.into_inner(),
            happened: VecDeque::new(),
        })
    }

    pub(in crate::shared) async fn next(&mut self) -> Result<Event, LogError> {
        loop {
            if let Some(event) = self.happened.pop_front() {
                return Ok(event);
            }
            let answer = self.answers.message().await;
            let answer = answer.map_err(|status| failed(&status))?;
            let answer = answer.ok_or_else(|| LogError::NoAnswer("the watch ended".to_owned()))?;
            if answer.canceled {
                return Err(match answer.compact_revision {
                    0 => LogError::NoAnswer(answer.cancel_reason),
                    _ => LogError::Compacted,
                });
            }
            if answer.events.is_empty() && !answer.created {
                return Ok(Event::Nothing);
            }
            let events = answer.events.into_iter();
            let events = events.filter_map(|event| self.event(event));
            self.happened = events.collect();
        }
    }

    /// What an event says; `None` for one of a record that was removed, which a reader of the range notices.
    fn event(&self, event: pb::Event) -> Option<Event> {
        let is_put = event.r#type() == EventType::Put;
        let stored = event.kv?;
        let bytes: Arc<[u8]> = stored.value.into();
        if stored.key == self.keys.leader() {
            return Some(Event::Leader(is_put.then_some(bytes)));
        }
        let seq = self.keys.seq(&stored.key).filter(|_| is_put)?;
        Some(Event::Appended(Stored { seq, bytes }))
    }

    pub(in crate::shared) fn ask(&self) -> Result<(), LogError> {
        let progress = RequestUnion::ProgressRequest(pb::WatchProgressRequest {});
        match self.requests.try_send(of(progress)) {
            // A question that waits asks the same.
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(ended()),
        }
    }
}

fn of(request: RequestUnion) -> pb::WatchRequest {
    pb::WatchRequest {
        request_union: Some(request),
    }
}

fn send(
    requests: &mpsc::Sender<pb::WatchRequest>,
    request: pb::WatchRequest,
) -> Result<(), LogError> {
    requests.try_send(request).map_err(|_full| ended())
}

fn ended() -> LogError {
    LogError::NoAnswer("the watch ended".to_owned())
}
