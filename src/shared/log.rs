//! The log that replicas share: records with numbers from 1 on, of which one replica appends the next.
//!
//! Beside the records stand who leads, a state to begin with, and what the replicas report of themselves.

mod answers;
mod double;

use std::sync::Arc;

pub use answers::{Appended, Event, Lead, LogError, Moment, Note, Page, Presence, Stored};
pub use double::{Double, DoubleWatch, Faults, SharedStore};

use crate::shared::etcd::{Etcd, EtcdWatch};

/// The log, in etcd or in memory.
#[derive(Debug, Clone)]
pub enum Log {
    /// The servers of etcd.
    Etcd(Etcd),
    /// A log in memory with faults, for simulations.
    Double(Double),
}

/// What happens in a log from a moment on.
#[derive(Debug)]
pub enum Watch {
    /// In etcd.
    Etcd(Box<EtcdWatch>),
    /// In memory.
    Double(DoubleWatch),
}

impl Log {
    /// The records after a number, at most `limit` of them, and of a large page only its beginning.
    ///
    /// # Errors
    /// [`LogError::NoAnswer`], [`LogError::Refused`]; so for every call.
    pub async fn read(&self, after: u64, limit: u32) -> Result<Page, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.read(after, limit).await,
            Self::Double(double) => double.read(after, limit),
        }
    }

    /// How many records there are: the number of the newest one, unless the log lost some.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn newest(&self) -> Result<u64, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.newest().await,
            Self::Double(double) => double.newest(),
        }
    }

    /// One record as each server has it: a damaged one may be whole elsewhere.
    ///
    /// # Errors
    /// As for [`Log::read`], if no server answers.
    pub async fn read_everywhere(&self, seq: u64) -> Result<Vec<Arc<[u8]>>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.read_everywhere(seq).await,
            Self::Double(double) => double.read_everywhere(seq),
        }
    }

    /// Appends the record with a number, if the caller leads and the record before it is there.
    ///
    /// # Errors
    /// As for [`Log::read`]. After [`LogError::NoAnswer`] the place must be read to know the outcome.
    pub async fn append(&self, lead: &Lead, seq: u64, bytes: &[u8]) -> Result<Appended, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.append(lead, seq, bytes).await,
            Self::Double(double) => double.append(lead, seq, bytes),
        }
    }

    /// Follows the log from a moment on.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn follow(&self, since: Moment) -> Result<Watch, LogError> {
        match self {
            Self::Etcd(etcd) => {
                let watch = etcd.follow(since).await?;
                Ok(Watch::Etcd(Box::new(watch)))
            }
            Self::Double(double) => double.follow(since).map(Watch::Double),
        }
    }

    /// Takes the lead, if no replica has it. `leader` describes the caller. It is lost after `lease`, unless it is kept.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn lead(
        &self,
        leader: &[u8],
        lease: std::time::Duration,
    ) -> Result<Option<Lead>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.lead(leader, lease).await,
            Self::Double(double) => double.lead(leader, lease),
        }
    }

    /// Keeps the lead for another lease. Returns whether it was still held.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn keep(&self, lead: &Lead) -> Result<bool, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.keep(lead.lease).await,
            Self::Double(double) => double.keep(lead),
        }
    }

    /// Gives the lead up, so that another replica need not wait for the end of the lease.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn step_down(&self, lead: &Lead) -> Result<(), LogError> {
        match self {
            Self::Etcd(etcd) => etcd.revoke(lead.lease).await,
            Self::Double(double) => double.step_down(lead),
        }
    }

    /// Who leads, in the bytes that it described itself with.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn leader(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.leader().await,
            Self::Double(double) => double.leader(),
        }
    }

    /// Begins to say something of this replica: it stays until `lease` after the last word.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn appear(&self, lease: std::time::Duration) -> Result<Presence, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.appear(lease).await,
            Self::Double(double) => double.appear(lease),
        }
    }

    /// Replaces what is said of a replica.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn report(
        &self,
        presence: Presence,
        node: &str,
        report: &[u8],
    ) -> Result<(), LogError> {
        match self {
            Self::Etcd(etcd) => etcd.report(presence.lease, node, report).await,
            Self::Double(double) => double.report(presence, node, report),
        }
    }

    /// Keeps what was said for another lease. Returns whether it was still there.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn stay(&self, presence: Presence) -> Result<bool, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.keep(presence.lease).await,
            Self::Double(double) => double.stay(presence),
        }
    }

    /// Whether what is said of a replica was said under this presence: another process may have its name.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn reports(&self, presence: Presence, node: &str) -> Result<bool, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.reports(presence.lease, node).await,
            Self::Double(double) => double.reports(presence, node),
        }
    }

    /// Removes what was said.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn leave(&self, presence: Presence) -> Result<(), LogError> {
        match self {
            Self::Etcd(etcd) => etcd.revoke(presence.lease).await,
            Self::Double(double) => double.leave(presence),
        }
    }

    /// What is said of each replica, sorted by their names.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn nodes(&self) -> Result<Vec<Arc<[u8]>>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.nodes().await,
            Self::Double(double) => double.nodes(),
        }
    }

    /// A note of the replica that leads, if there is one.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn note(&self, note: &Note) -> Result<Option<Arc<[u8]>>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.note(note).await,
            Self::Double(double) => double.note(note),
        }
    }

    /// Replaces a note, if the caller leads. Returns whether it does.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn set_note(&self, lead: &Lead, note: &Note, bytes: &[u8]) -> Result<bool, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.set_note(lead, note, bytes).await,
            Self::Double(double) => double.set_note(lead, note, bytes),
        }
    }

    /// The state to begin with, if there is one.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn state(&self) -> Result<Option<Arc<[u8]>>, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.state().await,
            Self::Double(double) => double.state(),
        }
    }

    /// Replaces the state to begin with, if the caller leads. Returns whether it does.
    ///
    /// # Errors
    /// As for [`Log::read`].
    pub async fn set_state(&self, lead: &Lead, state: &[u8]) -> Result<bool, LogError> {
        match self {
            Self::Etcd(etcd) => etcd.set_state(lead, state).await,
            Self::Double(double) => double.set_state(lead, state),
        }
    }
}

impl Watch {
    /// The next event. It waits until there is one.
    ///
    /// # Errors
    /// [`LogError::NoAnswer`] if the connection is lost, [`LogError::Compacted`].
    pub async fn next(&mut self) -> Result<Event, LogError> {
        match self {
            Self::Etcd(watch) => watch.next().await,
            Self::Double(watch) => watch.next().await,
        }
    }

    /// Asks for an [`Event::Nothing`]: a connection that is lost without a message is noticed by its absence.
    ///
    /// # Errors
    /// [`LogError::NoAnswer`] if the connection is lost.
    pub fn ask(&self) -> Result<(), LogError> {
        match self {
            Self::Etcd(watch) => watch.ask(),
            Self::Double(watch) => watch.ask(),
        }
    }
}
