//! The parent: it kills children, and checks the ledger afterwards.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rusqlite::Connection;
use silkrate::ledger::{ClockKind, Ledger};

use crate::{child, script};

const KILLS: u64 = 300;
/// The number of kills per file: checking a file takes longer the larger it is.
const KILLS_OF_A_FILE: u64 = 100;
const KILLS_WHILE_IT_IS_MADE: u64 = 60;
/// The most entries after which a child is killed.
const ENTRIES_MAX: u64 = 5;
/// The longest delay of a kill, in iterations of an empty loop: some milliseconds, the time that a large entry takes.
const DELAY_MAX: u64 = 200_000;

/// The moment when a child is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// As soon as it has started.
    AtOnce,
    /// While it opens the ledger.
    Opening,
    /// After it has acknowledged a number of entries: before, in or after the next one.
    Written(u64),
    /// While it writes the entry of that number.
    Begun(u64),
}

/// The reports of a child before it was killed.
#[derive(Debug, Default)]
struct Reported {
    begun: u64,
    written: u64,
}

/// The findings over all kills.
#[derive(Debug, Default)]
struct Findings {
    /// The newest revision of the present file that has been checked, with all before it.
    checked: u64,
    acknowledged: u64,
    /// Entries that were begun, not acknowledged, and left no trace.
    vanished: u64,
    /// Entries that were begun, not acknowledged, and are there, whole.
    unacknowledged: u64,
}

pub(crate) fn kill_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut findings = Findings::default();
    for kill in 0..KILLS {
        let path = folder.path().join(format!("{}.db", kill / KILLS_OF_A_FILE));
        if kill % KILLS_OF_A_FILE == 0 {
            findings.checked = 0;
        }
        let some = 1 + kill % ENTRIES_MAX;
        let moment = match kill % 10 {
            0 => Moment::AtOnce,
            1 => Moment::Opening,
            2..=5 => Moment::Written(some),
            _ => Moment::Begun(some),
        };
        let reported = run_and_kill(&path, moment, delay(kill));
        findings.check(&path, &reported);
        assert_eq!(all_entries(&path), findings.checked);
    }
    assert!(
        findings.vanished > 0,
        "no kill hit an entry half way: nothing was tried"
    );
    let Findings {
        acknowledged,
        vanished,
        unacknowledged,
        ..
    } = findings;
    report(&format!(
        "{KILLS} kills, {acknowledged} revisions acknowledged, 0 lost, 0 torn, 0 epochs ended ({vanished} cut off half \
         way left no trace, {unacknowledged} were written and not yet acknowledged)"
    ));
}

pub(crate) fn kill_while_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for kill in 0..KILLS_WHILE_IT_IS_MADE {
        let path = folder.path().join(format!("{kill}.db"));
        let moment = if kill % 5 == 0 {
            Moment::AtOnce
        } else {
            Moment::Opening
        };
        let reported = run_and_kill(&path, moment, delay(kill));
        Findings::default().check(&path, &reported);
    }
}

/// A number of iterations that differs from kill to kill, and is the same in every run.
fn delay(kill: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(kill);
    random.u64(0..DELAY_MAX)
}

/// Lets a child append, kills it, and returns its reports.
fn run_and_kill(path: &Path, moment: Moment, delay: u64) -> Reported {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(child::APPEND)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut reported = Reported::default();
    let (awaited, times) = match moment {
        Moment::AtOnce => (child::OPENS, 0),
        Moment::Opening => (child::OPENS, 1),
        Moment::Written(times) => (child::WRITTEN, times),
        Moment::Begun(times) => (child::BEGINS, times),
    };
    for _ in 0..times {
        read_lines(&mut lines, &mut reported, Some(awaited));
    }
    for _ in 0..delay {
        std::hint::spin_loop();
    }
    kill(&mut child);
    // Reports written in the meantime count.
    read_lines(&mut lines, &mut reported, None);
    reported
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    // It ends by itself only after a failure.
    assert_eq!(status.code(), None, "the child ended by itself: {status}");
}

