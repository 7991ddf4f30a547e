//! Gives inputs to one target, which libFuzzer makes from those that reached new branches before.

#![no_main]

#[expect(
    dead_code,
    reason = "libFuzzer ends the process, and its folder is left"
)]
mod checks;
#[path = "guided/chosen.rs"]
mod chosen;
#[path = "guided/progress.rs"]
mod progress;
#[expect(
    dead_code,
    reason = "the command says how many inputs a slow target gets"
)]
mod targets;

use std::path::{Path, PathBuf};

use chosen::Run;
use libfuzzer_sys::fuzz_target;
use targets::TARGETS;

/// The folder of the targets.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A peer that has closed a connection is an error of the write to it. What begins at `main` does this by itself.
fn ignore_broken_pipes() {
    // SAFETY: no other thread is there yet, and no handler is replaced that anything relies on.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// The target of a name. It is called before the first input.
fn find(name: &str) -> Option<Run> {
    ignore_broken_pipes();
    let found = TARGETS.iter().find(|target| target.name == name);
    found.map(|target| target.run)
}

fuzz_target!(|bytes: &[u8]| chosen::give(find, bytes));
