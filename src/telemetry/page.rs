//! The page of metrics, family by family.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;

use crate::telemetry::Histogram;
use crate::telemetry::number::{Number, encode_distribution};

/// A part of the page.
pub trait Collect: fmt::Debug + Send + Sync + 'static {
    /// Writes the families of the part as they are now.
    ///
    /// # Errors
    /// When the page cannot be written; in memory it always can be.
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result;
}

/// The name of a label and its value.
pub type Label<'a> = (&'static str, &'a str);

/// The labels of the one sample of a family without labels.
pub const UNLABELLED: [Label<'static>; 0] = [];

/// The page while it is written. Every family has a row in the table of the chapter, and a name by the conventions of
/// Prometheus: the unit at its end.
#[derive(Debug)]
pub struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self { encoder }
    }

    /// A family of gauges: the labels and the value of each. `help` is a sentence without its full stop.
    pub fn gauges<'l, L: AsRef<[Label<'l>]>, N: Into<Number>>(
        &mut self,
        (name, help): (&str, &str),
        samples: impl IntoIterator<Item = (L, N)>,
    ) -> fmt::Result {
        let encoder = &mut self.encoder;
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, number) in samples {
            with_labels(&mut family, labels.as_ref(), |gauge| {
                gauge.encode_gauge(&number.into())
            })?;
        }
        Ok(())
    }

    /// One gauge without labels, if there is a value.
    pub fn gauge<N: Into<Number>>(
        &mut self,
        names: (&str, &str),
        number: Option<N>,
    ) -> fmt::Result {
        self.gauges(names, number.map(|number| (UNLABELLED, number)))
    }

    /// A family of gauges that tell which state each of some things is in: one for the state that it is in, and zero for
    /// every other. Each item has the labels of the thing, and its state if it is known.
    pub fn states<'l, const N: usize>(
        &mut self,
        names: (&str, &str),
        states: &[&'static str],
        things: impl IntoIterator<Item = ([Label<'l>; N], &'static str, Option<&'static str>)>,
    ) -> fmt::Result {
        let mut samples = Vec::new();
        for (labels, label, present) in things {
            for state in states {
                let mut labels = labels.to_vec();
                labels.push((label, state));
                samples.push((labels, present == Some(*state)));
            }
        }
        self.gauges(names, samples)
    }

    /// A family of counters: the labels and the value of each. The format adds `_total` to its name.
    pub fn counters<'l, L: AsRef<[Label<'l>]>, N: Into<Number>>(
        &mut self,
        (name, help): (&str, &str),
        samples: impl IntoIterator<Item = (L, N)>,
    ) -> fmt::Result {
        let encoder = &mut self.encoder;
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, number) in samples {
            with_labels(&mut family, labels.as_ref(), |counter| {
                number.into().encode_counter(counter)
            })?;
        }
        Ok(())
    }

    /// One counter without labels, if there is a value.
    pub fn counter<N: Into<Number>>(
        &mut self,
        names: (&str, &str),
        number: Option<N>,
    ) -> fmt::Result {
        self.counters(names, number.map(|number| (UNLABELLED, number)))
    }

    /// A family of histograms in seconds: the labels and the durations of each.
    pub fn histograms<'l, 'h, L: AsRef<[Label<'l>]>>(
        &mut self,
        (name, help): (&str, &str),
        samples: impl IntoIterator<Item = (L, &'h Histogram)>,
    ) -> fmt::Result {
        let encoder = &mut self.encoder;
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, histogram) in samples {
            with_labels(&mut family, labels.as_ref(), |encoder| {
                encode_distribution(&histogram.distribution(), encoder)
            })?;
        }
        Ok(())
    }

    /// A fact that does not change while the service runs, as labels. The format adds `_info` to its name.
    pub fn info(&mut self, (name, help): (&str, &str), labels: &[Label<'_>]) -> fmt::Result {
        let encoder = &mut self.encoder;
        let mut info = encoder.encode_descriptor(name, help, None, MetricType::Info)?;
        info.encode_info(&labels)
    }
}

/// Writes a sample of a family with its labels; the library prints an empty pair of braces for none.
fn with_labels(
    family: &mut MetricEncoder<'_>,
    labels: &[Label<'_>],
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() {
        write(family)
    } else {
        write(&mut family.encode_family(&labels)?)
    }
}
