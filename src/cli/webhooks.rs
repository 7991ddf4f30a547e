//! `silkrate webhooks`: what was delivered to the receivers of events, and a sample for one of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::config;
use crate::cli::failure::{Failure, UNUSABLE_FILE};
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::paint::without_controls;
use crate::cli::table::TextTable;
use crate::config::{Config, Store};
use crate::json;
use crate::tabular::Column;
use crate::webhooks::{
    SampleAnswer, StoreError, WebhookError, WebhookState, path_beside, refusal, send_sample, states,
};

const EXAMPLES: &str = "\
Examples:
  silkrate webhooks --config silkrate.toml                   what was delivered, what waits, and why
  silkrate webhooks list --config silkrate.toml --json
  silkrate webhooks test news-desk --config silkrate.toml    send a sample, and print the answer

The receivers are the [[webhooks]] of the configuration. `list` reads the file beside the ledger, while the service runs or when \
it is stopped.";

const TEST_EXAMPLES: &str = "\
Examples:
  silkrate webhooks test news-desk --config silkrate.toml
  silkrate webhooks test news-desk --config silkrate.toml --json

The sample has the type `test` and is signed like every event. It is sent once, and is not stored.";

/// The columns of the state of a webhook.
const COLUMNS: &[Column] = &[
    ("name", "/name"),
    ("state", "/state"),
    ("began_time", "/began_time"),
    ("pending", "/pending"),
    ("delivered_time", "/delivered_time"),
    ("next_attempt_time", "/next_attempt_time"),
    ("last_error", "/last_error"),
    ("last_error_time", "/last_error_time"),
];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WebhooksArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// The configuration file (TOML) of the service; SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the state of every webhook: the default.
    List,
    /// Send a sample event to a receiver, and print its answer.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// The name of the webhook.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// The answer of a receiver to a sample.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    receiver: &'a str,
    webhook_id: &'a str,
    /// The document that was sent.
    event: &'a str,
    status: u16,
    milliseconds: u128,
    body: &'a str,
}

/// The states of all webhooks.
#[derive(Debug, Serialize)]
struct List<'a> {
    webhooks: &'a [Row],
}

/// What a webhook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
enum Activity {
    /// It waits for an event, or for the time of its next attempt.
    #[default]
    Waiting,
    /// An attempt is under way, or due as soon as the service runs.
    Delivering,
    /// The receiver answered 410: nothing is attempted until the service restarts.
    Gone,
}

/// The state of a webhook. Instants are in UTC, on the clock of the service.
#[derive(Debug, Default, Serialize)]
struct Row {
    name: String,
    state: Activity,
    began_time: Option<String>,
    pending: u32,
    delivered_time: Option<String>,
    next_attempt_time: Option<String>,
    last_error: Option<String>,
    last_error_time: Option<String>,
}

pub(super) async fn run(arguments: &WebhooksArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    if config.webhooks.is_empty() {
        return Err(Failure::Usage {
            message: "the configuration has no [[webhooks]]".to_owned(),
            hint: "name the configuration of the service with --config FILE; src/webhooks/README.md has an example"
                .to_owned(),
        });
    }
    let format = arguments.format.format()?;
    match &arguments.action {
        None | Some(Action::List) => list(&config, format, out),
        Some(Action::Test { name }) => test(&config, name, format, out).await,
    }
}

fn list(config: &Config, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
    let Store::File(ledger) = &config.store else {
        return Err(Failure::Usage {
            message: "there is no file to read: deliveries are kept in memory".to_owned(),
            hint: "set store.path, or name the configuration of the service with --config FILE"
                .to_owned(),
        });
    };
    let path = path_beside(ledger);
    let known = if path.exists() {
        states(&path)?
    } else {
        Vec::new()
    };
    let known = known.into_iter().map(|state| (state.name.clone(), state));
    let mut known: BTreeMap<String, WebhookState> = known.collect();
    // The time on the clock of a replay is known to its process alone.
    let now = config.clock.is_none().then(Timestamp::now);
    let names = config.webhooks.iter().map(|webhook| &webhook.name);
    let rows = names.map(|name| match known.remove(name) {
        Some(state) => Row::at(now, state),
        None => Row {
            name: name.clone(),
            ..Row::default()
        },
    });
    let rows: Vec<Row> = rows.collect();
    let document = Document {
        message: List { webhooks: &rows },
        rows: &rows,
        columns: COLUMNS,
    };
    document.print(format, out, || table(&rows))
}

