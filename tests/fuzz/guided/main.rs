//! Gives inputs to one target, which libFuzzer makes from those that reached new branches before. The variable names the target.

#![no_main]

#[expect(dead_code, reason = "libFuzzer ends the process, and its folder is left")]
#[path = "../checks.rs"]
mod checks;
#[expect(dead_code, reason = "the command says how many inputs a slow target gets")]
#[path = "../targets.rs"]
mod targets;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use targets::{TARGETS, Target};

/// The variable that names the target.
const VARIABLE: &str = "SILKRATE_FUZZ_TARGET";

/// The folder of the targets.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn target() -> Target {
    let name = env::var(VARIABLE).unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    *found.unwrap_or_else(|| panic!("{VARIABLE} names no target: {name:?}"))
}

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| (TARGET.get_or_init(target).run)(bytes));