/// Reads lines until one starts with the awaited text, or until there are no more.
fn read_lines(lines: &mut BufReader<ChildStdout>, reported: &mut Reported, awaited: Option<&str>) {
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        let text = line.trim_end();
        if let Some(revision) = text.strip_prefix(child::BEGINS) {
            reported.begun = revision.parse().unwrap();
        } else if let Some(revision) = text.strip_prefix(child::WRITTEN) {
            reported.written = revision.parse().unwrap();
        }
        if awaited.is_some_and(|awaited| text.starts_with(awaited)) {
            return;
        }
        line.clear();
    }
    assert_eq!(awaited, None, "the child fell silent");
}

impl Findings {
    /// Opens the file after a kill, checks its new entries, and appends the next one.
    fn check(&mut self, path: &Path, reported: &Reported) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert_position_is_whole(path);
        let (ledger, reader) = Ledger::open(Some(path), ClockKind::Real).unwrap();
        assert!(ledger.continues(), "the kill ended the epoch");
        let restored = runtime.block_on(reader.restore()).unwrap();
        let newest = restored.map_or(0, |restored| restored.position.revision);
        let acknowledged = reported.written.max(self.checked);
        assert!(
            newest >= acknowledged,
            "revision {acknowledged} was acknowledged, and {newest} is the newest"
        );
        assert!(
            newest <= reported.begun.max(self.checked),
            "revision {newest} was never begun"
        );
        self.acknowledged += acknowledged - self.checked;
        self.unacknowledged += newest - acknowledged;
        self.vanished += reported.begun.saturating_sub(newest);

        let next = newest + 1;
        runtime
            .block_on(ledger.append(script::entry(next)))
            .unwrap();
        self.acknowledged += 1;
        drop(reader);
        runtime.block_on(ledger.close());
        let connection = Connection::open(path).unwrap();
        for revision in self.checked + 1..=next {
            assert_whole(&connection, revision);
        }
        let verdict: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        self.checked = next;
    }
}

/// Asserts that the position file, if there is one, is new or has a position of the epoch.
fn assert_position_is_whole(ledger: &Path) {
    let recorded = std::fs::read_to_string(format!("{}.position", ledger.display()));
    if let Ok(text) = recorded
        && !text.is_empty()
    {
        let position = text
            .strip_suffix('\n')
            .and_then(|line| line.split_once(' '));
        let revision = position.and_then(|(epoch, revision)| {
            (epoch == "kill").then(|| revision.parse::<u64>().unwrap())
        });
        assert!(revision.is_some(), "the position file has {text:?}");
    }
}

/// Asserts that an entry is complete, and that nothing else has its number.
fn assert_whole(connection: &Connection, revision: u64) {
    let count = |sql: &str| -> usize {
        let number = i64::try_from(revision).unwrap();
        let value = script::value(revision);
        connection
            .query_row(sql, rusqlite::params![number, value], |row| {
                row.get(0).map(|count: i64| count.try_into().unwrap())
            })
            .unwrap()
    };
    let rows = script::rows(revision);
    let entry = "SELECT coalesce(sum(fixings), -1) FROM entries WHERE entry = ?1 AND revision = ?1 AND ?2 <> ''";
    assert_eq!(count(entry), rows, "the entry of revision {revision}");
    let all = "SELECT count(*) FROM fixings WHERE entry = ?1 AND ?2 <> ''";
    assert_eq!(count(all), rows, "rows of revision {revision}");
    let right = "SELECT count(*) FROM fixings WHERE entry = ?1 AND value = ?2";
    assert_eq!(count(right), rows, "values of revision {revision}");
    let held = "SELECT count(*) FROM held WHERE entry = ?1 AND value = ?2";
    assert_eq!(
        count(held),
        script::held(revision),
        "held values of revision {revision}"
    );
    let served =
        "SELECT count(*) FROM served WHERE subject = 'KZT/USD' AND revision >= ?1 AND ?2 <> ''";
    assert_eq!(count(served), 1, "what revision {revision} serves");
}

/// The number of entries.
fn all_entries(path: &Path) -> u64 {
    let connection = Connection::open(path).unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
        .unwrap();
    count.try_into().unwrap()
}

fn report(line: &str) {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
}
