//! The program under SIGKILL, seen from outside: it is killed every few seconds and started again, its banks are dark at a third of
//! the starts, and fifty watchers over gRPC, server-sent events and gRPC-Web log and check everything that they are shown.
//!
//! `cargo test --test blackbox -- --minutes 20` runs for twenty minutes and prints its counts. Without the flag it runs for
//! some seconds. The logs of the watchers and of the service stay in the folder that it prints if anything is violated.
//!
//! `cargo test --release --features jemalloc --test blackbox -- --soak 60` is an hour of attacks, visits, reloads, stops and kills, in which nothing may
//! grow. With `--program FILE` another build of the program is soaked, and with `--only TURN` it is under one kind of attack, under
//! `visits`, `reloads`, or `publications` of the banks alone, all the time and without kills: to find what makes something grow.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

// With `cfg(test)` the lints treat these modules as test code.
#[cfg(test)]
mod bank;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod grpc;
#[cfg(test)]
#[path = "../bench/attacks/hostile.rs"]
mod hostile;
#[cfg(test)]
mod message;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod run;
#[cfg(test)]
mod service;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod watcher;
#[cfg(test)]
mod web;

/// The flag for a longer run.
const MINUTES: &str = "--minutes";
/// The flag for a soak.
const SOAK: &str = "--soak";
/// The flag for the program that is soaked.
const PROGRAM: &str = "--program";
/// The flag for the only kind of turn of a soak.
const ONLY: &str = "--only";
/// The length of a run without a flag: some kills, and no longer than other tests.
const SHORT_RUN: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        Some(arguments.get(place + 1).map_or("", String::as_str))
    };
    let is_soak = after(SOAK).is_some();
    if let Some(minutes) = after(SOAK).or(after(MINUTES)) {
        let Ok(minutes) = minutes.parse::<u64>() else {
            run::print("--minutes and --soak need a whole number of minutes");
            return ExitCode::from(64);
        };
        let length = Duration::from_secs(minutes * 60);
        let program = after(PROGRAM).unwrap_or(env!("CARGO_BIN_EXE_silkrate"));
        let violations = if is_soak {
            let Some(turns) = soak::Turn::named(after(ONLY)) else {
                run::print("--only needs the name of a turn");
                return ExitCode::from(64);
            };
            soak::soak(length, PathBuf::from(program), &turns)
        } else {
            run::run(length)
        };
        return match violations {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        };
    }
    let trial = Trial::test(
        "nothing_shown_before_a_kill_is_lost_after_it",
        || match run::run(SHORT_RUN) {
            0 => Ok(()),
            violations => Err(Failed::from(format!("{violations} violations"))),
        },
    );
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}
