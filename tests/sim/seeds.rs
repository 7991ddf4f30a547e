//! Runs of many seeds: each in one thread, and as many at once as the machine has processors.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::findings::Outcome;
use crate::{FIRST, SEEDS, run};

/// What all seeds did together.
#[derive(Debug, Default)]
struct Total {
    counts: BTreeMap<&'static str, u64>,
    /// The first failures, one for each thread at most.
    failures: BTreeMap<u64, String>,
}

/// Runs seeds, and prints what was done. The error names a seed that failed, and how to run it again.
pub(crate) fn run_seeds(first: u64, seeds: u64) -> Result<(), String> {
    let begun = Instant::now();
    let end = first.saturating_add(seeds);
    let (next, total) = (AtomicU64::new(first), Mutex::<Total>::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let outcome = std::panic::catch_unwind(|| run::run(seed));
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(outcome) if outcome.violations.is_empty() => {
                    if seeds == 1 {
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
        return Err(format!(
            "seed {seed} failed; run it again: cargo test --test sim -- {SEEDS} 1 {FIRST} {seed}\n{why}"
        ));
    }
    print(&format!("{seeds} seeds in {} s", begun.elapsed().as_secs()));
    for (name, count) in total.counts {
        print(&format!("{count:>10} {name}"));
    }
    Ok(())
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

/// Runs a seed twice. The error says where the second run differs.
pub(crate) fn run_twice(seed: u64) -> Result<(), String> {
    let [first, second] = [(), ()].map(|()| run::run(seed).trace);
    let mut lines = first.iter().zip(&second);
    match lines.find(|(one, other)| one != other) {
        Some(differs) => Err(format!("{differs:?}")),
        None if first.len() == second.len() => Ok(()),
        None => Err("one run ends before the other".to_owned()),
    }
}
