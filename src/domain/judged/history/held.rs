//! The rows that are not accepted: held ones, and those that were settled otherwise. They are kept beside the tables, so
//! that a value that is held for years keeps no table in memory.

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::judged::history::{History, Settled};
use crate::domain::judged::{Held, HeldOutcome};
use crate::domain::published::{Currency, Fixing};

impl Settled {
    /// Whether it was settled for good, or until evidence for it arrives: the bank did not print another value instead.
    pub(super) fn is_discarded(&self) -> bool {
        matches!(self.outcome, HeldOutcome::Rejected | HeldOutcome::Overtaken)
    }
}

impl History {
    /// Holds a row under its date, in place of an earlier held one of its currency.
    pub fn hold(&mut self, held: Arc<Held>) {
        let date = held.fixing.effective_date;
        self.held.insert((date, held.code), held);
        self.update_carries(date);
    }

    /// Settles a held row. One that is not released is remembered with its outcome; one that is released has to be
    /// inserted by the caller.
    pub fn settle(&mut self, held: &Arc<Held>, outcome: HeldOutcome) {
        let (date, code) = (held.fixing.effective_date, held.code);
        self.forget_held(code, &held.fixing);
        let settled = self.settled.entry((date, code)).or_default();
        if outcome == HeldOutcome::Released {
            settled.retain(|one| !one.held.fixing.same_value(&held.fixing));
        } else if !settled.iter().any(|one| {
            // The ledger writes a decision that repeats the last one of its value once.
            one.outcome == outcome && one.held.fixing.same_value(&held.fixing)
        }) {
            let held = Arc::clone(held);
            settled.push(Settled { held, outcome });
        }
        if settled.is_empty() {
            self.settled.remove(&(date, code));
        }
        self.update_carries(date);
    }

    /// Takes over the rows that are not accepted from the history of the newest tables, which has none near a date: those
    /// older than its tables without gaps that lie among the tables of this one, or beyond its last one on the side of the date.
    pub(in crate::domain) fn withhold_around(&mut self, date: Date, other: &Self) {
        let oldest = self.oldest_date().filter(|oldest| *oldest <= date);
        let newest = self.newest().map(|table| table.effective_date);
        let newest = newest.filter(|newest| *newest >= date);
        let range = oldest.unwrap_or(Date::MIN)..=newest.unwrap_or(Date::MAX);
        let lies_near = |date: &Date| {
            let is_older = other
                .oldest_after_forgotten()
                .is_none_or(|oldest| *date < oldest);
            is_older && range.contains(date)
        };
        self.take_not_accepted_where(lies_near, other);
    }

    /// Takes over the rows that are not accepted from another history of the document: those among the tables of this one,
    /// up to a date. They count when two tables are compared.
    pub(super) fn take_not_accepted(&mut self, last: Date, other: &Self) {
        let first = self.oldest_date().unwrap_or(Date::MAX);
        self.take_not_accepted_where(|date| (first..=last).contains(date), other);
    }

    fn take_not_accepted_where(&mut self, is_wanted: impl Fn(&Date) -> bool, other: &Self) {
        let settled = other.settled.iter();
        let settled = settled.filter(|((date, _), _)| is_wanted(date));
        self.settled
            .extend(settled.map(|(key, settled)| (*key, settled.clone())));
        let held = other.held.iter().filter(|((date, _), _)| is_wanted(date));
        self.held
            .extend(held.map(|(key, held)| (*key, Arc::clone(held))));
        self.update_all_carries();
    }

    /// The oldest date kept that is newer than all dropped ones. Before it the tables kept have gaps: the last table of a
    /// currency that ceased to exist is kept for ever.
    pub(in crate::domain::judged) fn oldest_after_forgotten(&self) -> Option<Date> {
        let mut kept = self.entries.keys().copied();
        kept.find(|date| self.forgotten.is_none_or(|forgotten| *date > forgotten))
    }

    /// Removes a row from the held ones, if this very value is held.
    pub(super) fn forget_held(&mut self, code: Currency, row: &Fixing) {
        let key = (row.effective_date, code);
        let is_held = self.held.get(&key);
        if is_held.is_some_and(|held| held.fixing.same_value(row)) {
            self.held.remove(&key);
        }
    }

    /// Whether this very value was settled with an outcome, for the date and the currency of the row.
    pub fn was_settled(&self, code: Currency, row: &Fixing, outcome: HeldOutcome) -> bool {
        let settled = self.settled.get(&(row.effective_date, code));
        settled
            .into_iter()
            .flatten()
            .any(|settled| settled.outcome == outcome && settled.held.fixing.same_value(row))
    }

    /// The date of the table before this row in which an operator rejected its value, if every table between printed it
    /// and none was accepted.
    pub(in crate::domain::judged) fn rejected_before(
        &self,
        code: Currency,
        row: &Fixing,
    ) -> Option<Date> {
        let mut settled = self.settled.values().flatten();
        if !settled.any(|settled| settled.outcome == HeldOutcome::Rejected) {
            return None;
        }
        let mut date = row.effective_date;
        loop {
            date = self.date_before(date)?;
            let printed = self.printed(date);
            let before = printed.get(&code).filter(|before| before.same_value(row))?;
            if self.was_settled(code, before, HeldOutcome::Rejected) {
                return Some(date);
            }
            if self.accepted_on(date, code).is_some() {
                return None;
            }
        }
    }

    /// The first date for which the value of a row was printed, if no table since has had another value or an accepted
    /// row; its own date if it is new.
    pub(in crate::domain::judged) fn waits_since(&self, code: Currency, row: &Fixing) -> Date {
        let mut since = row.effective_date;
        while let Some(before) = self.date_before(since) {
            if self.accepted_on(before, code).is_some() {
                break;
            }
            let printed = self.printed(before);
            if !printed
                .get(&code)
                .is_some_and(|before| before.same_value(row))
            {
                break;
            }
            since = before;
        }
        since
    }

    /// The held rows, by date and currency.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &Arc<Held>> {
        self.held.values()
    }

    /// The held row of a currency at a date.
    pub fn held_at(&self, date: Date, code: Currency) -> Option<&Arc<Held>> {
        self.held.get(&(date, code))
    }

    /// The rows of a currency that are not accepted and may be, by date: held ones, and those that a later row overtook.
    /// A date that has an accepted row has none.
    pub(in crate::domain::judged) fn waiting(&self, code: Currency) -> Vec<Arc<Held>> {
        let settled = self.settled.iter().filter(|((_, of), _)| *of == code);
        let overtaken = settled.filter_map(|(_, settled)| {
            let last = settled.iter().rev().find(|one| one.is_discarded())?;
            (last.outcome == HeldOutcome::Overtaken).then(|| Arc::clone(&last.held))
        });
        let held = self.held.values().filter(|held| held.code == code);
        let mut waiting: Vec<Arc<Held>> = overtaken.chain(held.map(Arc::clone)).collect();
        waiting.retain(|held| self.accepted_on(held.fixing.effective_date, code).is_none());
        // Of two rows of one date the held one is newer.
        waiting.sort_by_key(|held| held.fixing.effective_date);
        waiting.reverse();
        waiting.dedup_by_key(|held| held.fixing.effective_date);
        waiting.reverse();
        waiting
    }
}
