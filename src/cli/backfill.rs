//! `silkrate backfill`: fetches the banks' past and uploads it to a running server. The work is done by
//! [`crate::backfill`]; here are its arguments, the progress display and the report.

mod plan;
mod progress;
mod report;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use futures_util::future::join_all;
use indicatif::MultiProgress;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::backfill::{self, Backfill, Throttle};
use crate::cli::backfill::plan::Plan;
use crate::cli::backfill::progress::Progress;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::server::AdminArgs;
use crate::cli::{arguments, config};
use crate::client::ClientError;
use crate::config::Config;
use crate::pb::admin::GetStoreResponse;

const EXAMPLES: &str = "\
Examples:
  silkrate backfill --start 2025-01-01                      every enabled bank, until yesterday
  silkrate backfill --start 2025-01-01 --end 2025-12-31 nbk cbu
  silkrate backfill --start 2025-01-01 --dry-run            count the missing dates
  silkrate backfill --start 2025-01-01 --admin http://127.0.0.1:9464

A bank receives one request at a time, at most four a second. An interrupted run is continued by the same command: \
dates that the server has are not requested again.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BackfillArgs {
    /// Ids of sources; default: every enabled bank.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// The first date, such as 2025-01-01.
    #[arg(long, alias = "from", value_name = "DATE", value_parser = arguments::date)]
    start: Date,
    /// The last date, never later than today in the bank's time zone by the server's clock; default: its yesterday.
    #[arg(long, alias = "to", value_name = "DATE", value_parser = arguments::date)]
    end: Option<Date>,
    #[command(flatten)]
    admin: AdminArgs,
    /// The configuration file (TOML); SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Count the dates that the server does not have, and request nothing from a bank.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    arguments: &BackfillArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    let dates = (arguments.start, arguments.end);
    let sources = plan::chosen(&config, &arguments.sources, dates)?;
    let admin = arguments.admin.client().map_err(server_failure)?;
    let store = admin.store().await.map_err(server_failure)?;
    let plan = Plan::new(sources, dates, now(&store, &config))?;
    for note in plan.notes(&store) {
        writeln!(err, "{}", without_controls(&note))?;
    }
    let backfill = Backfill {
        admin: &admin,
        http: &config.http,
        throttle: Throttle::default(),
    };
    if arguments.dry_run {
        return print_missing(&plan, &backfill, out).await;
    }
    let bars = io::stderr().is_terminal().then(MultiProgress::new);
    let progress: Vec<Progress> = plan
        .jobs
        .iter()
        .map(|job| Progress::new(job.settings.source.id, job.days(), bars.as_ref()))
        .collect();
    let jobs = plan.jobs.iter().zip(&progress);
    let jobs =
        jobs.map(|(job, progress)| backfill.source(job.settings, job.dates, &progress.recorder));
    let is_finished = tokio::select! {
        _ended = join_all(jobs) => true,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            false
        }
    };
    progress.iter().for_each(Progress::finish);
    report::write(&progress, out)?;
    report::result(&progress, is_finished)
}

/// The server's time. An earlier server does not tell it: then that of the configuration, or of this machine.
fn now(store: &GetStoreResponse, config: &Config) -> Timestamp {
    let server_time = store.server_time.as_ref();
    let server_time = server_time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    server_time.unwrap_or_else(|| {
        let replayed = config.clock.map(|clock| clock.start);
        replayed.unwrap_or_else(Timestamp::now)
    })
}

/// Prints how many dates of each source the server does not have.
async fn print_missing(
    plan: &Plan<'_>,
    backfill: &Backfill<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for job in &plan.jobs {
        let (source, dates) = (job.settings.source.id, job.dates);
        for document in backfill::documents(job.settings) {
            let known = backfill.filed(job.settings, document, dates).await;
            let known = known.map_err(server_failure)?;
            let (name, first, last) = (document.name, dates.first, dates.last);
            let missing = dates.iter().filter(|date| !known.contains(date)).count();
            let days = dates.count();
            writeln!(
                out,
                "{source} {name}: {missing} of {days} dates from {first} to {last} are missing"
            )?;
        }
    }
    Ok(())
}

/// The failure to report for a call of the operators' port. A refusal of the server has the hint for its reason.
fn server_failure(error: ClientError) -> Failure {
    let message = error.to_string();
    match error {
        ClientError::Refused {
            reason: Some(_), ..
        }
        | ClientError::Authorities(_)
        | ClientError::Handshake { .. } => error.into(),
        ClientError::BadUrl { .. } => Failure::Usage {
            message,
            hint:
                "write http://HOST:PORT or https://HOST/PATH, with --admin or in SILKRATE_ADMIN_URL"
                    .to_owned(),
        },
        _ => Failure::failed(
            message,
            "is `silkrate serve` running? The URL of its operators' port (`server.admin_listen`) is given with --admin URL",
        ),
    }
}
