//! Hostile clients against the program: what an honest client notices meanwhile, and what memory they cost.
//!
//! Each attack is a function that goes on until its time is up, and connects again when it is cut. Every round starts the demo
//! anew, and measures an honest client alone, then under the attack. After the last one of each attack, the memory that remained
//! is read once the allocator had time to give it back.

mod honest;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use honest::{Honest, micros};

use crate::hostile::{ATTACKS, Run, Target};
use crate::machine::{self, LOAD_CORE, SERVER_CORE};
use crate::report::{decimal, median, percentile, ratio};
use crate::start;

/// How long the honest client is measured alone: a thousand calls.
const QUIET: Duration = Duration::from_millis(2500);
/// How long it is measured under each attack: longer than a reader that takes nothing is waited for while too much waits.
const ATTACKED: Duration = Duration::from_secs(3);
/// The pause between an attack and the reading of the memory that remained: the allocator gives it back within ten seconds.
const AFTERWARDS: Duration = Duration::from_secs(11);
/// How often memory is read during an attack.
const MEMORY_INTERVAL: Duration = Duration::from_millis(50);
/// The pairs that make the filters of attacks different; the demo has more.
const PAIRS: usize = 256;
/// The p99 that an honest client is allowed in any case, in microseconds.
const P99_ALLOWED: u64 = 20_000;
/// The p99 that is allowed to calls on a connection of their own, in microseconds: a reader who opens a page does not notice it.
const NEWCOMERS_P99_ALLOWED: u64 = 100_000;
const ROUNDS: usize = 5;

/// The demo as a process.
struct Demo {
    child: Child,
    /// Its gRPC port.
    address: SocketAddr,
    target: Target,
}

/// What was seen in one round.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    quiet: u64,
    attacked: u64,
    /// Of calls on a connection of their own, under the attack.
    newcomers: u64,
    late: u64,
    /// The processor time of the server under the attack, in thousandths of a core.
    busy: u64,
    before: u64,
    most: u64,
    after: u64,
}

/// Runs the named attacks, or all of them.
pub(crate) fn run(words: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let (mut rounds_max, mut program, mut only) = (ROUNDS, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--bench" => {}
            "--rounds" => {
                let number = words.next().and_then(|number| number.parse().ok());
                rounds_max = number.ok_or_else(|| io::Error::other("--rounds needs a number"))?;
            }
            "--program" => program = words.next().map(PathBuf::from),
            name if ATTACKS.iter().any(|(known, _)| *known == name) => only.push(name),
            other => {
                let known = ATTACKS.map(|(name, _)| name).join(" ");
                let message = format!("there is no attack {other}; the attacks are {known}");
                return Err(io::Error::other(message));
            }
        }
    }
    machine::raise_descriptor_limit();
    let program = program.unwrap_or_else(start::program);
    let wanted = |name: &&str| only.is_empty() || only.contains(name);
    let attacks = ATTACKS.iter().filter(|(name, _)| wanted(name));
    let mut seen: Vec<_> = attacks.map(|attack| (attack, Vec::new())).collect();
    for round in 1..=rounds_max {
        for ((name, attack), rounds) in &mut seen {
            let figures = once(&program, *attack, round == rounds_max)?;
            writeln!(out, "round {round} {}", line(name, &[figures]))?;
            rounds.push(figures);
        }
    }
    writeln!(
        out,
        "\n| attack | honest p99, quiet | attacked | with a connection of its own | its watch was late by | server's core | memory before | at most | after | |"
    )?;
    writeln!(
        out,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for ((name, _), rounds) in &seen {
        writeln!(out, "{}", line(name, rounds))?;
    }
    Ok(())
}

