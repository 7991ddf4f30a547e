//! The program under SIGKILL, seen from outside: it is killed every few seconds and started again, its banks are dark at a third of
//! the starts, and fifty watchers over gRPC, server-sent events and gRPC-Web log and check everything that they are shown.
//!
//! `cargo test --test blackbox -- --minutes 20` runs for twenty minutes and prints its counts. Without the flag it runs for
//! some seconds. The logs of the watchers and of the service stay in the folder that it prints if anything is violated.

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
mod message;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod run;
#[cfg(test)]
mod service;
#[cfg(test)]
mod watcher;
#[cfg(test)]
mod web;

/// The flag for a longer run.
const MINUTES: &str = "--minutes";
/// The length of a run without the flag: some kills, and no longer than other tests.
const SHORT_RUN: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.any(|argument| argument == MINUTES) {
        let minutes = arguments.next().and_then(|number| number.parse().ok());
        let Some(minutes) = minutes.map(|number: u64| Duration::from_secs(number * 60)) else {
            run::print(&format!("{MINUTES} needs a whole number of minutes"));
            return ExitCode::from(64);
        };
        return match run::run(minutes) {
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
