//! The samples of the page `/metrics`, in the text format of Prometheus.

use std::iter::Peekable;
use std::str::Chars;

use rust_decimal::Decimal;

use crate::domain::parse_decimal;

/// The families that are not read: the buckets of histograms are most of the page, and a rate is exact in the API alone.
const UNREAD: &[&str] = &["_bucket", "silkrate_rate", "silkrate_rate_change_ratio"];

/// The samples of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page {
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: Decimal,
}

/// Labels and the values that they must have.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    /// Reads a page. What is no sample with a plain number is skipped: a later version may write more.
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            samples: lines.filter_map(sample).collect(),
        }
    }

    /// The sum of the samples of a family that have these labels; `None` if there is none.
    pub(super) fn sum(&self, name: &str, labels: Labels<'_>) -> Option<Decimal> {
        let mut values = self.having(name, labels).map(|sample| sample.value);
        let first = values.next()?;
        values.try_fold(first, Decimal::checked_add)
    }

    /// The values of a label in a family, each once, in the order of the page.
    pub(super) fn values_of(&self, name: &str, label: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for sample in self.having(name, &[]) {
            if let Some(value) = sample.label(label)
                && !values.contains(&value)
            {
                values.push(value);
            }
        }
        values
    }

    fn having(&self, name: &str, labels: Labels<'_>) -> impl Iterator<Item = &Sample> {
        let named = self.samples.iter().filter(move |one| one.name == name);
        named.filter(move |one| {
            let mut labels = labels.iter();
            labels.all(|(label, value)| one.label(label) == Some(value))
        })
    }
}

impl Sample {
    fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        let (_, value) = labels.find(|(label, _)| label == name)?;
        Some(value)
    }
}

/// Reads `name{label="value",…} number`, or without labels.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    if UNREAD.iter().any(|unread| name.ends_with(unread)) {
        return None;
    }
    let mut rest = rest.chars().peekable();
    let mut labels = Vec::new();
    if rest.next_if_eq(&'{').is_some() {
        while let Some(label) = label(&mut rest) {
            labels.push(label);
        }
    }
    let value: String = rest.collect();
    let value = value.split_ascii_whitespace().next()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: parse_decimal(value).ok()?,
    })
}

/// Reads `label="value"` with the comma or the bracket behind it; `None` at the end of the labels.
fn label(rest: &mut Peekable<Chars<'_>>) -> Option<(String, String)> {
    let mut name = String::new();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '=' => break,
            '}' => return None,
            ',' => {}
            letter => name.push(letter),
        }
    }
    rest.next_if_eq(&'"')?;
    loop {
        match rest.next()? {
            '"' => return Some((name, value)),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::parse(
            r#"# HELP silkrate_streams Open streams of subscribers
# TYPE silkrate_streams gauge
silkrate_streams{transport="grpc"} 12
silkrate_streams{transport="sse"} 3
silkrate_revision 7 1774934984000
silkrate_clock_timestamp_seconds 1774934984.3241659
silkrate_webhook_waiting_events{webhook="a \"desk\", {b}\\\n",outcome="x"} 4
silkrate_rate{pair="KZT/USD",source="nbk"} 0.0021
silkrate_commit_duration_seconds_bucket{le="+Inf"} 1
process_threads NaN
process_open_fds
"#,
        )
    }

    fn sum(name: &str, labels: Labels<'_>) -> Option<String> {
        page().sum(name, labels).map(|sum| sum.to_string())
    }

    #[test]
    fn samples_are_found_by_name_and_labels_and_added_up() {
        let of = |number: &str| Some(number.to_owned());
        assert_eq!(sum("silkrate_streams", &[("transport", "sse")]), of("3"));
        assert_eq!(sum("silkrate_streams", &[]), of("15"));
        assert_eq!(sum("silkrate_revision", &[]), of("7"));
        let clock = sum("silkrate_clock_timestamp_seconds", &[]);
        assert_eq!(clock, of("1774934984.3241659"));
    }

    #[test]
    fn what_is_not_on_the_page_is_unknown_and_not_zero() {
        assert_eq!(sum("silkrate_streams", &[("transport", "ndjson")]), None);
        assert_eq!(sum("silkrate_stream", &[]), None);
        assert_eq!(sum("process_threads", &[]), None);
        assert_eq!(sum("process_open_fds", &[]), None);
        assert_eq!(sum("silkrate_rate", &[]), None);
        assert_eq!(
            Page::parse("silkrate_streams{transport=\"grpc"),
            Page::default()
        );
    }

    #[test]
    fn a_label_has_its_text_without_escapes() {
        let page = page();
        let webhooks = page.values_of("silkrate_webhook_waiting_events", "webhook");
        assert_eq!(webhooks, ["a \"desk\", {b}\\\n"]);
        let waiting = page.sum("silkrate_webhook_waiting_events", &[("outcome", "x")]);
        assert_eq!(waiting, Some(Decimal::from(4)));
        assert_eq!(
            page.values_of("silkrate_streams", "transport"),
            ["grpc", "sse"]
        );
    }
}
