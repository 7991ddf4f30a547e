//! `silkrate backfill`: the banks' past, fetched politely and handed to a running server, which judges it like any
//! other table.
//!
//! ```text
//! server: which dates are known? ─▶ bank: the others, one at a time ─▶ parse ─▶ server: file it
//! ```
//!
//! Nothing is kept here. What the server has is not asked for again, so a break loses little and the same command goes
//! on where it ended. What does the work is public for its tests.

mod bank;
mod dates;
mod filing;
mod pace;
mod plan;
mod progress;
mod report;
mod tally;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
pub use dates::Dates;
use futures_util::future::join_all;
use indicatif::MultiProgress;
use jiff::civil::Date;
pub use pace::Pace;
pub use progress::Progress;
pub use tally::Tally;

use crate::cli::backfill::bank::Bank;
use crate::cli::backfill::plan::{Job, Plan};
use crate::cli::backfill::walk::Walk;
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::client::{Admin, ClientError};
use crate::config::{Http, SourceSettings};

/// Where the admin listener is: where `silkrate serve` opens it unless told otherwise.
const ADMIN_DEFAULT: &str = "http://127.0.0.1:9464";

const EXAMPLES: &str = "\
Examples:
  silkrate backfill --from 2025-01-01                      every enabled bank, until yesterday
  silkrate backfill --from 2025-01-01 --to 2025-12-31 nbk cbu
  silkrate backfill --from 2025-01-01 --dry-run            how much there would be to ask for
  silkrate backfill --from 2025-01-01 --admin http://127.0.0.1:9464

A bank is asked one thing at a time, at most four times a second. After a break run it again:
what the server has is not asked for twice.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BackfillArgs {
    /// Ids of sources; none: every enabled bank.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// The first date, such as 2025-01-01.
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    from: Date,
    /// The last date; without it yesterday, where the bank is.
    #[arg(long, value_name = "DATE", value_parser = dates::parse)]
    to: Option<Date>,
    /// The admin listener of the running server.
    #[arg(long, value_name = "URL", default_value = ADMIN_DEFAULT)]
    admin: String,
    /// The configuration file (TOML); variables named SILKRATE_… go over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask the server alone, and print how many dates it does not know.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    arguments: &BackfillArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    let plan = Plan::new(&config, &arguments.sources, (arguments.from, arguments.to))?;
    let admin = Admin::new(&arguments.admin).map_err(|error| server_failure(&error))?;
    let store = admin
        .store()
        .await
        .map_err(|error| server_failure(&error))?;
    for note in plan.notes(&store) {
        writeln!(err, "{}", without_controls(&note))?;
    }
    let backfill = Backfill {
        admin: &admin,
        http: &config.http,
        pace: Pace::default(),
    };
    if arguments.dry_run {
        return backfill.count(&plan, out).await;
    }
    let bars = io::stderr().is_terminal().then(MultiProgress::new);
    let shown = |job: &Job<'_>| match &bars {
        Some(bars) => Progress::bar(job.settings.source.id, job.days(), bars),
        None => Progress::lines(job.settings.source.id, job.days()),
    };
    let progress: Vec<Progress> = plan.jobs.iter().map(shown).collect();
    let jobs = plan.jobs.iter().zip(&progress);
    let jobs = jobs.map(|(job, progress)| backfill.source(job.settings, job.dates, progress));
    let whole = tokio::select! {
        _ended = join_all(jobs) => true,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            false
        }
    };
    progress.iter().for_each(Progress::end);
    report::write(&progress, out)?;
    report::verdict(&progress, whole)
}

/// Fetching the past and handing it in.
#[derive(Debug, Clone, Copy)]
pub struct Backfill<'a> {
    /// The server.
    pub admin: &'a Admin,
    /// How banks are asked.
    pub http: &'a Http,
    /// How politely.
    pub pace: Pace,
}

impl Backfill<'_> {
    /// Fetches the past of one source, document after document. How it went is in the progress.
    pub async fn source(&self, settings: &SourceSettings, dates: Dates, progress: &Progress) {
        if let Err(GivenUp(reason)) = self.documents(settings, dates, progress).await {
            progress.update(|tally| tally.given_up = Some(reason));
        }
    }

    async fn documents(
        &self,
        settings: &SourceSettings,
        dates: Dates,
        progress: &Progress,
    ) -> Result<(), GivenUp> {
        let mut bank = Bank::new(self.http, settings, self.pace, progress)?;
        for walk in self.walks(settings, progress) {
            walk.run(&mut bank, dates).await?;
        }
        Ok(())
    }

    /// A walk for each document that has a history.
    fn walks<'w>(
        &'w self,
        settings: &SourceSettings,
        progress: &'w Progress,
    ) -> impl Iterator<Item = Walk<'w>> {
        let source = settings.source.id;
        let documents = settings.documents.iter();
        let documents = documents.filter(|document| plan::has_history(document));
        documents.map(move |document| Walk {
            admin: self.admin,
            pace: self.pace,
            source,
            document,
            progress,
            known: BTreeSet::new(),
            tables: BTreeMap::new(),
        })
    }

    /// Prints how many dates of each source the server does not know.
    async fn count(&self, plan: &Plan<'_>, out: &mut dyn Write) -> Result<(), Failure> {
        for job in &plan.jobs {
            let progress = Progress::silent(job.settings.source.id);
            for walk in self.walks(job.settings, &progress) {
                let known = walk.filed(job.dates).await.map_err(|GivenUp(reason)| {
                    Failure::failed(reason, "look at the log of the server")
                })?;
                let (source, document) = (walk.source, walk.document.name);
                let (first, last) = (job.dates.first, job.dates.last);
                let unknown = job
                    .dates
                    .iter()
                    .filter(|date| !known.contains(date))
                    .count();
                let days = job.dates.days();
                writeln!(
                    out,
                    "{source} {document}: {unknown} of {days} dates from {first} to {last} are not known"
                )?;
            }
        }
        Ok(())
    }
}

/// Why a source was left before the end: of the bank, or of the server.
#[derive(Debug)]
struct GivenUp(String);

impl From<ClientError> for GivenUp {
    fn from(error: ClientError) -> Self {
        Self(format!("the server did not take it: {error}"))
    }
}

/// What a person is told when the server cannot be asked at all.
fn server_failure(error: &ClientError) -> Failure {
    let message = error.to_string();
    match error {
        ClientError::BadUrl { .. } => Failure::Usage {
            message,
            hint: "write it as --admin http://HOST:PORT".to_owned(),
        },
        _ => Failure::failed(
            message,
            "is `silkrate serve` running? Its admin listener (`server.admin_listen`) is named with --admin URL",
        ),
    }
}
