//! `silkrate webhooks`: what was delivered to the receivers of events, and a sample for one of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::config;
use crate::cli::csv::Column;
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::paint::without_controls;
use crate::cli::table::TextTable;
use crate::config::{Config, Store};
use crate::webhooks::{
    SampleAnswer, StoreError, WebhookError, WebhookState, path_beside, send_sample, states,
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

The sample has the type `test` and is signed like every event. It is sent once, and is not stored.";

/// The columns of the state of a webhook.
const COLUMNS: &[Column] = &[
    ("name", "/name"),
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

/// The states of all webhooks.
#[derive(Debug, Serialize)]
struct List<'a> {
    webhooks: &'a [State],
}

/// The state of a webhook. Instants are in UTC, on the clock of the service.
#[derive(Debug, Default, Serialize)]
struct State {
    name: String,
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
    match &arguments.action {
        None | Some(Action::List) => list(&config, arguments.format.format(), out),
        Some(Action::Test { name }) => test(&config, name, out).await,
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
    let names = config.webhooks.iter().map(|webhook| &webhook.name);
    let rows = names.map(|name| match known.remove(name) {
        Some(state) => State::from(state),
        None => State {
            name: name.clone(),
            ..State::default()
        },
    });
    let rows: Vec<State> = rows.collect();
    let document = Document {
        message: List { webhooks: &rows },
        rows: &rows,
        columns: COLUMNS,
    };
    document.print(format, out, || table(&rows))
}

fn table(rows: &[State]) -> String {
    let heading = [
        "WEBHOOK",
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
            state.began_time.clone().unwrap_or_default(),
            state.pending.to_string(),
            state.delivered_time.clone().unwrap_or_default(),
            state.next_attempt_time.clone().unwrap_or_default(),
            state.last_error.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

async fn test(config: &Config, name: &str, out: &mut dyn Write) -> Result<(), Failure> {
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
    writeln!(out, "sent to {receiver}\nwebhook-id: {id}\n{body}")?;
    let hint =
        "check url, the receiver and its log; a receiver must answer with a status of 200 to 299";
    let answer = answer.map_err(|error| Failure::failed(format!("no answer: {error}"), hint))?;
    writeln!(
        out,
        "status {} after {} ms",
        answer.status,
        took.as_millis()
    )?;
    let text = String::from_utf8_lossy(&answer.body);
    for line in text.lines() {
        writeln!(out, "{}", without_controls(line))?;
    }
    if (200..=299).contains(&answer.status) {
        return Ok(());
    }
    let message = format!(
        "the receiver refused the event with status {}",
        answer.status
    );
    Err(Failure::failed(message, hint))
}

impl From<WebhookState> for State {
    fn from(state: WebhookState) -> Self {
        let WebhookState {
            name,
            began_at,
            pending,
            delivered_at,
            error,
            error_at,
            due_at,
        } = state;
        let text = |instant: jiff::Timestamp| format!("{instant:.0}");
        Self {
            name,
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
        let hint = "was it written by another version of silkrate? Check the rights of this user";
        Self::failed(error.to_string(), hint)
    }
}

impl From<WebhookError> for Failure {
    fn from(error: WebhookError) -> Self {
        let hint = "check http.proxy, http.ca and http.extra_ca of the configuration";
        Self::failed(error.to_string(), hint)
    }
}
