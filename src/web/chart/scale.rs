//! The axis of values: round steps, in decimals. A value becomes a distance in pixels here alone, and none comes back.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::Ratio;
use crate::web::chart::path::Tenths;

/// The steps within a power of ten. Their multiples are read at a glance, and end in the fewest digits.
const STEPS: [i64; 3] = [1, 2, 5];
/// How many powers of ten below that of the range a step may be: a step of a hundredth would take a hundred ticks.
const FINEST: i64 = 2;
/// The least range of an axis, in thousandths of its highest value: on a finer one, the last digits that a derived value is
/// rounded to would look like moves of a peg.
const RANGE_MIN_PER_MILLE: i64 = 5;

/// An axis from the lowest value to the highest one, so that all of its length shows something, unless they are all but equal.
/// Its ticks are the round values on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    low: Decimal,
    high: Decimal,
}

impl Scale {
    /// The axis of a range. Returns `None` if a number of it does not fit a `Decimal`.
    pub(super) fn of(low: Decimal, high: Decimal) -> Option<Self> {
        let least = high
            .abs()
            .checked_mul(Decimal::new(RANGE_MIN_PER_MILLE, 3))?;
        let least = if least.is_zero() { Decimal::ONE } else { least };
        if high.checked_sub(low)? >= least {
            return Some(Self { low, high });
        }
        let middle = low.checked_add(high)?.checked_div(Decimal::TWO)?;
        let margin = least.checked_div(Decimal::TWO)?;
        Some(Self {
            low: middle.checked_sub(margin)?,
            high: middle.checked_add(margin)?,
        })
    }

    /// The multiples of the finest round step that has at most `ticks_max` of them on the axis, the lowest first, with the
    /// decimal places of the step. There is one at least, if two are wanted.
    pub(super) fn ticks(&self, ticks_max: usize) -> Option<Vec<Decimal>> {
        let range = self.high.checked_sub(self.low)?.normalize();
        let digits = i64::from(range.mantissa().unsigned_abs().checked_ilog10()?);
        let finest = digits - i64::from(range.scale()) - FINEST;
        let (mut power, mut steps) = (finest, STEPS.iter().cycle());
        loop {
            let digit = *steps.next()?;
            let step = times_ten_to(digit, power)?;
            let first = self.low.checked_div(step)?.ceil();
            let last = self.high.checked_div(step)?.floor();
            let more = last.checked_sub(first)?.to_usize().unwrap_or_default();
            if more < ticks_max {
                let first = first.checked_mul(step)?;
                return Some(multiples(first, self.high, step));
            }
            if digit == 5 {
                power += 1;
            }
        }
    }

    /// How far above its low end a value lies on an axis of a length.
    pub(super) fn distance(&self, value: Decimal, length: Tenths) -> Tenths {
        let above = Ratio::from(value).minus(&self.low.into());
        let exact = above
            .times(&Ratio::from(Decimal::from(length)))
            .divided_by(&Ratio::from(self.high).minus(&self.low.into()));
        let rounded = exact.and_then(|exact| exact.places(0)?.to_i64());
        rounded.unwrap_or_default()
    }
}

/// A value and those at a distance of some steps above it, up to another one.
fn multiples(first: Decimal, last: Decimal, step: Decimal) -> Vec<Decimal> {
    let next = |tick: &Decimal| tick.checked_add(step);
    let ticks = std::iter::successors(Some(first), next).take_while(|tick| *tick <= last);
    let ticks = ticks.map(|mut tick| {
        tick.rescale(step.scale());
        tick
    });
    ticks.collect()
}

/// A digit times a power of ten.
fn times_ten_to(digit: i64, power: i64) -> Option<Decimal> {
    let places = u32::try_from(power.unsigned_abs()).ok()?;
    if power < 0 {
        return Decimal::try_new(digit, places).ok();
    }
    let tens = 10_i64.checked_pow(places)?;
    Some(Decimal::from(digit.checked_mul(tens)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::parse_decimal;

    fn ticks(low: &str, high: &str, ticks_max: usize) -> Vec<String> {
        let number = |text| parse_decimal(text).unwrap();
        let scale = Scale::of(number(low), number(high)).unwrap();
        let ticks = scale.ticks(ticks_max).unwrap().into_iter();
        ticks.map(|tick| tick.to_string()).collect()
    }

    #[test]
    fn ticks_are_round_and_have_the_places_of_their_step() {
        assert_eq!(ticks("471.9", "478.77", 5), ["472", "474", "476", "478"]);
        assert_eq!(ticks("471.9", "478.77", 2), ["475"]);
        assert_eq!(
            ticks("0.00208868559016", "0.00210486434149", 3),
            ["0.002090", "0.002095", "0.002100"]
        );
        assert_eq!(
            ticks("12142.10", "12194.21", 4),
            ["12140", "12160", "12180"]
        );
    }

    #[test]
    fn a_peg_lies_in_the_middle_of_round_ticks_though_its_last_digits_move() {
        let expected = ["3.495", "3.500", "3.505"];
        assert_eq!(ticks("3.5", "3.50", 5), expected);
        assert_eq!(ticks("3.49999367891", "3.50000682451", 5), expected);
        assert_eq!(ticks("0", "0", 3), ["-0.5", "0.0", "0.5"]);
    }

    #[test]
    fn the_ends_of_an_axis_are_its_ends_in_pixels() {
        let scale = Scale::of(Decimal::from(470), Decimal::from(480)).unwrap();
        let at = |value: i64| scale.distance(Decimal::from(value), 1000);
        assert_eq!((at(470), at(475), at(480)), (0, 500, 1000));
    }

    proptest! {
        #[test]
        fn an_axis_has_few_round_ticks_and_its_values_lie_on_it(
            low in 1_i64..1_000_000_000_000,
            range in 0_i64..1_000_000_000,
            scale in 0_u32..12,
            ticks_max in 2_usize..9,
        ) {
            let low = Decimal::new(low, scale);
            let high = low + Decimal::new(range, scale);
            let axis = Scale::of(low, high).unwrap();
            let ticks = axis.ticks(ticks_max).unwrap();
            prop_assert!((1..=ticks_max).contains(&ticks.len()), "{ticks:?}");
            for two in ticks.windows(2) {
                let step = (two[1] - two[0]).normalize();
                let digit = step.mantissa().to_string().trim_end_matches('0').to_owned();
                prop_assert!(["1", "2", "5"].contains(&digit.as_str()), "{ticks:?}");
                prop_assert!((two[0] % step).is_zero(), "{ticks:?}");
            }
            for value in ticks.into_iter().chain([low, high]) {
                prop_assert!((0..=1000).contains(&axis.distance(value, 1000)), "{value}");
            }
        }
    }
}
