//! A histogram of durations in little memory, in steps of about three per cent.

/// Values below this have a step each; above, each doubling has half as many.
const FINE: u64 = 64;
/// The steps of a doubling.
const STEPS: u64 = FINE / 2;
/// The doublings above the fine values of what 64 bits hold.
const DOUBLINGS: u64 = 58;

/// Counts of durations, in microseconds.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    largest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        let steps = usize::try_from(FINE + DOUBLINGS * STEPS).unwrap_or_default();
        Self {
            counts: vec![0; steps],
            total: 0,
            largest: 0,
        }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn add(&mut self, value: u64) {
        if let Some(count) = usize::try_from(step(value))
            .ok()
            .and_then(|step| self.counts.get_mut(step))
        {
            *count += 1;
        }
        self.total += 1;
        self.largest = self.largest.max(value);
    }

    /// The number of values.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value that `of_thousand` thousandths of the values do not exceed, rounded up to the end of its step; zero without
    /// values.
    pub fn percentile(&self, of_thousand: u64) -> u64 {
        let wanted = self.total.saturating_mul(of_thousand).div_ceil(1000).max(1);
        let mut seen = 0;
        for (step, count) in (0..).zip(&self.counts) {
            seen += count;
            if seen >= wanted {
                return end(step).min(self.largest);
            }
        }
        self.largest
    }
}

/// The step of a value.
fn step(value: u64) -> u64 {
    let shift = value.checked_ilog2().unwrap_or_default();
    let shift = u64::from(shift).saturating_sub(u64::from(STEPS.ilog2()));
    shift * STEPS + (value >> shift)
}

/// The largest value of a step.
fn end(step: u64) -> u64 {
    if step < FINE {
        return step;
    }
    let shift = step / STEPS - 1;
    let first = step - shift * STEPS;
    ((first + 1) << shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_ends_where_the_next_one_begins_up_to_the_largest_number() {
        for value in (0..5000).chain([u64::MAX - 1, u64::MAX, 1 << 40]) {
            let end = end(step(value));
            assert!(value <= end, "{value} {end}");
            assert!(end - value <= value / STEPS, "{value} {end}");
        }
        assert!(step(u64::MAX) < FINE + DOUBLINGS * STEPS);
    }

    #[test]
    fn percentiles_are_those_of_the_values_within_a_step() {
        let mut histogram = Histogram::default();
        for value in 1..=1000 {
            histogram.add(value);
        }
        assert_eq!(histogram.total(), 1000);
        for (of_thousand, exact) in [(500, 500), (990, 990), (999, 999), (1000, 1000)] {
            let found = histogram.percentile(of_thousand);
            assert!(
                found >= exact && found <= exact + exact / 32,
                "{found} for {exact}"
            );
        }
        assert_eq!(Histogram::default().percentile(500), 0);
    }
}
