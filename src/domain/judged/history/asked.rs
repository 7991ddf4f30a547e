//! When the bank was last asked for a table that was due.

use jiff::Timestamp;

use crate::domain::judged::history::History;

impl History {
    /// When the bank was last asked after a table was due, and answered without it. `None`: never. Only the first answer
    /// after each hour at which a table was due counts.
    pub fn asked(&self) -> Option<Timestamp> {
        self.asked
    }

    /// Records that the bank was asked for a table that was due, and answered without it.
    pub fn record_answer(&mut self, asked_at: Timestamp) {
        self.asked = self.asked.max(Some(asked_at));
    }
}
