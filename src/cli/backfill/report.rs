//! The report at the end of a backfill.

use std::io::{self, Write};

use crate::backfill::Stats;
use crate::cli::backfill::progress::Progress;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::table::TextTable;

/// Writes the counts of all sources in columns, and the reasons of failures below.
pub(super) fn write(progress: &[Progress], out: &mut dyn Write) -> io::Result<()> {
    let mut table = TextTable::new([
        "SOURCE",
        "REQUESTS",
        "FILED",
        "KNOWN",
        "ROWS HELD",
        "REFUSED",
        "FAILED",
    ]);
    let mut reasons = Vec::new();
    for progress in progress {
        let (source, stats) = (progress.source, progress.recorder.stats());
        table.push([
            source.to_string(),
            stats.requests.to_string(),
            stats.filed.to_string(),
            stats.already_filed.to_string(),
            stats.held_rows.to_string(),
            stats.refused.to_string(),
            stats.failed.to_string(),
        ]);
        let kinds = [
            ("left out a row", stats.dropped_rows, stats.drops),
            ("refused", stats.refused, stats.refusals),
            ("failed", stats.failed, stats.failures),
        ];
        for (what, count, known) in kinds {
            let kept = u32::try_from(known.len()).unwrap_or(u32::MAX);
            reasons.extend(
                known
                    .into_iter()
                    .map(|reason| format!("{source} {what}: {reason}")),
            );
            if kept > 0 && count > kept {
                reasons.push(format!("{source} {what}: and {} more", count - kept));
            }
        }
        if stats.held_rows > 0 {
            let rows = match stats.held_rows {
                1 => "1 row is".to_owned(),
                rows => format!("{rows} rows are"),
            };
            reasons.push(format!(
                "{source}: {rows} held for a decision; `silkrate held` lists them"
            ));
        }
        if let Some(reason) = stats.aborted {
            reasons.push(format!("{source}: {reason}"));
        }
    }
    out.write_all(table.render().as_bytes())?;
    if !reasons.is_empty() {
        writeln!(out)?;
    }
    for reason in reasons {
        writeln!(out, "{}", without_controls(&reason))?;
    }
    Ok(())
}

/// The result of the command: a failure unless every table was filed.
pub(super) fn result(progress: &[Progress], is_finished: bool) -> Result<(), Failure> {
    if !is_finished {
        let hint = "filed tables are kept; run the same command again to continue";
        return Err(Failure::failed("interrupted before the last date", hint));
    }
    let stats: Vec<Stats> = progress
        .iter()
        .map(|progress| progress.recorder.stats())
        .collect();
    if stats.iter().all(Stats::is_complete) {
        return Ok(());
    }
    let only_refused = stats
        .iter()
        .all(|stats| stats.failed == 0 && stats.aborted.is_none());
    let hint = if only_refused {
        "the lines above give the reasons; another run would not change the result"
    } else {
        "the lines above give the reasons; run the same command again for the rest"
    };
    Err(Failure::failed("not every table was filed", hint))
}
