//! The value of a sample.

#![expect(
    clippy::disallowed_types,
    reason = "the format of Prometheus has no other numbers; no rate is computed from them"
)]

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeGaugeValue, GaugeValueEncoder, MetricEncoder, NoLabelSet};
use rust_decimal::Decimal;

use crate::telemetry::histogram::Distribution;

/// The value of a sample. Whole numbers are printed whole; any other number is the nearest double.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(Kind);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Whole(u64),
    Real(f64),
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self(Kind::Whole(whole))
    }
}

impl From<u32> for Number {
    fn from(whole: u32) -> Self {
        u64::from(whole).into()
    }
}

impl From<usize> for Number {
    fn from(whole: usize) -> Self {
        u64::try_from(whole).unwrap_or(u64::MAX).into()
    }
}

/// One if it is so, else zero.
impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        u64::from(is_so).into()
    }
}

/// Seconds.
impl From<Duration> for Number {
    fn from(duration: Duration) -> Self {
        Self(Kind::Real(duration.as_secs_f64()))
    }
}

/// Seconds since the beginning of 1970.
impl From<Timestamp> for Number {
    fn from(instant: Timestamp) -> Self {
        Self(Kind::Real(instant.as_duration().as_secs_f64()))
    }
}

/// The double that is nearest to the digits.
impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        // The text of a decimal is one of a float too.
        Self(Kind::Real(decimal.to_string().parse().unwrap_or(f64::NAN)))
    }
}

impl Number {
    /// Writes it as the value of a counter.
    pub(super) fn encode_counter(self, counter: &mut MetricEncoder<'_>) -> fmt::Result {
        match self.0 {
            Kind::Whole(whole) => counter.encode_counter::<NoLabelSet, _, u64>(&whole, None),
            Kind::Real(real) => counter.encode_counter::<NoLabelSet, _, u64>(&real, None),
        }
    }
}

/// Writes the durations of a histogram in seconds.
pub(super) fn encode_distribution(
    distribution: &Distribution,
    encoder: &mut MetricEncoder<'_>,
) -> fmt::Result {
    let Distribution { buckets, sum } = distribution;
    // The library adds the buckets up, as the format wants them.
    let bound = |bound: Option<Duration>| bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64());
    let counts: Vec<(f64, u64)> = buckets
        .iter()
        .map(|(longest, count)| (bound(*longest), *count))
        .collect();
    let all = buckets.iter().map(|(_, count)| count).sum();
    encoder.encode_histogram::<NoLabelSet>(sum.as_secs_f64(), all, &counts, None)
}

impl EncodeGaugeValue for Number {
    fn encode(&self, encoder: &mut GaugeValueEncoder<'_>) -> fmt::Result {
        match self.0 {
            Kind::Whole(whole) => whole.encode(encoder),
            Kind::Real(real) => real.encode(encoder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_becomes_the_nearest_double() {
        let real = |decimal: Decimal| Number::from(decimal).0;
        assert_eq!(real(Decimal::new(47_509, 2)), Kind::Real(475.09));
        assert_eq!(real(Decimal::new(-10_400, 4)), Kind::Real(-1.04));
        assert_eq!(real(Decimal::new(1, 13)), Kind::Real(1e-13));
        // More digits than a double has.
        let long = Decimal::from_i128_with_scale(1_000_000_000_000_000_055_511_151_231, 28);
        assert_eq!(real(long), Kind::Real(0.1));
    }
}
