//! What an event can be about, and what is known of it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::config::EventKind;

/// Something that an event can be about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) kind: EventKind,
    /// A pair, a source, or the id of a held value.
    pub(super) name: String,
}

/// What is known of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// The value, the date and value that are announced, the punctuality, or the units and value that are held.
    pub(super) state: String,
    /// The source and the dates of the newest value of a pair that was sent in an event of this kind.
    pub(super) told: Option<String>,
    /// The newest date from which a value of the pair that was seen stood; `None` of anything else.
    pub(super) since: Option<Date>,
    /// The days before it on which no value of the pair was seen or looked up, although one may have stood: a fixing of one of
    /// them that is filed later was missed. Only a webhook with a limit keeps them.
    pub(super) unseen: BTreeSet<Date>,
    /// The days of the same weeks whose value was sent: it is not sent again when its reference is filed late. Only a webhook
    /// with a limit keeps them.
    pub(super) sent: BTreeSet<Date>,
}