/// The medians of some rounds.
fn line(name: &str, rounds: &[Seen]) -> String {
    let of = |field: fn(&Seen) -> u64| median(&rounds.iter().map(field).collect::<Vec<_>>());
    let (quiet, attacked) = (of(|seen| seen.quiet), of(|seen| seen.attacked));
    let newcomers = of(|seen| seen.newcomers);
    let verdict = match (
        attacked <= P99_ALLOWED.max(2 * quiet),
        newcomers <= NEWCOMERS_P99_ALLOWED,
    ) {
        (true, true) => "within",
        (true, false) => "within, new connections beyond",
        (false, _) => "beyond",
    };
    let mebibytes = |bytes: u64| bytes / 1024 / 1024;
    // Of the last round alone.
    let after = rounds.iter().map(|seen| seen.after).max();
    format!(
        "| {name} | {} ms | {} ms | {} ms | {} ms | {} % | {} MiB | {} MiB | {} MiB | {verdict} |",
        decimal(quiet),
        decimal(attacked),
        decimal(newcomers),
        decimal(ratio(of(|seen| seen.late), 1000)),
        of(|seen| seen.busy) / 10,
        mebibytes(of(|seen| seen.before)),
        mebibytes(of(|seen| seen.most)),
        mebibytes(after.unwrap_or_default()),
    )
}

/// One round of one attack. It reads the memory that remained if it is the last one.
fn once(program: &PathBuf, attack: Run, is_last: bool) -> io::Result<Seen> {
    let demo = Demo::start(program)?;
    let honest = Honest::connect(demo.address);
    let quiet = honest.measure(Instant::now() + QUIET)?;
    let before = machine::resident_bytes(demo.child.id())?;
    let has_ended = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&has_ended);
    let pid = demo.child.id();
    let memory = thread::spawn(move || {
        let mut most = before;
        while !watched.load(Ordering::Relaxed) {
            most = most.max(machine::resident_bytes(pid).unwrap_or_default());
            thread::sleep(MEMORY_INTERVAL);
        }
        most
    });
    let worked = machine::cpu_time(pid)?;
    let deadline = Instant::now() + ATTACKED;
    let target = demo.target.clone();
    let (result, ended) = mpsc::channel();
    let hostile = thread::spawn(move || result.send(attack(&target, deadline)));
    let attacked = honest.measure(deadline)?;
    let outcome = ended.recv().map_err(io::Error::other)?;
    drop(hostile.join());
    outcome?;
    let worked = machine::cpu_time(pid)?.saturating_sub(worked);
    if is_last {
        thread::sleep(AFTERWARDS);
    }
    has_ended.store(true, Ordering::Relaxed);
    let most = memory.join().unwrap_or_default();
    let p99 = |latencies: &[u32]| u64::from(percentile(latencies, 990));
    Ok(Seen {
        quiet: p99(&quiet.latencies),
        attacked: p99(&attacked.latencies),
        newcomers: p99(&attacked.of_newcomers),
        late: attacked.late,
        busy: micros(worked) * 1000 / micros(ATTACKED),
        before,
        most,
        after: if is_last {
            machine::resident_bytes(pid)?
        } else {
            0
        },
    })
}

impl Demo {
    fn start(program: &PathBuf) -> io::Result<Self> {
        let port = || TcpListener::bind("127.0.0.1:0")?.local_addr();
        let (grpc, admin, web) = (port()?, port()?, port()?);
        machine::pin(&[SERVER_CORE])?;
        let started = Command::new(program)
            .args(["serve", "--demo"])
            .env("SILKRATE_SERVER__LISTEN", grpc.to_string())
            .env("SILKRATE_SERVER__ADMIN_LISTEN", admin.to_string())
            .env("SILKRATE_WEB__LISTEN", web.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        machine::pin(&[LOAD_CORE])?;
        let mut child = started?;
        match Target::find(grpc, web, PAIRS) {
            Ok(target) => Ok(Self {
                child,
                address: grpc,
                target,
            }),
            Err(error) => {
                drop(child.kill());
                drop(child.wait());
                Err(error)
            }
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
