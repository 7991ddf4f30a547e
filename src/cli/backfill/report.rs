//! What is told at the end.

use std::io::{self, Write};

use crate::cli::backfill::progress::Progress;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::table::TextTable;

/// Writes the counts of all sources in columns, and what there is to know beside them.
pub(super) fn write(progress: &[Progress], out: &mut dyn Write) -> io::Result<()> {
    let mut table = TextTable::new([
        "SOURCE",
        "ASKED",
        "FILED",
        "KNOWN",
        "ROWS HELD",
        "REFUSED",
        "FAILED",
    ]);
    let mut reasons = Vec::new();
    for progress in progress {
        let (source, tally) = (progress.source(), progress.tally());
        table.push([
            source.to_string(),
            tally.asked.to_string(),
            tally.filed.to_string(),
            tally.known.to_string(),
            tally.held_rows.to_string(),
            tally.refused.to_string(),
            tally.failed.to_string(),
        ]);
        let kinds = [
            ("refused", tally.refused, tally.refusals),
            ("failed", tally.failed, tally.failures),
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
        if tally.held_rows > 0 {
            let rows = tally.held_rows;
            reasons.push(format!(
                "{source}: {rows} rows wait for a decision; `silkrate held` lists them"
            ));
        }
        if let Some(reason) = tally.given_up {
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

/// Whether everything there was is filed now.
pub(super) fn verdict(progress: &[Progress], whole: bool) -> Result<(), Failure> {
    if !whole {
        let hint = "what was filed stays; the same command goes on where this one ended";
        return Err(Failure::failed("stopped before the end", hint));
    }
    let tallies: Vec<_> = progress.iter().map(Progress::tally).collect();
    if tallies.iter().all(super::Tally::is_good) {
        return Ok(());
    }
    let only_refused = tallies
        .iter()
        .all(|tally| tally.failed == 0 && tally.given_up.is_none());
    let hint = if only_refused {
        "the lines above tell why; asking again changes nothing"
    } else {
        "the lines above tell why; run the same command again for the rest"
    };
    Err(Failure::failed("not everything could be filed", hint))
}
