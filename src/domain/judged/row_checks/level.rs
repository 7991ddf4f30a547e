//! Whether the rows of a currency that wait beside each other stay on one level, away from the accepted rows.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::domain::judged::row_checks::Case;
use crate::domain::judged::row_checks::moves::{exceeds, price_ratio};
use crate::domain::judged::{Check, Held};
use crate::domain::numbers::Ratio;
use crate::domain::published::{Fixing, days_between};

/// How far the values of one level may be apart, in per cent a day; over n days, beyond this times the square root of n.
/// It is twice the usual limit: a currency that has just fallen by a third is not calm the day after.
const LEVEL_PERCENT: u32 = 20;
/// How many tables after the first one must stay on its level. A misprint has been repeated in the next table, and was
/// corrected in the one after it.
const LATER_TABLES: usize = 2;
/// How many weekdays a table that stands for several days must be printed unchanged in place of that: its next two tables
/// are weeks away. A misprint is seen by the bank within that time.
const WEEKDAYS_PRINTED: usize = 2;

impl Case<'_> {
    /// The rows that wait beside this one on its level, with no accepted row between. `old` is the accepted row that
    /// they moved away from. The newest ones before the row come first, then the oldest ones after it.
    pub(super) fn level(&self, old: &Fixing) -> Vec<Arc<Held>> {
        let (before, after) = self.waiting_beside();
        let mut level = Vec::new();
        for side in [before, after] {
            let mut nearer = Arc::clone(self.row);
            for held in side {
                if !on_one_level(&held.fixing, &nearer, old) {
                    break;
                }
                nearer = Arc::clone(&held.fixing);
                level.push(held);
            }
        }
        level
    }

    /// The rows that wait between the accepted one and the level: the steps by which the value came there.
    pub(super) fn on_the_way(&self, old: &Fixing, level: &[Arc<Held>]) -> Vec<Arc<Held>> {
        let (before, after) = self.waiting_beside();
        let is_before = old.effective_date < self.row.effective_date;
        let side = if is_before { before } else { after };
        let mut on_the_way = Vec::new();
        let mut nearer = Arc::clone(self.row);
        for held in side {
            let known = level.iter().any(|known| Arc::ptr_eq(known, &held));
            if !known && !is_between(&held.fixing, old, &nearer) {
                break;
            }
            nearer = Arc::clone(&held.fixing);
            if !known {
                on_the_way.push(held);
            }
        }
        on_the_way
    }

    /// Whether enough tables of the bank are on the level of this row. A table that repeats the one before it, as on a
    /// weekend, says nothing.
    pub(super) fn lasts(&self, level: &[Arc<Held>]) -> bool {
        let history = self.history();
        let before = history.date_before(self.row.effective_date);
        let rows_before = before.map(|date| history.printed(date));
        let is_repeat = rows_before.is_some_and(|before| {
            before.len() == self.table.rows.len()
                && before.iter().all(|(code, row)| {
                    let printed = self.table.rows.get(code);
                    printed.is_some_and(|printed| printed.same_value(row))
                })
        });
        let real = level
            .iter()
            .filter(|held| !history.repeats_the_one_before(held.fixing.effective_date));
        let tables = real.count().saturating_add(usize::from(!is_repeat));
        tables > LATER_TABLES || self.was_printed_for_days()
    }

    /// Whether a table that stands for several days has been printed unchanged for long enough.
    fn was_printed_for_days(&self) -> bool {
        let stands_for_days = self.context.document.schedule.valid_days > 1;
        let held = self.held_at_date().filter(|held| self.repeats(held));
        let record = self.context.records.get(&self.context.source);
        let (true, Some(held), Some(record)) = (stands_for_days, held, record) else {
            return false;
        };
        let first = record.today(held.since);
        weekdays_after(first, record.today(self.context.now)) >= WEEKDAYS_PRINTED
    }

    /// The rows of the currency that wait before the date of the row, newest first, and after it, oldest first, up to the
    /// next accepted one. Rows whose units or whose date are in doubt are no evidence.
    fn waiting_beside(&self) -> (Vec<Arc<Held>>, Vec<Arc<Held>>) {
        let (history, date) = (self.history(), self.row.effective_date);
        let first = history.accepted_before(date, self.code);
        let first = first.map_or(Date::MIN, |row| row.effective_date);
        let last = history.accepted_after(date, self.code);
        let last = last.map_or(Date::MAX, |row| row.effective_date);
        let of_size = |held: &Arc<Held>| {
            matches!(
                held.check,
                Check::SizeOfMove | Check::WholeTable | Check::Rewritten
            )
        };
        let waiting = history.waiting(self.code).into_iter().filter(of_size);
        let waiting = waiting.filter(|held| {
            let day = held.fixing.effective_date;
            first < day && day < last && day != date
        });
        let (mut before, after): (Vec<_>, Vec<_>) =
            waiting.partition(|held| held.fixing.effective_date < date);
        before.reverse();
        (before, after)
    }
}

/// Whether two rows are on one level: nearer to each other than to the accepted one, and within the limit of a level.
fn on_one_level(row: &Fixing, other: &Fixing, old: &Fixing) -> bool {
    let days = days_between(row.effective_date, other.effective_date);
    let Some(step) = price_ratio(other, row) else {
        return false;
    };
    let nearer_than = |one: &Fixing| {
        let apart = price_ratio(one, old).and_then(|ratio| factor(&ratio));
        let between = factor(&step);
        apart
            .zip(between)
            .is_some_and(|(apart, between)| between.compare(&apart) == Ordering::Less)
    };
    !exceeds(&step, days, LEVEL_PERCENT) && nearer_than(row) && nearer_than(other)
}

/// Whether the price of a row is between those of two others.
fn is_between(row: &Fixing, one: &Fixing, other: &Fixing) -> bool {
    let side = |of: &Fixing| Some(price_ratio(row, of)?.compare(&Ratio::from(1)));
    matches!(
        (side(one), side(other)),
        (Some(Ordering::Greater), Some(Ordering::Less))
            | (Some(Ordering::Less), Some(Ordering::Greater))
    )
}

/// A ratio or its reciprocal, whichever is above one.
fn factor(ratio: &Ratio) -> Option<Ratio> {
    if ratio.compare(&Ratio::from(1)) == Ordering::Less {
        Ratio::from(1).divided_by(ratio)
    } else {
        Some(ratio.clone())
    }
}

/// How many days from Monday to Friday follow a date, up to another.
fn weekdays_after(first: Date, last: Date) -> usize {
    let days = first.series(1.day()).skip(1);
    let days = days.take_while(|day| *day <= last).take(7);
    days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
        .count()
}
