//! What a run finds: violations, counts, and a trace of what happened to the service.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The last lines of a trace that a failure prints.
const TRACE_SHOWN: usize = 200;

/// The findings of one run.
#[derive(Debug)]
pub(crate) struct Findings {
    begun: Instant,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    violations: Vec<String>,
    trace: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

/// What a run ends with.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// The findings of a run that begins now.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            noted: Mutex::default(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what happens, with the seconds since the run began.
    pub(crate) fn happens(&self, what: &str) {
        let seconds = self.begun.elapsed().as_millis();
        let line = format!("{:>6}.{:03} {what}", seconds / 1000, seconds % 1000);
        self.noted().trace.push(line);
    }

    /// Notes what must not happen.
    pub(crate) fn violation(&self, what: &str) {
        self.happens(&format!("VIOLATION: {what}"));
        self.noted().violations.push(what.to_owned());
    }

    /// Notes a violation unless the condition holds.
    pub(crate) fn check(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violation(&what());
        }
    }

    pub(crate) fn is_violated(&self) -> bool {
        !self.noted().violations.is_empty()
    }

    pub(crate) fn count(&self, name: &'static str, by: u64) {
        *self.noted().counts.entry(name).or_default() += by;
    }

    /// Keeps the largest value of a name.
    pub(crate) fn at_most(&self, name: &'static str, value: u64) {
        let mut noted = self.noted();
        let most = noted.counts.entry(name).or_default();
        *most = value.max(*most);
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let noted = std::mem::take(&mut *self.noted());
        Outcome {
            violations: noted.violations,
            trace: noted.trace,
            counts: noted.counts,
        }
    }
}

impl Outcome {
    /// Where another run of the same seed differs, if it does.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        let line = |trace: &[String], at: usize| trace.get(at).cloned().unwrap_or_default();
        let lines = 0..self.trace.len().max(other.trace.len());
        let mut lines = lines.map(|at| (at, line(&self.trace, at), line(&other.trace, at)));
        if let Some((at, one, another)) = lines.find(|(_, one, another)| one != another) {
            return Some(format!(
                "line {at} of the trace is `{}`, and in a second run `{}`",
                one.trim(),
                another.trim()
            ));
        }
        let (one, another) = (&self.counts, &other.counts);
        (one != another).then(|| format!("it counts {one:?}, and a second run {another:?}"))
    }

    /// The violations, and what happened before them.
    pub(crate) fn report(&self) -> String {
        let shown = self.trace.len().saturating_sub(TRACE_SHOWN);
        format!(
            "{}\n\nThe last lines of the trace, in seconds of the runtime:\n{}",
            self.violations.join("\n"),
            self.trace[shown..].join("\n")
        )
    }
}
