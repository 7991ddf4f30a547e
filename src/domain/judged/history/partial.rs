//! Histories of a few currencies, for queries over many years.

use std::sync::Arc;

use crate::domain::judged::history::{History, KeptTable};
use crate::domain::published::Table;

impl History {
    /// Inserts some rows of a table, and whether the whole table repeats the one before it: that cannot be told from
    /// the rows. Such a history keeps all tables, and has no other ones.
    pub fn insert_partial(&mut self, table: Table, is_carry: bool) {
        let date = table.effective_date;
        self.record_filed(date);
        let kept = KeptTable {
            table: Arc::new(table),
            carry: is_carry,
        };
        self.entries.insert(date, kept);
    }
}
