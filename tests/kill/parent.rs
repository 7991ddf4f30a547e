//! The one that kills, and looks afterwards.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rusqlite::Connection;
use silkrate::ledger::{ClockKind, Ledger};

use crate::{child, script};

const KILLS: u64 = 300;
/// How many kills one file goes through. Looking at all of a file takes the longer the larger it is.
const KILLS_OF_A_FILE: u64 = 100;
const KILLS_WHILE_IT_IS_MADE: u64 = 60;
/// The entries after which a child is killed, at most.
const ENTRIES_MAX: u64 = 5;
/// How long the killing hand may shake, in turns of an empty loop: some milliseconds, as long as a large entry takes.
const SHAKE_MAX: u64 = 200_000;

/// When a child is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// As soon as it runs.
    AtOnce,
    /// While it opens the ledger.
    Opening,
    /// When it has acknowledged so many entries: before, in or after the next one.
    Written(u64),
    /// In its so manieth entry.
    Begun(u64),
}

/// What a child said before it was killed.
#[derive(Debug, Default)]
struct Said {
    begun: u64,
    written: u64,
}

/// What was found over all kills.
#[derive(Debug, Default)]
struct Tally {
    /// The newest revision of the present file: it and all before it have been looked at.
    looked_at: u64,
    acknowledged: u64,
    /// Entries that were begun, not acknowledged, and left no trace.
    vanished: u64,
    /// Entries that were begun, not acknowledged, and are there, whole.
    unacknowledged: u64,
}

pub(crate) fn kill_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut tally = Tally::default();
    for kill in 0..KILLS {
        let path = folder.path().join(format!("{}.db", kill / KILLS_OF_A_FILE));
        if kill % KILLS_OF_A_FILE == 0 {
            tally.looked_at = 0;
        }
        let some = 1 + kill % ENTRIES_MAX;
        let moment = match kill % 10 {
            0 => Moment::AtOnce,
            1 => Moment::Opening,
            2..=5 => Moment::Written(some),
            _ => Moment::Begun(some),
        };
        let said = run_and_kill(&path, moment, shake(kill));
        tally.look(&path, &said);
        assert_eq!(all_entries(&path), tally.looked_at);
    }
    assert!(
        tally.vanished > 0,
        "no kill hit an entry half way: nothing was tried"
    );
    let Tally {
        acknowledged,
        vanished,
        unacknowledged,
        ..
    } = tally;
    report(&format!(
        "{KILLS} kills, {acknowledged} revisions acknowledged, 0 lost, 0 torn ({vanished} cut off half way left no \
         trace, {unacknowledged} were written and not yet acknowledged)"
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
        let said = run_and_kill(&path, moment, shake(kill));
        Tally::default().look(&path, &said);
    }
}

/// A number of turns that differs from kill to kill, and is the same in every run.
fn shake(kill: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(kill);
    random.u64(0..SHAKE_MAX)
}

/// Lets a child append, kills it, and returns what it had said.
fn run_and_kill(path: &Path, moment: Moment, shake: u64) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(child::APPEND)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = Said::default();
    let (awaited, times) = match moment {
        Moment::AtOnce => (child::OPENS, 0),
        Moment::Opening => (child::OPENS, 1),
        Moment::Written(times) => (child::WRITTEN, times),
        Moment::Begun(times) => (child::BEGINS, times),
    };
    for _ in 0..times {
        listen(&mut lines, &mut said, Some(awaited));
    }
    for _ in 0..shake {
        std::hint::spin_loop();
    }
    kill(&mut child);
    // What it said in the meantime was said.
    listen(&mut lines, &mut said, None);
    said
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    // It would end by itself only if something went wrong.
    assert_eq!(status.code(), None, "the child ended by itself: {status}");
}

/// Takes lines until one begins with what is awaited, or until there are no more.
fn listen(lines: &mut BufReader<ChildStdout>, said: &mut Said, awaited: Option<&str>) {
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        let text = line.trim_end();
        if let Some(revision) = text.strip_prefix(child::BEGINS) {
            said.begun = revision.parse().unwrap();
        } else if let Some(revision) = text.strip_prefix(child::WRITTEN) {
            said.written = revision.parse().unwrap();
        }
        if awaited.is_some_and(|awaited| text.starts_with(awaited)) {
            return;
        }
        line.clear();
    }
    assert_eq!(awaited, None, "the child fell silent");
}

impl Tally {
    /// Opens the file after a kill, looks at what is new in it, and appends the next entry.
    fn look(&mut self, path: &Path, said: &Said) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (ledger, reader) = Ledger::open(Some(path), ClockKind::Real).unwrap();
        let restored = runtime.block_on(reader.restore()).unwrap();
        let newest = restored.map_or(0, |restored| restored.position.revision);
        let acknowledged = said.written.max(self.looked_at);
        assert!(
            newest >= acknowledged,
            "revision {acknowledged} was acknowledged, and {newest} is the newest"
        );
        assert!(
            newest <= said.begun.max(self.looked_at),
            "revision {newest} was never begun"
        );
        self.acknowledged += acknowledged - self.looked_at;
        self.unacknowledged += newest - acknowledged;
        self.vanished += said.begun.saturating_sub(newest);

        let next = newest + 1;
        runtime
            .block_on(ledger.append(script::entry(next)))
            .unwrap();
        self.acknowledged += 1;
        drop(reader);
        runtime.block_on(ledger.close());
        let connection = Connection::open(path).unwrap();
        for revision in self.looked_at + 1..=next {
            assert_whole(&connection, revision);
        }
        let verdict: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        self.looked_at = next;
    }
}

/// Whether everything of an entry is there, and nothing else under its number.
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

/// How many entries there are.
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
