//! The steps of a history and the lengths of periods, as options of commands.

use clap::ValueEnum;

use crate::pb::{HistoryStep, Period};

/// The days of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// Each day with a fixing.
    Fixing,
    /// Each day.
    Day,
    /// The last day of each week.
    Week,
    /// The last day of each month.
    Month,
    /// The last day of each quarter.
    Quarter,
    /// The last day of each year.
    Year,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Length {
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A calendar year.
    Year,
}

impl From<Step> for HistoryStep {
    fn from(step: Step) -> Self {
        match step {
            Step::Fixing => Self::Fixing,
            Step::Day => Self::Day,
            Step::Week => Self::Week,
            Step::Month => Self::Month,
            Step::Quarter => Self::Quarter,
            Step::Year => Self::Year,
        }
    }
}

impl From<Length> for Period {
    fn from(length: Length) -> Self {
        match length {
            Length::Week => Self::Week,
            Length::Month => Self::Month,
            Length::Quarter => Self::Quarter,
            Length::Year => Self::Year,
        }
    }
}
