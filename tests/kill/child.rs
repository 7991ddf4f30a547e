//! The one that is killed.

use std::io::{self, Write};
use std::path::Path;

use silkrate::ledger::{ClockKind, Ledger};

use crate::script;

/// The first argument of a child; the second is the path.
pub(crate) const APPEND: &str = "append-until-killed";
/// Said before the ledger is opened.
pub(crate) const OPENS: &str = "opens";
/// Said before an entry is appended; its revision follows.
pub(crate) const BEGINS: &str = "begins ";
/// Said when an entry has been appended; its revision follows.
pub(crate) const WRITTEN: &str = "written ";

/// Appends entry after entry, and says so line by line, for as long as somebody listens.
pub(crate) fn append_until_killed(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let listened_to = runtime.block_on(append(path));
    assert_eq!(listened_to.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
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

/// One line, in one write: it is in the pipe, or it is not.
fn say(what: &str, revision: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{what}{revision}\n").as_bytes())?;
    stdout.flush()
}
