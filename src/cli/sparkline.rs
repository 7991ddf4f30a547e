//! A row of bars that shows how values moved, computed with integers.

use rust_decimal::Decimal;

/// The bars, from the lowest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The number of bars above.
const LEVELS: i128 = 8;
/// The bar of values that are all equal: neither low nor high.
const LEVEL_FLAT: usize = 3;

/// At most `bars_max` bars for values from the oldest to the newest. With more values than bars, each bar is the last one of a
/// group of neighbours. `None` without values, or when their digits are too many to compare.
pub(super) fn sparkline(values: &[Decimal], bars_max: usize) -> Option<String> {
    let scale = values.iter().map(Decimal::scale).max()?;
    let whole: Option<Vec<i128>> = values.iter().map(|value| at_scale(*value, scale)).collect();
    let whole = whole?;
    let (lowest, highest) = (*whole.iter().min()?, *whole.iter().max()?);
    let neighbours = whole.len().div_ceil(bars_max.max(1)).max(1);
    // Counted from the newest, so that the last bar is the newest value.
    let drawn = whole.rchunks(neighbours).rev().filter_map(<[i128]>::last);
    drawn.map(|value| bar(*value, lowest, highest)).collect()
}

/// The value as an integer multiple of ten to the minus `scale`.
fn at_scale(value: Decimal, scale: u32) -> Option<i128> {
    let shift = 10_i128.checked_pow(scale.checked_sub(value.scale())?)?;
    value.mantissa().checked_mul(shift)
}

/// The eighth of the range that contains the value; the highest value is in the last.
fn bar(value: i128, lowest: i128, highest: i128) -> Option<char> {
    let range = highest.checked_sub(lowest)?;
    let level = if range == 0 {
        LEVEL_FLAT
    } else {
        let above = value.checked_sub(lowest)?.checked_mul(LEVELS)?;
        usize::try_from(above.checked_div(range)?).ok()?
    };
    BARS.get(level).or(BARS.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::parse_decimal;

    fn drawn(values: &[&str], bars_max: usize) -> Option<String> {
        let values: Vec<Decimal> = values
            .iter()
            .map(|value| parse_decimal(value).unwrap())
            .collect();
        sparkline(&values, bars_max)
    }

    #[test]
    fn each_eighth_of_the_range_has_its_bar() {
        let eighths = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
        assert_eq!(drawn(&eighths, 80).unwrap(), "▁▂▃▄▅▆▇██");
    }

    #[test]
    fn a_boundary_is_met_exactly_at_the_last_digit() {
        let below = ["0", "0.0999999999999999999999999999", "0.1", "0.8"];
        assert_eq!(drawn(&below, 80).unwrap(), "▁▁▂█");
        let negative = ["-4", "-0.5", "-3.5", "0"];
        assert_eq!(drawn(&negative, 80).unwrap(), "▁█▂█");
    }

    #[test]
    fn values_that_are_all_the_same_lie_in_the_middle() {
        assert_eq!(drawn(&["5.10", "5.1"], 80).unwrap(), "▄▄");
        assert_eq!(drawn(&["0"], 80).unwrap(), "▄");
        assert_eq!(drawn(&[], 80), None);
    }

    #[test]
    fn more_values_than_bars_share_them_and_the_last_is_the_newest() {
        let values = ["8", "0", "1", "2", "3", "8", "0"];
        assert_eq!(drawn(&values, 7).unwrap(), "█▁▂▃▄█▁");
        assert_eq!(drawn(&values, 6).unwrap(), "█▂▄▁");
        assert_eq!(drawn(&values, 1).unwrap(), "▁");
    }

    #[test]
    fn digits_too_far_apart_are_not_drawn() {
        let apart = ["79228162514264337593543950335", "0.000000000001"];
        assert_eq!(drawn(&apart, 80), None);
    }
}
