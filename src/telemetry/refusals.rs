//! The requests of a port that were refused for their key.

use crate::telemetry::Counter;

/// The requests of a port that were refused for their key, by the reason.
#[derive(Debug, Default)]
pub struct KeyRefusals {
    /// They had none, and needed one.
    pub missing: Counter,
    /// They had one that is none of this service.
    pub invalid: Counter,
    /// Their key has expired.
    pub expired: Counter,
    /// Their key was revoked.
    pub revoked: Counter,
    /// Their key or token is not for what they asked.
    pub scope: Counter,
    /// Their token cannot be used.
    pub token: Counter,
}

impl KeyRefusals {
    /// The count of each reason, with its name.
    pub fn by_reason(&self) -> [(&'static str, &Counter); 6] {
        let Self {
            missing,
            invalid,
            expired,
            revoked,
            scope,
            token,
        } = self;
        [
            ("missing", missing),
            ("invalid", invalid),
            ("expired", expired),
            ("revoked", revoked),
            ("scope", scope),
            ("token", token),
        ]
    }
}
