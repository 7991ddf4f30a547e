//! The file of the counts. One line for each source: its id, then a date and a number for each day counted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::budget::{Counts, DAYS_MAX, DayCounts};

/// The length of the file, in bytes: room for sixty-four sources, and one page of a disk. It is written at once and never
/// changes its length, so a full disk does not keep a count from being written.
const FILE_BYTES: usize = 4096;
/// What follows the ledger's file name.
const SUFFIX: &str = ".requests";

/// The open file.
#[derive(Debug)]
pub(super) struct CountFile {
    file: File,
}

impl CountFile {
    /// Opens the file beside a ledger, or creates it, and reads the counts. A line that is not one of counts is ignored.
    pub(super) fn open(ledger: &Path) -> io::Result<(Self, Counts)> {
        let path = path_beside(ledger);
        let with_path =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(with_path)?;
        let mut bytes = Vec::new();
        let most = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX);
        (&file)
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(with_path)?;
        let text = String::from_utf8_lossy(&bytes);
        let counts = Counts {
            by_source: text.lines().filter_map(counts_of).collect(),
        };
        let mut opened = Self { file };
        opened.write(&counts).map_err(with_path)?;
        Ok((opened, counts))
    }

    /// Writes the counts. Another process sees all of them or those before; a power cut does too.
    pub(super) fn write(&mut self, counts: &Counts) -> io::Result<()> {
        let mut text = String::with_capacity(FILE_BYTES);
        for (source, days) in &counts.by_source {
            text.push_str(source);
            for (day, count) in days {
                text.push(' ');
                text.push_str(&day.to_string());
                text.push(' ');
                text.push_str(&count.to_string());
            }
            text.push('\n');
        }
        let mut bytes = text.into_bytes();
        bytes.resize(bytes.len().max(FILE_BYTES), b'\n');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&bytes)?;
        self.file.sync_data()
    }
}

fn path_beside(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

/// The counts in a line.
fn counts_of(line: &str) -> Option<(String, DayCounts)> {
    let mut words = line.split_ascii_whitespace();
    let source = words.next()?.to_owned();
    let mut days = Vec::new();
    while let Some(day) = words.next() {
        days.push((day.parse().ok()?, words.next()?.parse().ok()?));
    }
    days.truncate(DAYS_MAX);
    Some((source, days))
}
