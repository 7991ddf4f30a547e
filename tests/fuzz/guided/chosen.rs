//! The target that a variable names, and how many inputs it has had.

use std::env;
use std::sync::OnceLock;

use crate::progress::Progress;

/// The variable that names the target.
const TARGET: &str = "SILKRATE_FUZZ_TARGET";
/// The variable with the number of inputs, for the time that is left.
const EXECUTIONS: &str = "SILKRATE_FUZZ_EXECUTIONS";

/// A function that panics where something does not hold of an input.
pub(crate) type Run = fn(&[u8]);

struct Chosen {
    name: String,
    run: Run,
    progress: Progress,
}

static CHOSEN: OnceLock<Chosen> = OnceLock::new();

fn choose(find: impl Fn(&str) -> Option<Run>) -> Chosen {
    let name = env::var(TARGET).unwrap_or_default();
    let wanted = env::var(EXECUTIONS).unwrap_or_default();
    Chosen {
        run: find(&name).unwrap_or_else(|| panic!("{TARGET} names no target: {name:?}")),
        progress: Progress::new(wanted.parse().unwrap_or_default()),
        name,
    }
}

/// Gives an input to the chosen one of the targets that are found by their names.
pub(crate) fn give(find: impl Fn(&str) -> Option<Run>, bytes: &[u8]) {
    let chosen = CHOSEN.get_or_init(|| choose(find));
    (chosen.run)(bytes);
    chosen.progress.count(&chosen.name);
}
