//! What the replicas of a log say of themselves: the one that leads, and each one of its progress.

use prost::Message;

use crate::domain::{Fingerprint, Position};
use crate::pb::log as pb;
use crate::shared::record::{Chain, FORMAT_OLDEST};

/// What a replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has not read the whole log yet.
    Joining,
    /// It repeats what another replica appends.
    Following,
    /// No replica leads, and it takes the lead.
    Candidate,
    /// It appends.
    Leading,
    /// It holds records that the log does not have: it serves on, and does not lead.
    OffTheLog,
}

/// Every state, with its name in the log.
const STATES: [(State, &str); 5] = [
    (State::Joining, "joining"),
    (State::Following, "following"),
    (State::Candidate, "candidate"),
    (State::Leading, "leading"),
    (State::OffTheLog, "off_the_log"),
];

impl State {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        let known = STATES.iter().find(|(state, _)| *state == self);
        known.map_or("", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        let known = STATES.iter().find(|(_, known)| *known == name);
        known.map(|(state, _)| *state)
    }
}

/// The replica that leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leader {
    /// Its name.
    pub node: String,
    /// Where operators reach it, as a URL; empty if its settings do not say.
    pub admin_address: String,
    /// Its version of silkrate.
    pub build: String,
}

impl Leader {
    /// Its bytes in the log.
    pub(in crate::shared) fn encode(&self) -> Vec<u8> {
        let Self {
            node,
            admin_address,
            build,
        } = self.clone();
        let message = pb::Leader {
            node,
            admin_address,
            build,
        };
        message.encode_to_vec()
    }

    /// Reads its bytes. One that cannot be read leads all the same, without a name.
    pub(in crate::shared) fn decode(bytes: &[u8]) -> Self {
        let pb::Leader {
            node,
            admin_address,
            build,
        } = pb::Leader::decode(bytes).unwrap_or_default();
        Self {
            node,
            admin_address,
            build,
        }
    }
}

/// A replica, as it reports itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub node: String,
    /// The last record that it has applied.
    pub seq: u64,
    /// The chain up to that.
    pub chain: Chain,
    /// What it serves.
    pub position: Position,
    /// Its version of silkrate.
    pub build: String,
    /// What it does; `None` if only a newer version knows the name of that.
    pub state: Option<State>,
    /// What keeps it from its work; empty if nothing does.
    pub trouble: String,
    /// How many entries its ledger has, if it may lead and the log does not have all of them; otherwise 0.
    pub past_entries: u64,
    /// The newest format of records that it reads.
    pub format: u32,
    /// What it serves by, and where it runs.
    pub traits: Traits,
}

/// What replicas compare: digests, and zero for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits {
    /// Of `ticker.pairs`.
    pub pairs: u64,
    /// Of `ticker.prefer`.
    pub prefer: u64,
    /// Of the machine and its network: replicas that have the same one reach each other at 127.0.0.1.
    pub loopback: u64,
}

impl Traits {
    /// The digest of a text; never zero.
    pub fn digest(text: &str) -> u64 {
        let digest = Fingerprint::of_parts([text.as_bytes()]);
        let first = digest.as_bytes().first_chunk().copied();
        u64::from_be_bytes(first.unwrap_or_default()).max(1)
    }
}

impl Member {
    /// Its bytes in the log.
    pub(in crate::shared) fn encode(&self) -> Vec<u8> {
        let Self {
            node,
            seq,
            chain,
            position,
            build,
            state,
            trouble,
            traits,
            past_entries,
            format,
        } = self;
        let message = pb::NodeStatus {
            node: node.clone(),
            seq: *seq,
            chain: chain.as_bytes().to_vec(),
            epoch: position.epoch.to_string(),
            revision: position.revision,
            build: build.clone(),
            role: state.map_or("", State::as_str).to_owned(),
            trouble: trouble.clone(),
            ticker_pairs: traits.pairs,
            ticker_prefer: traits.prefer,
            loopback: traits.loopback,
            past_entries: *past_entries,
            format: *format,
        };
        message.encode_to_vec()
    }

    /// Reads its bytes; `None` if they are no report.
    pub(in crate::shared) fn decode(bytes: &[u8]) -> Option<Self> {
        let pb::NodeStatus {
            node,
            seq,
            chain,
            epoch,
            revision,
            build,
            role,
            trouble,
            ticker_pairs: pairs,
            ticker_prefer: prefer,
            loopback,
            past_entries,
            format,
        } = pb::NodeStatus::decode(bytes).ok()?;
        Some(Self {
            node,
            seq,
            chain: Chain::from_bytes(&chain)?,
            position: Position {
                epoch: epoch.into(),
                revision,
            },
            build,
            state: State::parse(&role),
            trouble,
            traits: Traits {
                pairs,
                prefer,
                loopback,
            },
            past_entries,
            // The versions that do not say it know the oldest.
            format: format.max(FORMAT_OLDEST),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_it_was_written() {
        for (state, name) in STATES {
            let member = Member {
                node: "one".to_owned(),
                seq: 7,
                chain: Chain::START.followed_by(b"a record"),
                position: Position {
                    epoch: "first".into(),
                    revision: 12,
                },
                build: "1.0.0".to_owned(),
                state: Some(state),
                trouble: "its disk is full".to_owned(),
                traits: Traits {
                    pairs: Traits::digest("KZT/USD"),
                    prefer: Traits::digest("home, cbr"),
                    loopback: 7,
                },
                past_entries: 4711,
                format: 2,
            };
            assert_eq!(Member::decode(&member.encode()), Some(member));
            assert_eq!(state.as_str(), name);
        }
        assert_eq!(Member::decode(&[0xff]), None);
        assert_eq!(Member::decode(&[]), None, "a chain has 32 bytes");
    }

    #[test]
    fn a_leader_is_read_as_it_was_written_and_any_bytes_name_one() {
        let leader = Leader {
            node: "one".to_owned(),
            admin_address: "http://10.0.0.1:50052".to_owned(),
            build: "1.0.0".to_owned(),
        };
        assert_eq!(Leader::decode(&leader.encode()), leader);
        assert_eq!(Leader::decode(&[0xff]), Leader::default());
    }
}
