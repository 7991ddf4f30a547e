//! Something that is wrong with settings, and what to do about it.

use std::fmt::{self, Display};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The setting that it is about.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    pub(super) fn new(
        key: impl Into<String>,
        problem: impl Display,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            problem: problem.to_string(),
            remedy: remedy.into(),
        }
    }
}

impl Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            problem,
            remedy,
        } = self;
        write!(formatter, "`{key}`: {problem} ({remedy})")
    }
}
