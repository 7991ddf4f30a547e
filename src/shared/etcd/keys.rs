//! The keys of a log.

use crate::shared::log::Note;

/// The keys of the log of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    prefix: String,
}

/// The digits of the number of a record: more than any log has, and of one length, so that the order of the keys is that of the
/// numbers.
const DIGITS: usize = 16;
/// Where the records are, below the prefix.
const RECORDS: &str = "log/";
/// Where the replicas say what they do, below the prefix.
const NODES: &str = "nodes/";

impl Keys {
    pub(super) fn of(name: &str) -> Self {
        Self {
            prefix: format!("/silkrate/{name}/"),
        }
    }

    pub(super) fn record(&self, seq: u64) -> Vec<u8> {
        format!("{}{RECORDS}{seq:0DIGITS$}", self.prefix).into_bytes()
    }

    /// The first key.
    pub(super) fn records(&self) -> Vec<u8> {
        format!("{}{RECORDS}", self.prefix).into_bytes()
    }

    /// The key behind the last one: `0` follows `/`.
    pub(super) fn end_of_records(&self) -> Vec<u8> {
        format!("{}log0", self.prefix).into_bytes()
    }

    /// The number of a record, from its key; `None` for another key.
    pub(super) fn seq(&self, key: &[u8]) -> Option<u64> {
        let key = str::from_utf8(key).ok()?;
        let digits = key.strip_prefix(&self.prefix)?.strip_prefix(RECORDS)?;
        let is_number = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    }

    pub(super) fn leader(&self) -> Vec<u8> {
        format!("{}leader", self.prefix).into_bytes()
    }

    /// What one replica says of itself.
    pub(super) fn node(&self, name: &str) -> Vec<u8> {
        format!("{}{NODES}{name}", self.prefix).into_bytes()
    }

    /// The first key of those, and the one behind the last: `0` follows `/`.
    pub(super) fn nodes(&self) -> (Vec<u8>, Vec<u8>) {
        let end = format!("{}nodes0", self.prefix);
        (self.node(""), end.into_bytes())
    }

    pub(super) fn note(&self, note: &Note) -> Vec<u8> {
        let name = match note {
            Note::Polls => "polls".to_owned(),
            Note::Delivered(webhook) => format!("delivered/{webhook}"),
        };
        format!("{}{name}", self.prefix).into_bytes()
    }

    pub(super) fn state(&self) -> Vec<u8> {
        format!("{}state", self.prefix).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_keys_is_that_of_the_records() {
        let keys = Keys::of("main");
        assert_eq!(keys.record(7), b"/silkrate/main/log/0000000000000007");
        assert!(keys.record(9) < keys.record(10));
        assert!(keys.records() < keys.record(0));
        assert!(keys.record(u64::MAX) < keys.end_of_records());
        assert_eq!(keys.seq(&keys.record(10)), Some(10));
        let (first, end) = keys.nodes();
        assert!(first < keys.node("a") && keys.node("zz") < end);
        assert!(end < keys.state() && keys.leader() < first);
        for other in [
            &keys.leader()[..],
            b"/silkrate/main/log/7",
            &Keys::of("x").record(7),
        ] {
            assert_eq!(keys.seq(other), None);
        }
    }
}
