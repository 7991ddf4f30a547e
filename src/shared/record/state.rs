//! The state that a replica without a ledger shows at once, while it reads the log from its first record.

use prost::Message;

use crate::domain::QuoteKey;
use crate::pb::log as pb;
use crate::shared::record::texts::{Subject, broken, present, quote_subject, subject};
use crate::shared::record::{Chain, Record, RecordError, bounds, frame};

/// A state of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The number of the record that it follows, and the chain up to that.
    pub seq: u64,
    /// The chain up to that record.
    pub chain: Chain,
    /// All that is served.
    pub whole: Record,
    /// The quotes that left, oldest first, with the revisions from which on they were no longer served.
    pub left: Vec<(QuoteKey, u64)>,
}

impl State {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let left = self.left.iter();
        let message = pb::State {
            seq: self.seq,
            chain: self.chain.as_bytes().to_vec(),
            whole: Some(self.whole.message()),
            removals: left
                .map(|(key, revision)| pb::Removal {
                    subject: quote_subject(*key),
                    revision: *revision,
                })
                .collect(),
        };
        frame::pack(&message.encode_to_vec())
    }

    /// Reads stored bytes, for a reader that knows the formats up to one.
    ///
    /// # Errors
    /// A [`RecordError`]. No bytes make it panic.
    pub fn decode_for(stored: &[u8], reads: u32) -> Result<Self, RecordError> {
        let message = frame::unpack(stored)?;
        bounds::check(&message)?;
        let message =
            pb::State::decode(&*message).map_err(|error| RecordError::Broken(error.to_string()))?;
        let whole = present(message.whole.as_ref(), "state")?;
        let left = message
            .removals
            .iter()
            .map(|removal| match subject(&removal.subject)? {
                Subject::Quote(key) => Ok((key, removal.revision)),
                Subject::Source(_) => Err(broken("removal", &"it is no pair")),
            });
        Ok(Self {
            seq: message.seq,
            chain: Chain::from_bytes(&message.chain)
                .ok_or_else(|| broken("chain", &"it is no digest"))?,
            whole: Record::of_message(whole.clone(), reads)?,
            left: left.collect::<Result<_, _>>()?,
        })
    }
}
