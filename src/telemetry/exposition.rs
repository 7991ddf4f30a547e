//! The page as text, in the two formats that are read.

use std::collections::BTreeSet;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::telemetry::{Collect, Page};

/// The media type of OpenMetrics, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text";

/// A format of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus 0.0.4, which every tool reads.
    Text,
}

/// All parts of the page.
#[derive(Debug)]
pub struct Exposition {
    registry: Registry,
}

/// A part, as the library takes it.
#[derive(Debug)]
struct Part(Box<dyn Collect>);

impl Collector for Part {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.collect(&mut Page::new(encoder))
    }
}

impl Format {
    /// OpenMetrics for a reader whose header `Accept` names it, else the text format.
    pub fn accepted(accept: &str) -> Self {
        let mut types = accept.split(',');
        let is_named = types.any(|range| {
            let media_type = range.split(';').next().unwrap_or_default();
            media_type.trim().eq_ignore_ascii_case(OPEN_METRICS)
        });
        if is_named {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// The media type of a page.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Exposition {
    /// A page of these parts, in their order.
    pub fn new(parts: impl IntoIterator<Item = Box<dyn Collect>>) -> Self {
        let mut registry = Registry::default();
        for part in parts {
            registry.register_collector(Box::new(Part(part)));
        }
        Self { registry }
    }

    /// The page as it is now.
    ///
    /// # Errors
    /// When a part cannot be written.
    pub fn render(&self, format: Format) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(match format {
            Format::OpenMetrics => page,
            Format::Text => in_text_format(&page),
        })
    }
}

/// The same page in the text format: the name of a family is that of its samples, a fact is a gauge, and no line marks the
/// end.
fn in_text_format(page: &str) -> String {
    let types = page.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some((kind, name))
    });
    let types: BTreeSet<(&str, &str)> = types.collect();
    let suffix = |name: &str| {
        let is = |kind| types.contains(&(kind, name));
        match (is("counter"), is("info")) {
            (true, _) => "_total",
            (_, true) => "_info",
            _ => "",
        }
    };
    let mut text = String::with_capacity(page.len());
    let mut write = |parts: &[&str]| {
        text.extend(parts.iter().copied());
        text.push('\n');
    };
    for line in page.lines() {
        let comment = line.strip_prefix("# ").map(|comment| {
            let mut words = comment.splitn(3, ' ');
            [(); 3].map(|()| words.next().unwrap_or_default())
        });
        match comment {
            None => write(&[line]),
            Some(["TYPE", name, "info"]) => write(&["# TYPE ", name, "_info gauge"]),
            Some(["HELP", name, rest]) => write(&["# HELP ", name, suffix(name), " ", rest]),
            Some(["TYPE", name, rest]) => write(&["# TYPE ", name, suffix(name), " ", rest]),
            Some(_) => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::Histogram;

    const BOUNDS: &[Duration] = &[Duration::from_millis(5), Duration::from_secs(1)];
    const TOOK: &str = concat!(
        "# HELP took_seconds How long it took\n# TYPE took_seconds histogram\n",
        "took_seconds_sum{name=\"it\"} 7.502\ntook_seconds_count{name=\"it\"} 3\n",
        "took_seconds_bucket{le=\"0.005\",name=\"it\"} 1\n",
        "took_seconds_bucket{le=\"1.0\",name=\"it\"} 2\n",
        "took_seconds_bucket{le=\"+Inf\",name=\"it\"} 3\n",
    );

    #[derive(Debug)]
    struct Sample;

    impl Collect for Sample {
        fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
            page.info(("build", "The program"), &[("version", "1.0")])?;
            page.gauge(("size_bytes", "A size"), Some(7_u64))?;
            page.gauge(("unknown_bytes", "No size"), None::<u64>)?;
            let labels = [("name", "a \"quoted\"\nname\\")];
            page.gauges(
                ("share", "A share"),
                [(labels, rust_decimal::Decimal::new(5, 1))],
            )?;
            page.counter(("done", "What was done"), Some(3_u64))?;
            let took = Histogram::new(BOUNDS);
            took.observe(Duration::from_millis(2));
            took.observe(Duration::from_millis(500));
            took.observe(Duration::from_secs(7));
            let labels = [("name", "it")];
            page.histograms(("took_seconds", "How long it took"), [(labels, &took)])
        }
    }

    fn page(format: Format) -> String {
        let parts: [Box<dyn Collect>; 1] = [Box::new(Sample)];
        Exposition::new(parts).render(format).unwrap()
    }

    #[test]
    fn a_page_is_open_metrics_with_a_mark_at_its_end() {
        let expected = concat!(
            "# HELP build The program\n# TYPE build info\nbuild_info{version=\"1.0\"} 1\n",
            "# HELP size_bytes A size\n# TYPE size_bytes gauge\nsize_bytes 7\n",
            "# HELP unknown_bytes No size\n# TYPE unknown_bytes gauge\n",
            "# HELP share A share\n# TYPE share gauge\n",
            "share{name=\"a \\\"quoted\\\"\\nname\\\\\"} 0.5\n",
            "# HELP done What was done\n# TYPE done counter\ndone_total 3\n",
        );
        let expected = [expected, TOOK, "# EOF\n"].concat();
        assert_eq!(page(Format::OpenMetrics), expected);
    }

    #[test]
    fn the_text_format_names_a_family_as_its_samples() {
        let expected = concat!(
            "# HELP build_info The program\n# TYPE build_info gauge\nbuild_info{version=\"1.0\"} 1\n",
            "# HELP size_bytes A size\n# TYPE size_bytes gauge\nsize_bytes 7\n",
            "# HELP unknown_bytes No size\n# TYPE unknown_bytes gauge\n",
            "# HELP share A share\n# TYPE share gauge\n",
            "share{name=\"a \\\"quoted\\\"\\nname\\\\\"} 0.5\n",
            "# HELP done_total What was done\n# TYPE done_total counter\ndone_total 3\n",
        );
        assert_eq!(page(Format::Text), [expected, TOOK].concat());
    }

    #[test]
    fn open_metrics_is_for_a_reader_that_names_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.1";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        let named = "text/html, Application/OpenMetrics-Text";
        assert_eq!(Format::accepted(named), Format::OpenMetrics);
        for other in ["", "*/*", "text/plain", "application/openmetrics-text2"] {
            assert_eq!(Format::accepted(other), Format::Text, "{other}");
        }
    }
}
