//! The child that is killed.

use std::io::{self, Write};
use std::path::Path;

use silkrate::ledger::{ClockKind, Ledger};

use crate::script;

/// The first argument of a child; the second is the path.
pub(crate) const APPEND: &str = "append-until-killed";
/// Printed before the ledger is opened.
pub(crate) const OPENS: &str = "opens";
/// Printed before an entry is appended; its revision follows.
pub(crate) const BEGINS: &str = "begins ";
/// Printed after an entry has been appended; its revision follows.
pub(crate) const WRITTEN: &str = "written ";

/// Appends entry after entry, with a line for each, until stdout is closed.
pub(crate) fn append_until_killed(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let ended = runtime.block_on(append(path));
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

async fn append(path: &Path) -> io::Result<()> {
    say(OPENS, "")?;
    let (ledger, reader) = Ledger::open(Some(path), ClockKind::Real).unwrap();
    let restored = reader.restore().await.unwrap();
    let mut revision = restored.map_or(0, |restored| restored.position.revision);
    loop {
        revision += 1;
        say(BEGINS, &revision.to_string())?;
        ledger.append(script::entry(revision)).await.unwrap();
        say(WRITTEN, &revision.to_string())?;
    }
}

/// Prints a line in one write, so that it is in the pipe as a whole or not at all.
fn say(what: &str, revision: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{what}{revision}\n").as_bytes())?;
    stdout.flush()
}
