//! The rows that are not accepted: held ones, and discarded ones. They are kept beside the tables, so that a value that
//! is held for years keeps no table in memory.

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::judged::Held;
use crate::domain::judged::history::History;
use crate::domain::published::{Currency, Fixing};

impl History {
    /// Holds a row under its date, in place of an earlier held one of its currency.
    pub fn hold(&mut self, held: Arc<Held>) {
        let date = held.fixing.effective_date;
        self.held.insert((date, held.code), held);
        self.update_carries(date);
    }

    /// Removes a row from the held ones.
    pub fn unhold(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        self.held.remove(&(date, held.code));
        self.update_carries(date);
    }

    /// Discards a value, so that it is not held again.
    pub fn discard(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        self.held.remove(&(date, held.code));
        self.discarded
            .insert((date, held.code), Arc::clone(&held.fixing));
        self.update_carries(date);
    }

    /// Whether this very value was discarded.
    pub fn is_discarded(&self, code: Currency, row: &Fixing) -> bool {
        let discarded = self.discarded.get(&(row.effective_date, code));
        discarded.is_some_and(|discarded| discarded.same_value(row))
    }

    /// The held rows, by date and currency.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &Arc<Held>> {
        self.held.values()
    }

    /// The held row of a currency at a date.
    pub fn held_at(&self, date: Date, code: Currency) -> Option<&Arc<Held>> {
        self.held.get(&(date, code))
    }
}
