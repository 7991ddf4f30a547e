//! Runs of many seeds: each in one thread, and as many at once as the machine has processors.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::findings::Outcome;
use crate::{FIRST, REPLICAS, SEEDS, TWICE, fleet, run};

/// What must have come about in some seed: a run that never does it proves nothing of it.
const NEVER_NONE: [&str; 1] = ["resumed"];
/// The number of seeds from which on that is asked for. Each does most of it, but by chance.
const COUNTED_FROM: u64 = 4;

/// What all seeds did together.
#[derive(Debug, Default)]
struct Total {
    counts: BTreeMap<&'static str, u64>,
    /// The first failures, one for each thread at most.
    failures: BTreeMap<u64, String>,
}

/// Which seeds are run, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    pub(crate) number: u64,
    /// Whether each is run twice. The second run must do the same as the first.
    pub(crate) is_twice: bool,
    /// Whether there are replicas, or one service alone.
    pub(crate) has_replicas: bool,
}

/// Runs seeds, and prints what was done. The error names a seed that failed, and how to run it again.
pub(crate) fn run_seeds(seeds: Seeds) -> Result<(), String> {
    let Seeds { first, number, .. } = seeds;
    if number == 0 {
        return Err(format!("{SEEDS} 0 proves nothing: name one seed or more"));
    }
    let begun = Instant::now();
    let end = first.saturating_add(number);
    let (next, total) = (AtomicU64::new(first), Mutex::<Total>::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let outcome = std::panic::catch_unwind(|| seeds.run(seed));
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(outcome) if outcome.violations.is_empty() => {
                    if number == 1 {
                        print(&outcome.trace.join("\n"));
                    }
                    total.add(outcome);
                }
                failed => {
                    // The other threads end with the seeds that they run.
                    next.store(end, Ordering::Relaxed);
                    let why = failed.map_or("it panicked".to_owned(), |outcome| outcome.report());
                    total.failures.insert(seed, why);
                }
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((seed, why)) = total.failures.first_key_value() {
        let flags = seeds.flags();
        return Err(format!(
            "seed {seed} failed; run it again: cargo test --test sim -- {SEEDS} 1 {FIRST} {seed}{flags}\n{why}"
        ));
    }
    if number >= COUNTED_FROM {
        let lacking = NEVER_NONE
            .iter()
            .find(|name| !total.counts.contains_key(*name));
        if let Some(name) = lacking {
            return Err(format!("no seed had any of: {name}"));
        }
    }
    print(&format!(
        "{number} seeds in {} s",
        begun.elapsed().as_secs()
    ));
    for (name, count) in total.counts {
        print(&format!("{count:>10} {name}"));
    }
    Ok(())
}

impl Seeds {
    /// The first seeds of a service alone, each once.
    pub(crate) fn first(number: u64) -> Self {
        Self {
            first: 1,
            number,
            is_twice: false,
            has_replicas: false,
        }
    }

    /// Runs a seed. That a second run differs is a violation of the first.
    fn run(self, seed: u64) -> Outcome {
        let run = if self.has_replicas {
            fleet::run
        } else {
            run::run
        };
        let mut outcome = run(seed);
        if self.is_twice {
            outcome.violations.extend(outcome.differs(&run(seed)));
        }
        outcome
    }

    /// The flags by which a seed is run so again.
    fn flags(self) -> String {
        let flags = [(self.is_twice, TWICE), (self.has_replicas, REPLICAS)];
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        given.flat_map(|(_, flag)| [" ", flag]).collect()
    }
}

impl Total {
    fn add(&mut self, outcome: Outcome) {
        for (name, count) in outcome.counts {
            let total = self.counts.entry(name).or_default();
            *total = if name.starts_with("seconds") {
                count.max(*total)
            } else {
                *total + count
            };
        }
    }
}

/// Prints a line. A reader that has gone is no failure of a seed.
pub(crate) fn print(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
