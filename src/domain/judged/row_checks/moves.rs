//! How far the rows of a table have moved since the accepted rows around it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::judged::History;
use crate::domain::numbers::Ratio;
use crate::domain::published::{Currency, Fixing, Table, days_between};

/// A move beyond this is suspicious, in per cent a day; over n days, beyond this times the square root of n. Official
/// rates rarely move by more than three per cent.
pub(super) const MOVE_PERCENT: u32 = 10;
/// The deviation from a power of ten within which a move counts as one, in per cent of it.
const UNIT_JUMP_PERCENT: u32 = 25;
/// The deviation of the product of two values from one within which one is the reciprocal of the other, in per cent.
const INVERSION_PERCENT: u32 = 10;
/// A value within this factor of one has a reciprocal that a real move reaches too: the rouble cost 1.0340 som one day and
/// 0.9241 the next.
const NEAR_ONE_FACTOR: u32 = 2;
/// The greatest power of ten by which units differ: a nominal of a million misread as one, and the decimal point too.
const UNIT_EXPONENT_MAX: u32 = 9;
/// Up to how many days away an accepted row says something about a row that waits: no holidays are longer. The limit of a
/// move grows with the days, so a row years away would release any.
const NEIGHBOUR_DAYS_MAX: u32 = 14;

/// How far one row has moved.
#[derive(Debug)]
pub(super) struct RowMove {
    /// The accepted row that it is compared with.
    pub(super) old: Arc<Fixing>,
    /// Whether that has the same date.
    pub(super) same_date: bool,
    /// The new price divided by the old one, for one unit.
    ratio: Ratio,
    days: u32,
}

/// How far the rows of a table have moved since the rows before it, or to the rows after it.
#[derive(Debug)]
pub(super) struct Side {
    steps: BTreeMap<Currency, RowMove>,
    /// The median move.
    median: Ratio,
    /// The least number of days between a row and the one it is compared with.
    days: u32,
}

/// How far the rows of a table have moved.
#[derive(Debug)]
pub(super) struct Moves {
    /// Compared with the accepted rows of the same date.
    same_date: Side,
    /// Compared with the newest accepted rows before it.
    before: Side,
    /// Compared with the oldest accepted rows after it: a table may arrive years later.
    after: Side,
    /// Whether it is a second table of its date that differs in most rows.
    pub(super) rewritten: bool,
}

impl Moves {
    pub(super) fn of(table: &Table, history: &History) -> Self {
        let date = table.effective_date;
        let same_date = Side::of(table, |code, _| Some((0, history.accepted_on(date, code)?)));
        let before = Side::of(table, |code, row| {
            let old = history.accepted_before(date, code)?;
            // A value that is only repeated moved when it was printed first: the limit does not grow while it waits.
            let moved_on = history.waits_since(code, row);
            Some((days_between(old.effective_date, moved_on), old))
        });
        let after = Side::of(table, |code, _| {
            let old = history.accepted_after(date, code)?;
            Some((days_between(old.effective_date, date), old))
        });
        let changed = same_date.steps.iter().filter(|(code, step)| {
            let row = table.rows.get(code);
            row.is_some_and(|row| !row.same_value(&step.old))
        });
        Self {
            rewritten: changed.count().saturating_mul(2) > same_date.steps.len(),
            same_date,
            before,
            after,
        }
    }

    /// The move of a row since the accepted one of its date, else since the nearer one of those around it, with the side
    /// of the table that it is on; both if they are equally near.
    pub(super) fn of_row(&self, code: Currency) -> Vec<(&RowMove, &Side)> {
        let sides = if self.same_date.steps.contains_key(&code) {
            vec![&self.same_date]
        } else {
            vec![&self.before, &self.after]
        };
        let steps = sides.into_iter();
        let steps = steps.filter_map(|side| Some((side.steps.get(&code)?, side)));
        let mut steps: Vec<_> = steps.collect();
        let nearest = steps.iter().map(|(step, _)| step.days).min();
        steps.retain(|(step, _)| Some(step.days) == nearest);
        steps
    }
}

impl Side {
    /// The moves of the rows of a table since the row that `old` returns for each, with the days between.
    fn of(table: &Table, old: impl Fn(Currency, &Fixing) -> Option<(u32, Arc<Fixing>)>) -> Self {
        let date = table.effective_date;
        let step = |(code, row): (&Currency, &Arc<Fixing>)| {
            let (days, old) = old(*code, row)?;
            let step = RowMove {
                same_date: old.effective_date == date,
                days: days.max(1),
                ratio: price_ratio(row, &old)?,
                old,
            };
            Some((*code, step))
        };
        let steps: BTreeMap<_, _> = table.rows.iter().filter_map(step).collect();
        Self {
            median: median(steps.values().map(|step| &step.ratio)),
            days: steps.values().map(|step| step.days).min().unwrap_or(1),
            steps,
        }
    }

