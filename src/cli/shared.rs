//! `silkrate shared`: the replicas of a log, and the change of the one that leads.

use std::io::Write;

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::notes::{self, word};
use crate::cli::paint::without_controls;
use crate::cli::server::AdminArgs;
use crate::cli::table::TextTable;
use crate::json;
use crate::pb::admin::{ListReplicasResponse, ReplicaRole, StepDownResponse};
use crate::tabular::Column;

const EXAMPLES: &str = "\
Examples:
  silkrate shared                              the replicas, how far each is, and which one leads
  silkrate shared --format json
  silkrate shared --admin http://10.0.0.2:9464 as another replica sees them
  silkrate shared step-down                    before the one that leads is upgraded or stopped

Any replica answers. RECORD is the last record of the log that a replica has applied, LAG how many it lacks; a replica that is not \
listed has not reported for half a minute. Of replicas one leads: it polls the banks, and takes what operators decide.";

const STEP_DOWN_EXAMPLES: &str = "\
Examples:
  silkrate shared step-down                    asks the replica that leads, whichever one --admin names

Another replica leads within a second, and is named. Nothing else changes: clients keep their streams, and no value moves. Where no \
other replica takes the lead within five seconds (none is there that may lead), the command fails, and this one \
takes it again.";

/// The columns of a replica.
const COLUMNS: &[Column] = &[
    ("node", "/node"),
    ("role", "/role"),
    ("record", "/record"),
    ("lag_records", "/lag_records"),
    ("epoch", "/position/epoch"),
    ("revision", "/position/revision"),
    ("build", "/build"),
    ("trouble", "/trouble"),
];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SharedArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the replicas: the default.
    List,
    /// Let another replica take the lead.
    #[command(after_help = STEP_DOWN_EXAMPLES)]
    StepDown,
}

pub(super) async fn run(arguments: &SharedArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let format = arguments.format.format()?;
    let admin = arguments.admin.client()?;
    match &arguments.action {
        None | Some(Action::List) => {
            let response = admin.replicas().await?;
            let reports = response.replicas.iter();
            let rows: Vec<_> = reports.map(json::ReplicaReport::from).collect();
            let document = Document {
                message: json::ListReplicasResponse::from(&response),
                rows: &rows,
                columns: COLUMNS,
            };
            document.print(format, out, || page(&response))
        }
        Some(Action::StepDown) if matches!(format, Format::Csv(_) | Format::Ndjson) => {
            Err(Failure::Usage {
                message: "the answer has no CSV format and no NDJSON format".to_owned(),
                hint: "print it with --format table or --format json".to_owned(),
            })
        }
        Some(Action::StepDown) => {
            let response = admin.step_down().await?;
            let message = json::StepDownResponse::from(&response);
            let document = Document {
                rows: std::slice::from_ref(&message),
                message: &message,
                columns: &[],
            };
            document.print(format, out, || given_up(&response))?;
            taken(&response)
        }
    }
}

fn given_up(response: &StepDownResponse) -> String {
    let StepDownResponse { node, leader } = response;
    let mut text = format!("`{node}` does not lead any longer.");
    if let Some(leader) = leader {
        text = format!("`{leader}` leads in place of `{node}`.");
    }
    without_controls(&text) + "\n"
}

/// A lead that was given up for nothing is a failure.
fn taken(response: &StepDownResponse) -> Result<(), Failure> {
    if response.leader.is_some() {
        return Ok(());
    }
    Err(Failure::Failed {
        message: "no other replica took the lead".to_owned(),
        hint: format!(
            "`{}` takes it again in a few seconds; see `silkrate shared`: a replica with `shared.role = \"follower\"` never leads",
            response.node
        ),
    })
}

/// The replicas in columns; above them which one leads, below them what troubles them.
fn page(response: &ListReplicasResponse) -> String {
    let mut table = TextTable::new(["NODE", "ROLE", "RECORD", "LAG", "REVISION", "BUILD"]);
    let mut notes = Vec::new();
    for replica in &response.replicas {
        let revision = replica.position.as_ref();
        table.push([
            replica.node.clone(),
            match replica.role() {
                ReplicaRole::Unspecified => String::new(),
                role => word(role.as_str_name(), "REPLICA_ROLE_"),
            },
            replica.record.to_string(),
            replica.lag_records.to_string(),
            revision
                .map(|position| position.revision.to_string())
                .unwrap_or_default(),
            replica.build.clone(),
        ]);
        if let Some(trouble) = &replica.trouble {
            notes.push(format!("{}: {trouble}", replica.node));
        }
    }
    let contact = response.contact.as_ref().and_then(notes::detached);
    let first = match (&response.leader, &response.leader_address) {
        (None, _) if contact.is_some() => format!(
            "Which replica leads the log `{}` is not known: it does not answer `{}`.",
            response.log, response.node
        ),
        (None, _) => format!("No replica leads the log `{}`.", response.log),
        (Some(leader), None) => format!("`{leader}` leads the log `{}`.", response.log),
        (Some(leader), Some(address)) => {
            format!(
                "`{leader}` leads the log `{}`; operators reach it at {address}.",
                response.log
            )
        }
    };
    notes.extend(contact.map(|contact| format!("{}: {contact}", response.node)));
    let mut page = format!("{}\n\n{}", without_controls(&first), table.render());
    if !notes.is_empty() {
        page.push('\n');
        page.extend(notes.iter().map(|note| without_controls(note) + "\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::admin::ReplicaReport;
    use crate::pb::{Position, Replica};

    fn report(node: &str, role: ReplicaRole, record: u64) -> ReplicaReport {
        ReplicaReport {
            node: node.to_owned(),
            role: role.into(),
            record,
            lag_records: 412 - record,
            position: Some(Position {
                epoch: "e".to_owned(),
                revision: record + 7,
            }),
            build: "0.1.0".to_owned(),
            trouble: None,
        }
    }

    #[test]
    fn the_page_says_who_leads_how_far_the_others_are_and_what_troubles_them() {
        let mut behind = report("two", ReplicaRole::Following, 410);
        behind.trouble = Some("its disk is full".to_owned());
        let mut response = ListReplicasResponse {
            log: "main".to_owned(),
            node: "two".to_owned(),
            contact: Some(Replica {
                detached: true,
                since_time: None,
                reason: Some("no answer".to_owned()),
            }),
            leader: Some("one".to_owned()),
            leader_address: Some("http://10.0.0.1:9464".to_owned()),
            newest_record: 412,
            replicas: vec![report("one", ReplicaRole::Leading, 412), behind],
        };
        assert_eq!(
            page(&response),
            "\
`one` leads the log `main`; operators reach it at http://10.0.0.1:9464.

NODE  ROLE       RECORD  LAG  REVISION  BUILD
one   leading    412     0    419       0.1.0
two   following  410     2    417       0.1.0

two: its disk is full
two: this replica is cut off from the others, and may lack newer rates: no answer
"
        );
        response.leader = None;
        let unknown =
            "Which replica leads the log `main` is not known: it does not answer `two`.\n";
        assert!(page(&response).starts_with(unknown));
        response.contact = None;
        assert!(page(&response).starts_with("No replica leads the log `main`.\n"));
    }
}
