//! A ledger under SIGKILL: this program runs itself as a child that appends as fast as it can, kills it at all kinds of
//! moments, and checks that everything acknowledged is there, that no entry is incomplete, and that the epoch goes on.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

// With `cfg(test)` the lints treat these modules as test code.
#[cfg(test)]
mod child;
#[cfg(test)]
mod parent;
#[cfg(test)]
mod script;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == child::APPEND) {
        let path = arguments.next().expect("the path of a ledger");
        child::append_until_killed(path.as_ref());
        return ExitCode::SUCCESS;
    }
    let trials = vec![
        Trial::test("nothing_acknowledged_is_lost_and_nothing_is_torn", || {
            parent::kill_again_and_again();
            Ok(())
        }),
        Trial::test("a_ledger_killed_while_it_is_made_can_be_made_again", || {
            parent::kill_while_it_is_made();
            Ok(())
        }),
    ];
    // One after the other: between fork and exec a child of one trial holds the locks of the other.
    let arguments = Arguments {
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
