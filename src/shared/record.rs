//! Records: the steps of the state as the log has them. Each one holds the facts of its step and the values that are served after
//! it, so that a replica derives nothing.

mod bounds;
mod chain;
mod facts;
mod frame;
mod names;
mod served;
mod shown;
mod state;
mod texts;
mod values;
#[cfg(test)]
mod tests;

pub use chain::Chain;
pub use frame::{MESSAGE_BYTES_MAX, STORED_BYTES_MAX};
pub use names::keep_name;
use prost::Message;
pub use served::{read_change, to_shown};
pub use shown::Shown;
pub use state::State;
use thiserror::Error;

use crate::domain::{Fingerprint, LedgerEntry, RateFilter, ShownChange};
use crate::pb::log as pb;

/// The newest format of records that this version reads, and that it writes as soon as every replica reads it.
pub const FORMAT: u32 = 1;
/// The oldest format that it writes: every version reads that.
pub const FORMAT_OLDEST: u32 = 1;

/// One step of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its format, which its readers must know.
    pub format: u32,
    /// The chain of the records before it.
    pub previous: Chain,
    /// The facts, and the position after it. Of what is served, the entry has the fingerprints of settings alone.
    pub entry: LedgerEntry,
    /// What is served and has changed; all that is served, if the record is whole.
    pub served: Vec<ShownChange>,
    /// Whether `served` replaces all that was served before.
    pub is_whole: bool,
    /// The fingerprint of all that is served after it: [`Shown::fingerprint`].
    pub state: Fingerprint,
    /// The settings that every replica serves by, if they are others than before.
    pub settings: Option<Settings>,
    /// The replica that wrote it.
    pub node: String,
    /// The version of silkrate that wrote it.
    pub build: String,
}

/// The settings that every replica serves by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The pairs of the ticker.
    pub pairs: RateFilter,
    /// The order of preference: the ids of sources, and `home`.
    pub preferences: Vec<String>,
}

/// Why bytes are no record that can be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// There are too many of them.
    #[error(
        "the record is too large: at most {STORED_BYTES_MAX} bytes are stored for {MESSAGE_BYTES_MAX}"
    )]
    TooLarge,
    /// The first byte names a format that this version does not know.
    #[error(
        "the record is stored in the format {0}, which silkrate {own} does not know: upgrade this replica",
        own = env!("CARGO_PKG_VERSION")
    )]
    UnknownFormat(u8),
    /// A newer version wrote it, for readers of a later format.
    #[error(
        "silkrate {build} wrote the record, for readers of format {min_reader}; this one, {own}, reads {reads}: upgrade this replica",
        own = env!("CARGO_PKG_VERSION")
    )]
    NewerFormat {
        /// The oldest format whose readers may apply it.
        min_reader: u32,
        /// The newest format that is read here.
        reads: u32,
        /// The version that wrote it.
        build: String,
    },
    /// It is damaged, or no record of silkrate.
    #[error("the record is broken: {0}")]
    Broken(String),
}

impl RecordError {
    /// Whether a newer version reads the record.
    pub fn is_of_newer(&self) -> bool {
        matches!(self, Self::UnknownFormat(_) | Self::NewerFormat { .. })
    }
}

impl Record {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        frame::pack(&self.message().encode_to_vec())
    }

    fn message(&self) -> pb::Record {
        let Self {
            format,
            previous,
            entry,
            served,
            is_whole,
            state,
            settings,
            node,
            build,
        } = self;
        pb::Record {
            format: *format,
            min_reader: *format,
            previous: previous.as_bytes().to_vec(),
            served: served.iter().map(served::to_message).collect(),
            whole: *is_whole,
            state: state.as_bytes().to_vec(),
            node: node.clone(),
            build: build.clone(),
            settings: settings.as_ref().map(facts::to_settings),
            ..facts::to_record(entry)
        }
    }

    /// Reads stored bytes, as this version does.
    ///
    /// # Errors
    /// A [`RecordError`]. No bytes make it panic.
    pub fn decode(stored: &[u8]) -> Result<Self, RecordError> {
        Self::decode_for(stored, FORMAT)
    }

    /// The same for a reader that knows the formats up to another one.
    ///
    /// # Errors
    /// A [`RecordError`]. No bytes make it panic.
    pub fn decode_for(stored: &[u8], reads: u32) -> Result<Self, RecordError> {
        let message = frame::unpack(stored)?;
        bounds::check(&message)?;
        let message = pb::Record::decode(&*message)
            .map_err(|error| RecordError::Broken(error.to_string()))?;
        Self::of_message(message, reads)
    }

    fn of_message(message: pb::Record, reads: u32) -> Result<Self, RecordError> {
        if message.min_reader > reads {
            return Err(RecordError::NewerFormat {
                min_reader: message.min_reader,
                reads,
                build: message.build,
            });
        }
        let settings = message.settings.as_ref();
        Ok(Self {
            format: message.format,
            previous: Chain::from(texts::fingerprint(&message.previous, "previous")?),
            entry: facts::read_entry(&message)?,
            served: message.served.iter().map(served::read_message).collect(),
            is_whole: message.whole,
            state: texts::fingerprint(&message.state, "state")?,
            settings: settings.map(facts::read_settings).transpose()?,
            node: message.node,
            build: message.build,
        })
    }
}