fn table(rows: &[Row]) -> String {
    let heading = [
        "WEBHOOK",
        "STATE",
        "BEGAN",
        "PENDING",
        "DELIVERED",
        "NEXT ATTEMPT",
        "LAST ERROR",
    ];
    let mut table = TextTable::new(heading);
    for state in rows {
        table.push([
            state.name.clone(),
            state.state.as_str().to_owned(),
            state.began_time.clone().unwrap_or_default(),
            state.pending.to_string(),
            state.delivered_time.clone().unwrap_or_default(),
            state.next_attempt_time.clone().unwrap_or_default(),
            state.last_error.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

async fn test(
    config: &Config,
    name: &str,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Refused before the sample is sent.
    if matches!(format, Format::Csv(_) | Format::Ndjson) {
        return Err(Failure::Usage {
            message: "an answer has no CSV format and no NDJSON format".to_owned(),
            hint: "print it with --format table or --format json".to_owned(),
        });
    }
    let named = config.webhooks.iter().find(|webhook| webhook.name == name);
    let webhook = named.ok_or_else(|| {
        let all = config.webhooks.iter().map(|webhook| webhook.name.as_str());
        Failure::Usage {
            message: format!("there is no webhook `{name}`"),
            hint: format!(
                "the configuration has {}",
                all.collect::<Vec<_>>().join(", ")
            ),
        }
    })?;
    let SampleAnswer {
        id,
        body,
        receiver,
        took,
        answer,
    } = send_sample(webhook, &config.http).await?;
    if format == Format::Table {
        writeln!(out, "sent to {receiver}\nwebhook-id: {id}\n{body}")?;
    }
    let hint =
        "check url, the receiver and its log; a receiver must answer with a status of 200 to 299";
    let answer = answer.map_err(|error| Failure::failed(format!("no answer: {error}"), hint))?;
    let text = String::from_utf8_lossy(&answer.body);
    let milliseconds = took.as_millis();
    if format == Format::Json {
        let answer = Answer {
            receiver: &receiver,
            webhook_id: &id,
            event: &body,
            status: answer.status,
            milliseconds,
            body: &text,
        };
        let line = json::text(&answer).map_err(std::io::Error::from)?;
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "status {} after {milliseconds} ms", answer.status)?;
        for line in text.lines() {
            writeln!(out, "{}", without_controls(line))?;
        }
    }
    if (200..=299).contains(&answer.status) {
        return Ok(());
    }
    let message = format!(
        "the receiver refused the event with {}",
        refusal(answer.status)
    );
    Err(Failure::failed(message, hint))
}

impl Activity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivering => "delivering",
            Self::Gone => "gone",
        }
    }
}

impl Row {
    /// The state at an instant on the clock of the service; `None` if that is unknown.
    fn at(now: Option<Timestamp>, state: WebhookState) -> Self {
        let WebhookState {
            name,
            began_at,
            pending,
            delivered_at,
            error,
            error_at,
            is_gone,
            due_at,
        } = state;
        let text = |instant: Timestamp| format!("{instant:.0}");
        let is_due = due_at.is_some_and(|due_at| now.is_some_and(|now| due_at <= now));
        let activity = match (is_gone, is_due) {
            (true, _) => Activity::Gone,
            (false, true) => Activity::Delivering,
            (false, false) => Activity::Waiting,
        };
        let due_at = due_at.filter(|_due_at| activity == Activity::Waiting);
        Self {
            name,
            state: activity,
            began_time: Some(text(began_at)),
            pending,
            delivered_time: delivered_at.map(text),
            next_attempt_time: due_at.map(text),
            last_error: error,
            last_error_time: error_at.map(text),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string(), UNUSABLE_FILE)
    }
}

impl From<WebhookError> for Failure {
    fn from(error: WebhookError) -> Self {
        let hint = "check http.proxy, http.ca and http.extra_ca of the configuration";
        Self::failed(error.to_string(), hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_is_due_is_under_way_and_no_next_one() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let state = |is_gone, due_at: Option<&str>, now: Option<&str>| {
            let state = WebhookState {
                name: "desk".to_owned(),
                began_at: at("2026-04-01T09:00:00Z"),
                pending: u32::from(due_at.is_some()),
                delivered_at: None,
                error: None,
                error_at: None,
                is_gone,
                due_at: due_at.map(at),
            };
            let state = Row::at(now.map(at), state);
            (state.state.as_str(), state.next_attempt_time)
        };
        let (due, earlier) = ("2026-04-02T09:00:00Z", "2026-04-02T08:59:59Z");
        let next = Some(due.to_owned());
        assert_eq!(state(false, None, Some(due)), ("waiting", None));
        assert_eq!(
            state(false, Some(due), Some(earlier)),
            ("waiting", next.clone())
        );
        assert_eq!(state(false, Some(due), Some(due)), ("delivering", None));
        assert_eq!(state(false, Some(due), None), ("waiting", next));
        assert_eq!(state(true, Some(due), Some(due)), ("gone", None));
    }
}
