//! How far the rows of a table have moved since the nearest accepted ones.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::judged::History;
use crate::domain::numbers::Ratio;
use crate::domain::published::{Currency, Fixing, Table, days_between};

/// A move beyond this is suspicious, in per cent a day; over n days, beyond this times the square root of n. Official
/// rates rarely move by more than three per cent.
const MOVE_PERCENT: u32 = 10;
/// The deviation from a power of ten within which a move counts as one, in per cent of it.
const UNIT_JUMP_PERCENT: u32 = 25;
/// The deviation of the product of two values from one within which one is the reciprocal of the other, in per cent.
const INVERSION_PERCENT: u32 = 10;
/// The same for values near one, where the reciprocal is not far away.
const INVERSION_NEAR_ONE_PERCENT: u32 = 1;
/// Below this move, in per cent, the reciprocal is not checked: values near one are nearly their own reciprocals.
const INVERSION_MOVE_PERCENT: u32 = 2;
/// Powers of ten by which units differ: 10 000 is the largest nominal, and prices are per unit both ways.
const POWERS: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];

/// How far one row has moved.
#[derive(Debug)]
pub(super) struct RowMove {
    /// The nearest accepted row.
    pub(super) old: Arc<Fixing>,
    /// Whether that has the same date.
    pub(super) same_date: bool,
    /// The new price divided by the old one, for one unit.
    ratio: Ratio,
    days: u32,
}

/// How far the rows of a table have moved.
#[derive(Debug)]
pub(super) struct Moves {
    steps: BTreeMap<Currency, RowMove>,
    /// The median move.
    median: Ratio,
    /// The least number of days between a row and the one it is compared with.
    days: u32,
    /// Whether it is a second table of its date that differs in most rows.
    pub(super) rewritten: bool,
}

impl Moves {
    pub(super) fn of(table: &Table, history: &History) -> Self {
        let date = table.effective_date;
        let step = |(code, row): (&Currency, &Arc<Fixing>)| {
            let old = history.nearest(date, *code)?;
            let ratio = row.price_per_unit()?.divided_by(&old.price_per_unit()?)?;
            let step = RowMove {
                same_date: old.effective_date == date,
                days: days_between(old.effective_date, date).max(1),
                old,
                ratio,
            };
            Some((*code, step))
        };
        let steps: BTreeMap<_, _> = table.rows.iter().filter_map(step).collect();
        let of_same_date = steps.values().filter(|step| step.same_date).count();
        let changed = steps.iter().filter(|(code, step)| {
            let row = table.rows.get(code);
            step.same_date && row.is_some_and(|row| !row.same_value(&step.old))
        });
        Self {
            rewritten: changed.count().saturating_mul(2) > of_same_date,
            median: median(steps.values().map(|step| &step.ratio)),
            days: steps.values().map(|step| step.days).min().unwrap_or(1),
            steps,
        }
    }

    pub(super) fn of_row(&self, code: Currency) -> Option<&RowMove> {
        self.steps.get(&code)
    }

    /// Whether the whole table moved: the bank's own currency was devalued, or it is another table.
    pub(super) fn whole_table_moved(&self) -> bool {
        exceeds(&self.median, self.days)
    }
}

impl RowMove {
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
        POWERS.into_iter().find_map(|power| {
            let up = near(&self.ratio, power).then(|| format!("about {power}"));
            up.or_else(|| near(&inverse, power).then(|| format!("about 1/{power}")))
        })
    }

    /// Whether the new value is the reciprocal of the old one, as printed or for one unit.
    pub(super) fn is_inversion(&self, row: &Fixing) -> bool {
        let move_size = self.ratio.distance_from_one();
        let far = exceeds(&self.ratio, 1);
        let moved = move_size.compare(&percent(INVERSION_MOVE_PERCENT)) == Ordering::Greater;
        let printed = Ratio::from(row.value).times(&self.old.value.into());
        let for_one = row
            .price_per_unit()
            .zip(self.old.price_per_unit())
            .map(|(new, old)| new.times(&old));
        [Some(printed), for_one]
            .into_iter()
            .flatten()
            .any(|product| {
                let distance = product.distance_from_one();
                let within = |limit| distance.compare(&percent(limit)) != Ordering::Greater;
                (far && within(INVERSION_PERCENT)) || (moved && within(INVERSION_NEAR_ONE_PERCENT))
            })
    }

    /// Whether the row moved too far, relative to the median of its table.
    pub(super) fn moved_away(&self, moves: &Moves) -> bool {
        let beside = self.ratio.divided_by(&moves.median);
        beside.is_none_or(|beside| exceeds(&beside, self.days))
    }
}

/// Whether a move over a number of days, counted as at least one, is suspicious.
pub(super) fn exceeds(ratio: &Ratio, days: u32) -> bool {
    // Compares squares, so that no root is taken: (move)² > (limit)² × days.
    let distance = ratio.distance_from_one();
    let limit = percent(MOVE_PERCENT);
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
