//! How far the rows of a table have moved since the last good ones.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::judged::History;
use crate::domain::numbers::Ratio;
use crate::domain::published::{Currency, Fixing, Table};

/// A move beyond this in a day is suspect, in hundredths; in n days, beyond this times the root of n. Official rates
/// rarely move by more than three hundredths.
const MOVE_PERCENT: u32 = 10;
/// How near to a power of ten a move counts as one, in hundredths of it.
const UNIT_JUMP_PERCENT: u32 = 25;
/// How near to one the product of two values makes one the inverse of the other, in hundredths.
const INVERSION_PERCENT: u32 = 10;
/// The same for values near one, where the inverse is no far move.
const INVERSION_NEAR_ONE_PERCENT: u32 = 1;
/// Below this move, in hundredths, nothing is said of an inverse: values near one are their own.
const INVERSION_MOVE_PERCENT: u32 = 2;
/// Powers of ten that units differ by: 10 000 is the largest nominal, and prices are per unit both ways.
const POWERS: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];

/// How far one row has moved.
#[derive(Debug)]
pub(super) struct Step {
    /// What was believed last.
    pub(super) old: Arc<Fixing>,
    /// Whether that is of the same date.
    pub(super) same_date: bool,
    /// New over old, for one unit.
    ratio: Ratio,
    days: u32,
}

/// How far the rows of a table have moved.
#[derive(Debug)]
pub(super) struct Moves {
    steps: BTreeMap<Currency, Step>,
    /// The move in the middle.
    median: Ratio,
    /// Days since the table before.
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
            let step = Step {
                same_date: old.effective_date == date,
                days: days_between(old.effective_date, date),
                old,
                ratio,
            };
            Some((*code, step))
        };
        let steps: BTreeMap<_, _> = table.rows.iter().filter_map(step).collect();
        let known = steps.values().filter(|step| step.same_date).count();
        let changed = steps.iter().filter(|(code, step)| {
            let row = table.rows.get(code);
            step.same_date && row.is_some_and(|row| !row.same_figure(&step.old))
        });
        Self {
            rewritten: changed.count().saturating_mul(2) > known,
            median: median(steps.values().map(|step| &step.ratio)),
            days: steps.values().map(|step| step.days).min().unwrap_or(1),
            steps,
        }
    }

    pub(super) fn of_row(&self, code: Currency) -> Option<&Step> {
        self.steps.get(&code)
    }

    /// A devaluation of the bank's own currency, or another table.
    pub(super) fn whole_table_moved(&self) -> bool {
        exceeds(&self.median, self.days)
    }
}

impl Step {
    /// The power of ten that the move is near to, as it is told to people.
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

    /// Whether the new value is one divided by the old, as printed or for one unit.
    pub(super) fn is_inversion(&self, row: &Fixing) -> bool {
        let move_size = self.ratio.distance_from_one();
        let far = exceeds(&self.ratio, 1);
        let near_one = move_size.compare(&percent(INVERSION_MOVE_PERCENT)) == Ordering::Greater;
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
                (far && within(INVERSION_PERCENT))
                    || (near_one && within(INVERSION_NEAR_ONE_PERCENT))
            })
    }

    /// Whether the row moved too far, measured against the middle of its table.
    pub(super) fn moved_away(&self, moves: &Moves) -> bool {
        let beside = self.ratio.divided_by(&moves.median);
        beside.is_none_or(|beside| exceeds(&beside, self.days))
    }
}

/// Whether a move over so many days is suspect.
pub(super) fn exceeds(ratio: &Ratio, days: u32) -> bool {
    // Squared, so that no root is taken: (move)² > (limit)² × days.
    let distance = ratio.distance_from_one();
    let limit = percent(MOVE_PERCENT);
    let limit = limit.times(&limit).times(&Ratio::from(days.max(1)));
    distance.times(&distance).compare(&limit) == Ordering::Greater
}

/// The whole days between two dates, at least one.
pub(super) fn days_between(one: Date, other: Date) -> u32 {
    let days = one.duration_since(other).as_hours().checked_div(24);
    let days = days.unwrap_or(i64::MAX).unsigned_abs();
    u32::try_from(days).unwrap_or(u32::MAX).max(1)
}

fn percent(hundredths: u32) -> Ratio {
    Ratio::from(Decimal::new(hundredths.into(), 2))
}

/// The one in the middle; of the two in the middle, the one nearer to one. One, when there are none.
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
