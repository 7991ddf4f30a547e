//! `silkrate sources`: who is asked, and whether it works.

use std::io::Write;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::rates::{TableFormat, word};
use crate::cli::table::TextTable;
use crate::cli::{ServerArgs, json};
use crate::pb::{SourceDetail, SourceState};

const EXAMPLES: &str = "\
Examples:
  silkrate sources                             every source, and whether it answers
  silkrate sources --format json               with the terms, and the rows left out
  silkrate sources --server http://rates.example:50051";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SourcesArgs {
    /// How to print them.
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &SourcesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let details = arguments.server.server()?.sources().await?.sources;
    match arguments.format {
        TableFormat::Table => out.write_all(page(&details).as_bytes())?,
        TableFormat::Json => {
            let text = json::text(&json::sources(&details)).map_err(std::io::Error::from)?;
            writeln!(out, "{text}")?;
        }
    }
    Ok(())
}

/// The sources in columns, and below what their terms ask to be shown.
fn page(details: &[SourceDetail]) -> String {
    let mut table = TextTable::new([
        "ID",
        "STATE",
        "FRESHNESS",
        "NEWEST DATE",
        "LAST VERIFIED",
        "FAILURES",
        "LAST ERROR",
    ]);
    let mut attributions = String::new();
    let unknown = SourceState::default();
    for detail in details {
        let state = detail.state.as_ref().unwrap_or(&unknown);
        let verified = detail.last_verified_time.as_ref().and_then(json::instant);
        table.push([
            state.id.clone(),
            word(detail.polling().as_str_name(), "POLLING_"),
            match state.freshness {
                0 => String::new(),
                _ => word(state.freshness().as_str_name(), "FRESHNESS_"),
            },
            state.newest_effective_date.clone(),
            verified.unwrap_or_default(),
            detail.consecutive_failures.to_string(),
            detail.last_error.clone(),
        ]);
        if !state.attribution.is_empty() {
            let line = format!("{}: {}", state.id, state.attribution);
            attributions.push_str(&without_controls(&line));
            attributions.push('\n');
        }
    }
    let gap = if attributions.is_empty() { "" } else { "\n" };
    format!("{}{gap}{attributions}", table.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Freshness, Polling};

    #[test]
    fn attributions_stand_below_the_table() {
        let state = SourceState {
            id: "nbk".to_owned(),
            attribution: "Source: the bank".to_owned(),
            freshness: Freshness::Fresh.into(),
            newest_effective_date: "2026-04-02".to_owned(),
            ..SourceState::default()
        };
        let failing = SourceDetail {
            state: Some(state),
            polling: Polling::Failing.into(),
            consecutive_failures: 3,
            last_error: "the bank answered 503".to_owned(),
            ..SourceDetail::default()
        };
        let unasked = SourceDetail {
            polling: Polling::NotTried.into(),
            ..SourceDetail::default()
        };
        assert_eq!(
            page(&[failing, unasked]),
            "\
ID   STATE      FRESHNESS  NEWEST DATE  LAST VERIFIED  FAILURES  LAST ERROR
nbk  failing    fresh      2026-04-02   -              3         the bank answered 503
-    not tried  -          -            -              0         -

nbk: Source: the bank
"
        );
    }
}
