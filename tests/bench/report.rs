//! Ratios within a round, their medians and ranges, and whether they reach the goals.

use std::fmt::Write;

/// A ratio or an amount in thousandths, so that no float is needed for three decimals.
pub(crate) type Thousandths = u64;

/// One figure over all rounds.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// The id of its goal; empty for a figure without one.
    pub(crate) goal: &'static str,
    pub(crate) what: String,
    /// The goal: an upper bound.
    pub(crate) bound: Option<Thousandths>,
    pub(crate) unit: &'static str,
    /// One value for each round.
    pub(crate) rounds: Vec<Thousandths>,
}

/// One value as a ratio of another.
pub(crate) fn ratio(value: u64, of: u64) -> Thousandths {
    let thousandths = u128::from(value) * 1000 / u128::from(of.max(1));
    u64::try_from(thousandths).unwrap_or(u64::MAX)
}

/// The value that a number of thousandths of a sorted list do not exceed.
pub(crate) fn percentile(sorted: &[u32], thousandths: usize) -> u32 {
    let index = sorted.len() * thousandths / 1000;
    let index = index.min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

/// The median.
pub(crate) fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Figure {
    fn verdict(&self) -> &'static str {
        let Some(bound) = self.bound else { return "" };
        let reached = self.rounds.iter().filter(|value| **value <= bound).count();
        match reached {
            _ if self.rounds.is_empty() => "not measured",
            0 => "not reached",
            all if all == self.rounds.len() => "reached",
            _ => "no verdict: the range straddles the goal",
        }
    }

    fn line(&self) -> String {
        let least = self.rounds.iter().min().copied().unwrap_or_default();
        let most = self.rounds.iter().max().copied().unwrap_or_default();
        let unit = self.unit;
        let goal = self
            .bound
            .map(|bound| format!("≤ {}{unit}", decimal(bound)));
        let reached = if self.rounds.is_empty() {
            "–".to_owned()
        } else {
            let middle = decimal(median(&self.rounds));
            format!("{middle}{unit} ({}–{})", decimal(least), decimal(most))
        };
        format!(
            "| {} | {} | {} | {reached} | {} |",
            self.goal,
            self.what,
            goal.unwrap_or_default(),
            self.verdict()
        )
    }
}

/// Thousandths as a decimal number with about three significant digits.
pub(crate) fn decimal(value: Thousandths) -> String {
    let (whole, rest) = (value / 1000, value % 1000);
    match whole {
        0 => format!("0.{rest:03}"),
        1..10 => format!("{whole}.{:02}", rest / 10),
        10..100 => format!("{whole}.{}", rest / 100),
        _ => whole.to_string(),
    }
}

/// All figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from(
        "| goal | figure | bound | median (range) | |\n| --- | --- | --- | --- | --- |\n",
    );
    for figure in figures {
        writeln!(text, "{}", figure.line()).expect("writing to a string cannot fail");
    }
    text
}
