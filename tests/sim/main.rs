//! A deterministic simulation: banks, the service and its subscribers in one thread on a paused clock. Each run follows from a seed:
//! banks fail, links stand still, the service is killed, the disk is full, the clock jumps. Then every fault ends, and all must be
//! current within a limit. Validators compare every message with everything that was ever published.
//!
//! `cargo test --test sim` runs some seeds, `cargo test --test sim -- --seeds 1000 --first 1` as many as it names, and prints
//! what it did to the service. A seed that fails is printed with what happened before; `--seeds 1 --first SEED` runs it again.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::seeds::Seeds;

// With `cfg(test)` the lints treat these modules as test code.
#[cfg(test)]
mod bank;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod current;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod etcd;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod history;
#[cfg(test)]
mod network;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod run;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod service;
#[cfg(test)]
mod subscriber;
#[cfg(test)]
mod ticks;

/// The flag for the number of seeds.
const SEEDS: &str = "--seeds";
/// The flag for the first of them.
const FIRST: &str = "--first";
/// The number of seeds without the flag.
const SEEDS_USUAL: u64 = 24;
/// The flag that runs each seed twice, and compares what it did.
const TWICE: &str = "--twice";
/// The flag for replicas in place of one service alone.
const REPLICAS: &str = "--replicas";
/// The number of seeds of replicas without the flags.
const SEEDS_OF_REPLICAS: u64 = 8;
/// The number of seeds that are run twice without it.
const SEEDS_TWICE: u64 = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        let number = arguments.get(at + 1).and_then(|number| number.parse().ok());
        Some(number.ok_or_else(|| format!("{flag} needs a whole number")))
    };
    let (number_of_seeds, first) = match (number(SEEDS).transpose(), number(FIRST).transpose()) {
        (Ok(seeds), Ok(first)) => (seeds, first.unwrap_or(1)),
        (Err(error), _) | (_, Err(error)) => {
            seeds::print(&error);
            return ExitCode::from(64);
        }
    };
    if let Some(seeds) = number_of_seeds {
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let seeds = Seeds {
            first,
            number: seeds,
            is_twice: has(TWICE),
            has_replicas: has(REPLICAS),
        };
        return match seeds::run_seeds(seeds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                seeds::print(&failure);
                ExitCode::FAILURE
            }
        };
    }
    let trial = Trial::test(
        "whatever_fails_nothing_is_lost_and_all_is_current_again",
        || seeds::run_seeds(Seeds::first(SEEDS_USUAL)).map_err(Failed::from),
    );
    let replicas = Trial::test(
        "whatever_fails_all_replicas_serve_the_same_and_are_current_again",
        || {
            let seeds = Seeds {
                has_replicas: true,
                ..Seeds::first(SEEDS_OF_REPLICAS)
            };
            seeds::run_seeds(seeds).map_err(Failed::from)
        },
    );
    let same = Trial::test("a_seed_does_the_same_each_time", || {
        let seeds = Seeds {
            is_twice: true,
            ..Seeds::first(SEEDS_TWICE)
        };
        seeds::run_seeds(seeds).map_err(Failed::from)
    });
    let cases = etcd::CASES.into_iter().chain(cases::CASES);
    let cases = cases.map(|case| Trial::test(case.name, move || case.run().map_err(Failed::from)));
    let trials = cases.chain([same, trial, replicas]).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
