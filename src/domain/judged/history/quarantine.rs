//! The rows that are not accepted: held ones, and discarded ones. They are kept beside the tables, so that a value that
//! is held for years keeps no table in memory.

use std::collections::BTreeMap;
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
        self.settle_waiting(date);
    }

    /// Removes a row from the held ones.
    pub fn unhold(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        self.held.remove(&(date, held.code));
        self.settle_waiting(date);
    }

    /// Discards a value, so that it is not held again.
    pub fn dismiss(&mut self, held: &Held) {
        let date = held.fixing.effective_date;
        self.held.remove(&(date, held.code));
        let figure = Arc::clone(&held.fixing);
        self.dismissed.insert((date, held.code), figure);
        self.settle_waiting(date);
    }

    /// Whether this very value was discarded.
    pub fn is_dismissed(&self, code: Currency, row: &Fixing) -> bool {
        let dismissed = self.dismissed.get(&(row.effective_date, code));
        dismissed.is_some_and(|dismissed| dismissed.same_figure(row))
    }

    /// The held rows, by date and currency.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &Arc<Held>> {
        self.held.values()
    }

    /// The held row of a currency at a date.
    pub fn held_at(&self, date: Date, code: Currency) -> Option<&Arc<Held>> {
        self.held.get(&(date, code))
    }

    /// The date of the table before a date, accepted or not.
    pub fn date_before(&self, date: Date) -> Option<Date> {
        let first = (date, Currency::FIRST);
        let accepted = self.entries.range(..date).next_back();
        let held = self.held.range(..first).next_back();
        let dismissed = self.dismissed.range(..first).next_back();
        let dates = [
            accepted.map(|(date, _)| *date),
            held.map(|((date, _), _)| *date),
            dismissed.map(|((date, _), _)| *date),
        ];
        dates.into_iter().flatten().max()
    }

    /// The newest date that has an accepted or a held row.
    pub fn newest_printed(&self) -> Option<Date> {
        let accepted = self.entries.last_key_value().map(|(date, _)| *date);
        let held = self.held.last_key_value().map(|((date, _), _)| *date);
        accepted.max(held)
    }

    /// Every row that was printed for a date, accepted or not.
    pub fn printed(&self, date: Date) -> BTreeMap<Currency, Arc<Fixing>> {
        let of_date = (date, Currency::FIRST)..=(date, Currency::LAST);
        let dismissed = self.dismissed.range(of_date.clone());
        let dismissed = dismissed.map(|((_, code), row)| (*code, Arc::clone(row)));
        let held = self.held.range(of_date);
        let held = held.map(|((_, code), held)| (*code, Arc::clone(&held.fixing)));
        let mut rows: BTreeMap<_, _> = dismissed.chain(held).collect();
        if let Some(table) = self.table(date) {
            let accepted = table.rows.iter();
            rows.extend(accepted.map(|(code, row)| (*code, Arc::clone(row))));
        }
        rows
    }

    /// Whether the tables of two dates are equal row by row.
    pub(super) fn repeats(&self, date: Date, before: Date) -> bool {
        let (rows, rows_before) = (self.printed(date), self.printed(before));
        rows.len() == rows_before.len()
            && rows
                .iter()
                .zip(&rows_before)
                .all(|((code, row), (code_before, row_before))| {
                    code == code_before
                        && row.home_currency == row_before.home_currency
                        && row.same_figure(row_before)
                })
    }

    /// Updates, after the held rows of a date have changed, which tables are repeats.
    fn settle_waiting(&mut self, date: Date) {
        self.mark_carry(date);
        let later = self.entries.range(date..);
        let next = later.map(|(day, _)| *day).find(|day| *day > date);
        if let Some(next) = next {
            self.mark_carry(next);
        }
    }
}
