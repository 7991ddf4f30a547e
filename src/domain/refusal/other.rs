//! The replica that takes what this one refuses.

use std::fmt;

/// The replica of a service that takes what operators decide, in place of this one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherReplica {
    /// Its name; empty if none is known.
    pub node: String,
    /// Where operators reach it, as a URL; empty if it does not say.
    pub address: String,
}

impl fmt::Display for OtherReplica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, address } = self;
        if node.is_empty() {
            return formatter.write_str(
                "no replica is known to lead now, so none takes what operators decide; try again in a moment",
            );
        }
        write!(
            formatter,
            "this replica follows `{}`, which takes what operators decide",
            node.escape_debug()
        )?;
        if address.is_empty() {
            write!(formatter, "; ask it there")
        } else {
            write!(formatter, " at {}", address.escape_debug())
        }
    }
}
