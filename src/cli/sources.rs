//! `silkrate sources`: the sources, and the state of their polls.

use std::io::Write;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::format::{Document, FormatArgs};
use crate::cli::notes::{self, word};
use crate::cli::output::Output;
use crate::cli::paint::without_controls;
use crate::cli::server::ServerArgs;
use crate::cli::table::TextTable;
use crate::json;
use crate::pb::{Polling, Replica, SourceDetail, SourceState};
use crate::tabular::SOURCE;

const EXAMPLES: &str = "\
Examples:
  silkrate sources                             every source, and the state of its polls
  silkrate sources --format json               with the terms of use and the dropped rows
  silkrate sources --format csv > sources.csv
  silkrate sources --server http://rates.example:50051

NEXT PUBLICATION is the start of the window in which a bank's next table is expected, in UTC; MISSED is the number of \
tables that are late. BUDGET is the number of requests sent on the day of the source, and how many its setting \
requests_per_day allows. Notes below the table give the reasons, and name the values that are held or flagged.";

/// The columns that are omitted on a narrow terminal, the least important first.
const SPARE: &[&str] = &["FAILURES", "LAST VERIFIED", "BUDGET", "MISSED"];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SourcesArgs {
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(arguments: &SourcesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let response = arguments.server.client()?.sources().await?;
    let rows: Vec<_> = response
        .sources
        .iter()
        .filter_map(json::SourceDetail::of)
        .collect();
    let document = Document {
        message: json::ListSourcesResponse::from(&response),
        rows: &rows,
        columns: SOURCE,
    };
    document.print(arguments.format.format()?, out, || {
        let columns = Output::of_stdout().columns_of_terminal();
        page(&response.sources, response.replica.as_ref(), columns)
    })
}

/// The sources in columns; below them the notes, and the attributions that their terms demand.
fn page(details: &[SourceDetail], replica: Option<&Replica>, columns: Option<usize>) -> String {
    let mut table = TextTable::new([
        "ID",
        "STATE",
        "FRESHNESS",
        "NEWEST DATE",
        "NEXT PUBLICATION",
        "MISSED",
        "LAST VERIFIED",
        "FAILURES",
        "BUDGET",
    ]);
    let (mut notes, mut attributions) = (Vec::new(), Vec::new());
    let unknown = SourceState::default();
    for detail in details {
        let state = detail.state.as_ref().unwrap_or(&unknown);
        let instant = |time: &Option<prost_types::Timestamp>| {
            let instant = time.as_ref().and_then(json::instant);
            instant.unwrap_or_default()
        };
        table.push([
            state.id.clone(),
            state_of(detail, state),
            match state.freshness {
                0 => String::new(),
                _ => word(state.freshness().as_str_name(), "FRESHNESS_"),
            },
            state.newest_effective_date().to_owned(),
            instant(&state.next_publication_time),
            state.missed_publications.to_string(),
            instant(&detail.last_verified_time),
            detail.consecutive_failures.to_string(),
            requests_of(detail),
        ]);
        notes.extend(notes_of(detail, state));
        if let Some(attribution) = &state.attribution {
            attributions.push(format!("{}: {attribution}", state.id));
        }
    }
    notes.extend(replica.and_then(notes::detached));
    let mut page = table.render_within(columns, SPARE);
    for lines in [notes, attributions]
        .iter()
        .filter(|lines| !lines.is_empty())
    {
        let lines = lines.iter().map(|line| without_controls(line));
        page.push('\n');
        page.extend(lines.map(|line| line + "\n"));
    }
    page
}

/// The state of the polls. A bank that responds, but has sent no table so far, is neither ok nor failing.
fn state_of(detail: &SourceDetail, state: &SourceState) -> String {
    let polling = detail.polling();
    if polling == Polling::Ok && state.newest_effective_date.is_none() {
        return "no table yet".to_owned();
    }
    word(polling.as_str_name(), "POLLING_")
}

/// The requests of the day, and how many are allowed; nothing if a server of an earlier version does not count them.
pub(super) fn requests_of(detail: &SourceDetail) -> String {
    match (detail.requests_today, detail.requests_per_day) {
        (0, 0) => String::new(),
        (today, per_day) => format!("{today}/{per_day}"),
    }
}

pub(super) fn notes_of(detail: &SourceDetail, state: &SourceState) -> Vec<String> {
    let id = &state.id;
    let mut notes = Vec::new();
    if let Some(reason) = notes::freshness(state.freshness(), state.freshness_reason()) {
        notes.push(format!("{id}: {reason}"));
    }
    if let Some(error) = &detail.last_error {
        notes.push(format!("{id}: the last failed poll: {error}"));
    }
    if detail.requests_per_day > 0 && detail.requests_today >= detail.requests_per_day {
        let next = detail.next_attempt_time.as_ref().and_then(json::instant);
        let next = next.map(|next| format!("; the next poll is at {next}"));
        let next = next.unwrap_or_default();
        notes.push(format!("{id}: the requests of the day are used up{next}"));
    }
    for held in &state.held {
        let message = notes::held(held);
        notes.push(format!(
            "{id}: {message}; to decide: silkrate held release (or reject) {}",
            held.id
        ));
    }
    for flag in &state.flags {
        notes.push(format!("{id}: {}", notes::flag(flag)));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Check, Fixing, Flag, Freshness, HeldFixing};

    fn cbu() -> SourceDetail {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let held = HeldFixing {
            id: "cbu/daily/2026-04-02/TMT".to_owned(),
            fixing: Some(Fixing {
                currency: "TMT".to_owned(),
                value: "34691.7".to_owned(),
                effective_date: "2026-04-02".to_owned(),
                ..Fixing::default()
            }),
            check: Check::UnitJump.into(),
            detail: "ten times the last value".to_owned(),
            since_time: at(1_775_120_400),
            change: None,
        };
        let flag = Flag {
            check: Check::MissingRow.into(),
            detail: "no row for KGS".to_owned(),
            currency: None,
        };
        let state = SourceState {
            id: "cbu".to_owned(),
            attribution: Some("Source: the bank".to_owned()),
            freshness: Freshness::Late.into(),
            freshness_reason: Some("nothing of 2026-04-03".to_owned()),
            newest_effective_date: Some("2026-04-02".to_owned()),
            next_publication_time: at(1_775_206_800),
            missed_publications: 1,
            held: vec![held],
            flags: vec![flag],
            ..SourceState::default()
        };
        SourceDetail {
            state: Some(state),
            polling: Polling::Failing.into(),
            consecutive_failures: 3,
            requests_today: 17,
            requests_per_day: 100,
            last_error: Some("the bank answered 503".to_owned()),
            ..SourceDetail::default()
        }
    }

    fn without_table() -> SourceDetail {
        let id = "cbt".to_owned();
        SourceDetail {
            state: Some(SourceState {
                id,
                ..SourceState::default()
            }),
            polling: Polling::Ok.into(),
            ..SourceDetail::default()
        }
    }

    const NOTES: &str = "
cbu: late: nothing of 2026-04-03
cbu: the last failed poll: the bank answered 503
cbu: TMT 34691.7 of 2026-04-02 is held since 2026-04-02T09:00:00Z: unit_jump, ten times the last value; to decide: silkrate held release (or reject) cbu/daily/2026-04-02/TMT
cbu: missing_row, no row for KGS

cbu: Source: the bank
";

    #[test]
    fn what_is_wrong_and_then_the_attributions_stand_below_the_table() {
        let unasked = SourceDetail {
            polling: Polling::NotTried.into(),
            ..SourceDetail::default()
        };
        assert_eq!(
            page(&[cbu(), without_table(), unasked], None, None),
            format!(
                "\
ID   STATE         FRESHNESS  NEWEST DATE  NEXT PUBLICATION      MISSED  LAST VERIFIED  FAILURES  BUDGET
cbu  failing       late       2026-04-02   2026-04-03T09:00:00Z  1       -              3         17/100
cbt  no table yet  -          -            -                     0       -              0         -
-    not tried     -          -            -                     0       -              0         -
{NOTES}"
            )
        );
    }

    #[test]
    fn a_replica_that_is_cut_off_says_so_below_the_table() {
        let mut replica = Replica {
            detached: true,
            since_time: Some(prost_types::Timestamp {
                seconds: 1_775_120_400,
                nanos: 0,
            }),
            reason: Some("no answer within 2s".to_owned()),
        };
        let note = "\nthis replica is cut off from the others since 2026-04-02T09:00:00Z, and may lack newer rates: \
                    no answer within 2s\n";
        let page_of = |replica: &Replica| page(&[without_table()], Some(replica), None);
        assert!(page_of(&replica).ends_with(note), "{}", page_of(&replica));
        replica.detached = false;
        assert!(!page_of(&replica).contains("cut off"));
    }

    #[test]
    fn eighty_columns_have_room_for_the_next_publication() {
        let mut cbu = cbu();
        cbu.last_verified_time = Some(prost_types::Timestamp {
            seconds: 1_775_120_400,
            nanos: 0,
        });
        assert_eq!(
            page(&[cbu, without_table()], None, Some(80)),
            format!(
                "\
ID   STATE         FRESHNESS  NEWEST DATE  NEXT PUBLICATION      MISSED  BUDGET
cbu  failing       late       2026-04-02   2026-04-03T09:00:00Z  1       17/100
cbt  no table yet  -          -            -                     0       -
(omitted: FAILURES, LAST VERIFIED)
{NOTES}"
            )
        );
    }
}
