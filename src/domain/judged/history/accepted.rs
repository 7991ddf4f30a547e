//! The accepted rows of one currency, and the tables that are kept for the sake of one.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::judged::history::{History, KeptTable};
use crate::domain::published::{Currency, Fixing, Table};

impl History {
    /// The accepted row nearest to a date for a currency: of that date, else the newest before, else the oldest after.
    pub fn nearest(&self, date: Date, code: Currency) -> Option<Arc<Fixing>> {
        let row = |(_, entry): (&Date, &'_ KeptTable)| entry.table.rows.get(&code).map(Arc::clone);
        let before = self.entries.range(..=date).rev().find_map(row);
        before.or_else(|| self.entries.range(date..).find_map(row))
    }

    /// The accepted row of a currency at a date.
    pub(in crate::domain::judged) fn accepted_on(
        &self,
        date: Date,
        code: Currency,
    ) -> Option<Arc<Fixing>> {
        let entry = self.entries.get(&date)?;
        entry.table.rows.get(&code).map(Arc::clone)
    }

    /// The newest accepted row of a currency before a date.
    pub(in crate::domain::judged) fn accepted_before(
        &self,
        date: Date,
        code: Currency,
    ) -> Option<Arc<Fixing>> {
        let mut earlier = self.entries.range(..date).rev();
        earlier.find_map(|(_, entry)| entry.table.rows.get(&code).map(Arc::clone))
    }

    /// The oldest accepted row of a currency after a date.
    pub(in crate::domain::judged) fn accepted_after(
        &self,
        date: Date,
        code: Currency,
    ) -> Option<Arc<Fixing>> {
        let mut later = self
            .entries
            .range((Bound::Excluded(date), Bound::Unbounded));
        later.find_map(|(_, entry)| entry.table.rows.get(&code).map(Arc::clone))
    }

    /// Takes in a table that is older than those kept, if it is kept all the same: it has the newest row of a currency that
    /// ceased to exist. A start reads these tables too.
    pub(in crate::domain) fn insert_if_newest_of_a_currency(&mut self, table: &Table) {
        let date = table.effective_date;
        let after = (Bound::Excluded(date), Bound::Unbounded);
        let has_newer = |code: &Currency| {
            let mut newer = self.entries.range(after);
            newer.any(|(_, newer)| newer.table.rows.contains_key(code))
        };
        let is_kept = self.entries.contains_key(&date);
        if is_kept || !table.rows.keys().all(has_newer) {
            self.insert(table.clone());
        }
    }

    /// Whether an accepted row prices a currency at a date or before it.
    pub fn prices_until(&self, date: Date, code: Currency) -> bool {
        let mut earlier = self.entries.range(..=date);
        earlier.any(|(_, entry)| entry.table.rows.contains_key(&code))
    }

    /// Whether a table prices one currency in another.
    pub fn prices(&self, from: Currency, to: Currency) -> bool {
        let mut newest_first = self.entries.values().rev();
        newest_first.any(|entry| entry.table.prices(from, to))
    }

    /// The currencies in which a table prices one.
    pub fn priced_in(&self, from: Currency) -> BTreeSet<Currency> {
        let mut priced = BTreeSet::new();
        let mut before: Option<&Table> = None;
        for entry in self.entries.values() {
            let table = &*entry.table;
            if !before.is_some_and(|before| before.same_currencies(table)) {
                let currencies = table.rows.keys().copied().chain([table.pivot]);
                priced.extend(currencies.filter(|to| table.prices(from, *to)));
            }
            before = Some(table);
        }
        priced
    }
}
