//! Gives damaged input to everything of silkrate that reads input from elsewhere: the kept inputs of each target, and inputs made
//! from them by chance. [README.md](README.md) says how; `guided` is the same for LLVM's fuzzer.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, which prints what it has done"
)]

mod checks;
mod mutation;
mod targets;

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use fastrand::Rng;
use targets::{Kind, TARGETS, Target};

use crate::checks::file;
use crate::mutation::{grown, mutated};

/// The inputs made by chance for each target unless `--executions` says how many: some seconds without optimisation.
const EXECUTIONS: u64 = 500;
/// The part of them that a slow target gets.
const FEWER: u64 = 5;
/// How many inputs made by chance go with one that is as long as the longest document that is fetched. A document has at least one.
const INPUTS_PER_LARGE_ONE: u64 = 4_000;
/// The memory that this process may write to: a service with a thousand streams takes a tenth of it.
#[cfg(unix)]
const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// How long one input may take. All but a few take less than a millisecond.
const INPUT_TIME_MAX: Duration = Duration::from_secs(300);
/// How often it is checked how long the present input takes.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// The folders with the first inputs of each target.
const SEEDS: &str = include_str!("seeds.txt");
const USAGE: &str =
    "cargo test --test fuzz -- [--executions N] [--seed N] [--input FILE] [TARGET ...]";

/// What the command line says.
struct Wanted {
    executions: u64,
    /// What the inputs made by chance follow from.
    seed: u64,
    /// One input, in the place of all others.
    input: Option<PathBuf>,
    targets: Vec<Target>,
}

fn wanted(mut words: impl Iterator<Item = String>) -> Result<Wanted, Box<dyn Error>> {
    let mut wanted = Wanted {
        executions: EXECUTIONS,
        seed: 1,
        input: None,
        targets: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(USAGE);
        match word.as_str() {
            "--executions" => wanted.executions = value()?.parse()?,
            "--seed" => wanted.seed = value()?.parse()?,
            "--input" => wanted.input = Some(value()?.into()),
            name => {
                let target = TARGETS.iter().find(|target| target.name == name);
                wanted
                    .targets
                    .push(*target.ok_or_else(|| format!("no target {name}; {USAGE}"))?);
            }
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets = TARGETS.to_vec();
    }
    Ok(wanted)
}

/// The folder of this program.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The kept inputs of a target, in the order of their names.
fn seeds(target: Target) -> Vec<Vec<u8>> {
    let mut lines = SEEDS.lines().map(str::split_whitespace);
    let folders = lines.find_map(|mut words| (words.next() == Some(target.name)).then_some(words));
    let mut found = Vec::new();
    for folder in folders.expect("a target has a line in seeds.txt") {
        let entries = fs::read_dir(here().join(folder)).expect("the folder is there");
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        found.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    }
    assert!(!found.is_empty(), "{} has no seeds", target.name);
    found
}

/// Ends the process when an input takes too much memory.
#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Data).maximum;
    let current = maximum.map_or(MEMORY_BYTES_MAX, |maximum| maximum.min(MEMORY_BYTES_MAX));
    let limit = Rlimit {
        current: Some(current),
        maximum,
    };
    setrlimit(Resource::Data, limit).expect("a limit can be lowered");
}

/// Elsewhere the limit is that of the machine.
#[cfg(not(unix))]
fn limit_memory() {}

/// The file with the input that a target has now. It is left where the process ends at once, and removed otherwise.
fn in_hand(target: Target) -> PathBuf {
    file::path(&format!("input-{}", target.name))
}

/// Gives an input to a target. One that fails is kept.
fn passes(target: Target, input: &[u8]) -> bool {
    fs::write(in_hand(target), input).expect("the file can be written");
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    if outcome.is_err() {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
        let path = folder.join(format!("{}-{:016x}", target.name, hasher.finish()));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, input))
            .expect("the input can be kept");
        println!(
            "{} fails; to repeat: cargo test --test fuzz -- {0} --input {}",
            target.name,
            path.display()
        );
    }
    outcome.is_ok()
}

/// Ends the process when an input takes too long.
fn watch(done: &Arc<AtomicU64>) {
    let done = Arc::clone(done);
    thread::spawn(move || {
        let (mut known, mut since) = (0, Instant::now());
        loop {
            thread::sleep(WATCH_INTERVAL);
            let now = done.load(Ordering::Relaxed);
            if now != known {
                (known, since) = (now, Instant::now());
            } else if since.elapsed() > INPUT_TIME_MAX {
                println!("input {now} takes more than {INPUT_TIME_MAX:?}");
                process::abort();
            }
        }
    });
}

fn run(wanted: &Wanted) -> bool {
    limit_memory();
    let place = file::path("input-TARGET");
    println!(
        "an input that ends this process is left in {}",
        place.display()
    );
    let done = Arc::new(AtomicU64::new(0));
    watch(&done);
    let mut is_well = true;
    for target in wanted.targets.iter().copied() {
        let begun = Instant::now();
        let seeds = match &wanted.input {
            Some(path) => vec![fs::read(path).expect("the input is there")],
            None => seeds(target),
        };
        let executions = match (&wanted.input, target.kind) {
            (Some(_), _) => 0,
            (None, Kind::Quick | Kind::Document) => wanted.executions,
            (None, Kind::Slow) => wanted.executions / FEWER,
        };
        let large = match (&wanted.input, target.kind) {
            (None, Kind::Document) => 1 + executions / INPUTS_PER_LARGE_ONE,
            _ => 0,
        };
        let mut random = Rng::with_seed(wanted.seed);
        let inputs = seeds.iter().cloned();
        let made = (0..executions + large).map(|number| {
            if number < executions {
                mutated(&seeds, &mut random)
            } else {
                grown(&seeds, &mut random)
            }
        });
        let mut inputs = inputs.chain(made);
        let failed = inputs.find(|input| {
            done.fetch_add(1, Ordering::Relaxed);
            !passes(target, input)
        });
        is_well &= failed.is_none();
        if failed.is_none() {
            let took = begun.elapsed().as_secs_f32();
            println!(
                "{:<13} {} kept and {} made inputs in {took:.1} s",
                target.name,
                seeds.len(),
                executions + large
            );
        }
    }
    file::remove_all();
    is_well
}

fn main() -> ExitCode {
    match wanted(env::args().skip(1)) {
        Ok(wanted) if run(&wanted) => ExitCode::SUCCESS,
        Ok(_failed) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}
