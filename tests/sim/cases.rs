//! Cases: a plan with a name, which runs with every check of the simulation. Those of this file are misfortunes that a seed once found.

use std::time::Duration;

use crate::bank::BankFault;
use crate::plan::{Plan, Step};
use crate::run;

/// A Wednesday morning in Central Asia.
const HOURS: i64 = 2 * 24 + 4;
/// What the plan of a case leaves open follows from this seed.
const SEED: u64 = 1;

/// A case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What it asserts.
    pub(crate) name: &'static str,
    /// Its plan: the seconds before each step, and the step.
    pub(crate) steps: fn() -> Vec<(u64, Step)>,
}

/// The Bank of Russia, among the banks of a run.
const CBR: usize = 2;

/// The cases.
pub(crate) const CASES: [Case; 1] = [
    // The bank is asked for its newest table, which is that of the next day from the afternoon on.
    Case {
        name: "seed_57_a_correction_of_todays_table_is_fetched_when_tomorrows_is_there",
        steps: || {
            vec![
                (60, Step::Bank(CBR, Some(BankFault::Garbage))),
                (1, Step::Correct(CBR)),
                // Until seven in the evening: the last fault ends, and five hours of the day are left.
                (650, Step::Bank(CBR, None)),
            ]
        },
    },
];

impl Case {
    /// Runs it. The error has the violations.
    pub(crate) fn run(self) -> Result<(), String> {
        let steps = (self.steps)().into_iter();
        let steps = steps.map(|(pause, step)| (Duration::from_secs(pause), step));
        let plan = Plan {
            hours: HOURS,
            steps: steps.collect(),
        };
        let outcome = run::carry_out(SEED, plan);
        if outcome.violations.is_empty() {
            Ok(())
        } else {
            Err(outcome.report())
        }
    }
}