    /// Whether the whole table moved: the bank's own currency was devalued, or it is another table.
    pub(super) fn whole_table_moved(&self) -> bool {
        exceeds(&self.median, self.days, MOVE_PERCENT)
    }

    /// Whether a row moved too far, relative to the median of its table.
    pub(super) fn moved_away(&self, step: &RowMove) -> bool {
        let beside = step.ratio.divided_by(&self.median);
        beside.is_none_or(|beside| exceeds(&beside, step.days, MOVE_PERCENT))
    }
}

impl RowMove {
    /// Whether the accepted row is near enough in time to say something about a row that waits.
    pub(super) fn is_near(&self, date: Date) -> bool {
        days_between(self.old.effective_date, date) <= NEIGHBOUR_DAYS_MAX
    }

    /// The power of ten that the move is close to, for messages.
    pub(super) fn power_of_ten(&self) -> Option<String> {
        let near = |ratio: &Ratio, power: u32| {
            let share = ratio.divided_by(&Ratio::from(power));
            share.is_some_and(|share| {
                let limit = percent(UNIT_JUMP_PERCENT);
                share.distance_from_one().compare(&limit) != Ordering::Greater
            })
        };
        let inverse = Ratio::from(1).divided_by(&self.ratio)?;
        let powers = (1..=UNIT_EXPONENT_MAX).filter_map(|exponent| 10_u32.checked_pow(exponent));
        powers.into_iter().find_map(|power| {
            let up = near(&self.ratio, power).then(|| format!("about {power}"));
            up.or_else(|| near(&inverse, power).then(|| format!("about 1/{power}")))
        })
    }

    /// Whether the new value is the reciprocal of the old one, as printed or for one unit. A value near one is not
    /// checked.
    pub(super) fn is_inversion(&self, row: &Fixing) -> bool {
        let printed = (Ratio::from(row.value), Ratio::from(self.old.value));
        let for_one = row.price_per_unit().zip(self.old.price_per_unit());
        let mut values = [Some(printed), for_one].into_iter().flatten();
        values.any(|(new, old)| {
            let distance = new.times(&old).distance_from_one();
            !is_near_one(&old) && distance.compare(&percent(INVERSION_PERCENT)) != Ordering::Greater
        })
    }
}

/// Whether a value is within a factor of two of one.
fn is_near_one(value: &Ratio) -> bool {
    let factor = Ratio::from(NEAR_ONE_FACTOR);
    value.compare(&factor) != Ordering::Greater
        && value.times(&factor).compare(&Ratio::from(1)) != Ordering::Less
}

/// The price of one row divided by that of another, for one unit.
pub(super) fn price_ratio(row: &Fixing, other: &Fixing) -> Option<Ratio> {
    row.price_per_unit()?.divided_by(&other.price_per_unit()?)
}

/// Whether a move over a number of days, counted as at least one, exceeds a limit in per cent a day.
pub(super) fn exceeds(ratio: &Ratio, days: u32, limit_percent: u32) -> bool {
    // Compares squares, so that no root is taken: (move)² > (limit)² × days.
    let distance = ratio.distance_from_one();
    let limit = percent(limit_percent);
    let limit = limit.times(&limit).times(&Ratio::from(days.max(1)));
    distance.times(&distance).compare(&limit) == Ordering::Greater
}

fn percent(percent: u32) -> Ratio {
    Ratio::from(Decimal::new(percent.into(), 2))
}

/// The median; of the two in the middle, the one nearer to one. One if there are none.
fn median<'a>(ratios: impl Iterator<Item = &'a Ratio>) -> Ratio {
    let mut sorted: Vec<&Ratio> = ratios.collect();
    sorted.sort_by(|one, other| one.compare(other));
    let middle = sorted.len().div_euclid(2);
    let upper = sorted.get(middle).copied();
    let lower = (sorted.len().is_multiple_of(2))
        .then(|| sorted.get(middle.saturating_sub(1)).copied())
        .flatten();
    let nearest = [lower, upper]
        .into_iter()
        .flatten()
        .min_by(|one, other| one.distance_from_one().compare(&other.distance_from_one()));
    nearest.cloned().unwrap_or_else(|| Ratio::from(1))
}
