//! What the replica that leads notes for the others beside the records: how its polls went, and what it delivered to webhooks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::board::BoardReader;
use crate::commit::{CommitHandle, Stopped};
use crate::shared::log::{LogError, Note};
use crate::shared::node::NodeHandle;
use crate::shared::polls;
use crate::webhooks::{Delivered, TurnKeeper};

/// How often notes are written and read: a poll is made every few minutes.
const EVERY: Duration = Duration::from_secs(10);

/// What writes and reads the notes of a replica.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) node: NodeHandle,
    pub(super) commit: CommitHandle,
    pub(super) board: BoardReader,
    pub(super) turn: TurnKeeper,
}

impl Notes {
    /// Runs until the commit task has ended.
    pub(super) async fn run(self, mut leads: watch::Receiver<bool>) {
        let mut delivered = self.turn.delivered();
        let mut told = Told::default();
        loop {
            let is_leading = *leads.borrow_and_update();
            delivered.mark_unchanged();
            let done = if is_leading {
                self.write(&mut told).await
            } else {
                self.turn.set_own(false);
                told = Told::default();
                match self.read().await {
                    Ok(read) => read,
                    Err(Stopped) => return,
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "could not write or read the notes of the shared log");
            }
            let changed = tokio::select! {
                changed = leads.changed() => changed,
                changed = delivered.changed(), if is_leading => changed,
                () = tokio::time::sleep(EVERY) => Ok(()),
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// Writes what is new. Deliveries begin when it is known what the replica that led before has delivered.
    async fn write(&self, told: &mut Told) -> Result<(), LogError> {
        if !told.is_own {
            self.read_delivered().await?;
            self.turn.set_own(true);
            told.is_own = true;
        }
        let here = self.turn.delivered().borrow().clone();
        for (webhook, delivered) in here {
            if told.delivered.get(&webhook) == Some(&delivered) {
                continue;
            }
            let Delivered { id, created_at } = &delivered;
            let note = Note::Delivered(webhook.clone());
            let bytes = format!("{id} {created_at}");
            self.node.set_note(&note, bytes.as_bytes()).await?;
            told.delivered.insert(webhook, delivered);
        }
        let details = self.board.details(&self.board.snapshot()).into_iter();
        let polls: Vec<_> = details
            .map(|detail| (detail.state.id, detail.polls))
            .collect();
        let polls = polls::encode(&polls);
        if polls != told.polls {
            self.node.set_note(&Note::Polls, &polls).await?;
            told.polls = polls;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Result<(), LogError>, Stopped> {
        match self.node.note(&Note::Polls).await {
            Ok(Some(bytes)) => self.commit.set_polls(polls::decode(&bytes)).await?,
            Ok(None) => {}
            Err(error) => return Ok(Err(error)),
        }
        Ok(self.read_delivered().await)
    }

    async fn read_delivered(&self) -> Result<(), LogError> {
        for webhook in self.turn.names() {
            let note = self.node.note(&Note::Delivered(webhook.clone())).await?;
            if let Some(delivered) = note.as_deref().and_then(read_delivered) {
                self.turn.set_delivered(&webhook, &delivered);
            }
        }
        Ok(())
    }
}

/// What was written last.
#[derive(Debug, Default)]
struct Told {
    /// Whether deliveries have begun.
    is_own: bool,
    polls: Vec<u8>,
    delivered: BTreeMap<String, Delivered>,
}

/// Reads the note of a delivery.
fn read_delivered(bytes: &[u8]) -> Option<Delivered> {
    let (id, created_at) = str::from_utf8(bytes).ok()?.split_once(' ')?;
    let created_at: Timestamp = created_at.parse().ok()?;
    Some(Delivered {
        id: id.to_owned(),
        created_at,
    })
}
