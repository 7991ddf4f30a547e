//! The command line: one file for each command, and what they share.
//!
//! Results go to stdout, errors to stderr. The exit code is 0 on success, 64 if the command line or the configuration is
//! wrong, and 1 after any other failure.

mod failure;
mod output;
mod paint;
mod table;
mod line;
mod format;
mod notes;
mod arguments;
mod server;
mod shared;
mod supervisor;
mod serve;
mod replay;
mod health;
mod watch;
mod top;
mod rates;
mod reload;
mod convert;
mod sparkline;
mod range;
mod step;
mod layout;
mod history;
mod periods;
mod fixings;
mod sources;
mod currencies;
mod pairs;
mod held;
mod keys;
mod check;
mod backfill;
mod backup;
mod bench;
mod config;
mod webhooks;
mod completions;
mod man;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  silkrate serve                       serve gRPC on 127.0.0.1:50051, and a page on http://127.0.0.1:8080/
  silkrate watch                       a live ticker in the terminal
  silkrate rates KZT/USD '*/EUR'       the latest rates, to the last digit
  silkrate convert 1000 USD KZT        an amount, with the rates behind it
  silkrate history KZT/USD             its rates over time
  silkrate sources                     the banks, and the state of their polls
  silkrate top                         all of it in a live picture, with subscribers and traffic

Environment:
  SILKRATE_URL                         the server of every command with --server, which has precedence
  SILKRATE_ADMIN_URL                   the operators' port of every command with --admin, which has precedence
  SILKRATE_CA                          the certificate authorities of every command with --ca-file, which has precedence
  SILKRATE_CERTIFICATE                 with SILKRATE_CERTIFICATE_KEY, the certificate of the client, as --certificate-file and --key-file
  SILKRATE_ACCESS_KEY_FILE             a file with the key of the client, as --access-key-file; SILKRATE_ACCESS_KEY has the key itself";

/// Official Central Asian currency rates, exact to the last digit, as a snapshot and as a stream over gRPC and HTTP.
#[derive(Debug, Parser)]
#[command(name = "silkrate", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch the banks' rates and serve them.
    Serve(serve::ServeArgs),
    /// Ask whether a server is ready; the exit code is 0 or 1.
    Health(health::HealthArgs),
    /// Show rates as they change.
    Watch(watch::WatchArgs),
    /// Show sources, rates, subscribers and traffic in a live picture.
    Top(top::TopArgs),
    /// Print the latest rates, with all their digits.
    Rates(rates::RatesArgs),
    /// Convert an amount, and print the rates behind the result.
    Convert(convert::ConvertArgs),
    /// Print the rates of pairs over time.
    History(history::HistoryArgs),
    /// Print the highest, lowest and average rates of pairs in weeks, months, quarters or years.
    Periods(periods::PeriodsArgs),
    /// Print the fixings that a source published for a currency.
    Fixings(fixings::FixingsArgs),
    /// Print the sources, and the state of their polls.
    Sources(sources::SourcesArgs),
    /// Print the currencies that the sources quote.
    Currencies(currencies::CurrenciesArgs),
    /// Print the pairs that have a rate.
    Pairs(pairs::PairsArgs),
    /// Print the values held for a decision, release or reject them.
    Held(held::HeldArgs),
    /// Print the replicas of a shared log, or let another one lead.
    Shared(shared::SharedArgs),
    /// Make, list, revoke or replace the keys of clients.
    Keys(keys::KeysArgs),
    /// Fetch the banks' documents once, and print them beside the parsed rows.
    Check(check::CheckArgs),
    /// Fetch the banks' past tables, and upload them to a running server.
    Backfill(backfill::BackfillArgs),
    /// Copy the ledger into a new file, while the service runs or when it is stopped.
    Backup(backup::BackupArgs),
    /// Print the deliveries of webhooks, or send a sample to one.
    Webhooks(webhooks::WebhooksArgs),
    /// Load a running server, and print throughput and latencies.
    Bench(bench::BenchArgs),
    /// Print the effective configuration as TOML, check it, or compare it with that of a running server.
    Config(config::ConfigArgs),
    /// Print the script that completes commands and options in a shell.
    Completions(completions::CompletionsArgs),
    /// Write the manual pages, one for each command.
    Man(man::ManArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let result = run_with(std::env::args_os(), &mut out, &mut err);
    let result = result.and_then(|()| Ok(out.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut err),
    }
}

fn run_with(
    arguments: impl Iterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    match Cli::try_parse_from(arguments)?.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Health(arguments) => client_runtime()?.block_on(health::run(&arguments, out)),
        Command::Watch(arguments) => client_runtime()?.block_on(watch::run(&arguments, out, err)),
        Command::Top(arguments) => client_runtime()?.block_on(top::run(&arguments, out)),
        Command::Rates(arguments) => client_runtime()?.block_on(rates::run(&arguments, out, err)),
        Command::Convert(arguments) => client_runtime()?.block_on(convert::run(&arguments, out)),
        Command::History(arguments) => {
            client_runtime()?.block_on(history::run(&arguments, out, err))
        }
        Command::Periods(arguments) => client_runtime()?.block_on(periods::run(&arguments, out)),
        Command::Fixings(arguments) => client_runtime()?.block_on(fixings::run(&arguments, out)),
        Command::Sources(arguments) => client_runtime()?.block_on(sources::run(&arguments, out)),
        Command::Currencies(arguments) => {
            client_runtime()?.block_on(currencies::run(&arguments, out))
        }
        Command::Pairs(arguments) => client_runtime()?.block_on(pairs::run(&arguments, out)),
        Command::Held(arguments) => client_runtime()?.block_on(held::run(&arguments, out)),
        Command::Shared(arguments) => client_runtime()?.block_on(shared::run(&arguments, out)),
        Command::Keys(arguments) => keys::run(&arguments, out, err),
        Command::Check(arguments) => client_runtime()?.block_on(check::run(&arguments, out)),
        Command::Backfill(arguments) => {
            client_runtime()?.block_on(backfill::run(&arguments, out, err))
        }
        Command::Backup(arguments) => backup::run(&arguments, out),
        Command::Webhooks(arguments) => client_runtime()?.block_on(webhooks::run(&arguments, out)),
        Command::Bench(arguments) => client_runtime()?.block_on(bench::run(&arguments, out)),
        Command::Config(arguments) => client_runtime()?.block_on(config::run(&arguments, out)),
        Command::Completions(arguments) => completions::run(&arguments, Cli::command(), out),
        Command::Man(arguments) => man::run(&arguments, Cli::command(), out),
    }
}

/// The runtime of the client commands: they do one thing at a time.
fn client_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(arguments: &[&str]) -> Failure {
        let arguments = ["silkrate"].iter().chain(arguments).map(OsString::from);
        run_with(arguments, &mut Vec::new(), &mut Vec::new()).unwrap_err()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_ends_with_64() {
        for wrong in [
            &["--no-such-flag"][..],
            &["no-such-command"],
            &["watch", "--format", "xml"],
            &["watch", "--color", "blue"],
            &["top", "--interval", "0"],
            &["top", "--server", "nowhere", "--once"],
            &["rates", "--format", "ticker"],
            &["rates", "--server", "ftp://nowhere"],
            &["convert", "1,000", "USD", "KZT"],
            &["convert", "1", "000", "USD", "KZT"],
            &["convert", "1000", "dollar", "KZT"],
            &["convert", "1000", "USD", "KZT", "--date", "yesterday"],
            &["history", "KZTUSD"],
            &["history"],
            &["history", "KZT/USD", "--step", "decade"],
            &["periods", "KZT/USD", "--period", "day"],
            &["periods", "*/USD", "KZT"],
            &["rates", "--date", "yesterday"],
            &["rates", "--date", "2026-04-02", "--windows"],
            &["history", "KZT/USD", "--csv", "--json"],
            &["history", "KZT/USD", "--limit", "0"],
            &[
                "history",
                "KZT/USD",
                "--start",
                "2026-04-02",
                "--end",
                "2026-04-01",
            ],
            &["fixings", "nbk", "dollar"],
            &["currencies", "--locale", "fr"],
            &["pairs", "KZTUSD"],
            &["held", "--admin", "ftp://nowhere"],
            &["held", "release"],
            &[
                "held",
                "release",
                "cbu/daily/2026-04-02/TMT",
                "--value",
                "1,5",
            ],
            &["serve", "extra"],
            &["serve", "--config", "/nowhere/silkrate.toml"],
            &["config", "--config", "/nowhere/silkrate.toml"],
            &["bench"],
            &["bench", "unary", "--streams", "0"],
            &["bench", "fanout", "--server", "nowhere"],
            &["backfill"],
            &["backup"],
            &["backup", "copy.db", "--config", "/nowhere/silkrate.toml"],
            &["webhooks", "--config", "/nowhere/silkrate.toml"],
            &["webhooks", "test"],
            &["backfill", "--start", "2026"],
            &["backfill", "--start", "2026-04-02", "--end", "2026-04-01"],
            &["backfill", "--start", "2026-04-02", "--admin", "nowhere"],
            &["backfill", "--start", "2026-04-02", "market"],
            &[],
        ] {
            assert_eq!(failure(wrong).code(), 64, "{wrong:?}");
        }
    }

    #[test]
    fn wrong_usage_of_the_commands_for_supervisors_and_packages_ends_with_64() {
        for wrong in [
            &["health", "--admin", "nowhere"][..],
            &["health", "--server", "nowhere"],
            &["health", "--probe", "well"],
            &[
                "health",
                "--probe",
                "live",
                "--server",
                "http://127.0.0.1:9",
            ],
            &["keys"],
            &[
                "keys",
                "add",
                "desk",
                "--file",
                "keys.toml",
                "--scope",
                "write",
            ],
            &[
                "keys",
                "add",
                "desk",
                "--file",
                "keys.toml",
                "--expires",
                "soon",
            ],
            &["keys", "add", "the desk", "--file", "keys.toml"],
            &["keys", "list"],
            &[
                "keys",
                "rotate",
                "desk",
                "--file",
                "keys.toml",
                "--overlap",
                "yesterday",
            ],
            &["completions"],
            &["completions", "csh"],
            &["man"],
        ] {
            assert_eq!(failure(wrong).code(), 64, "{wrong:?}");
        }
    }

    #[test]
    fn every_command_of_the_runbook_is_one_of_this_program() {
        let runbook = include_str!("../deploy/runbook.md").replace('\n', " ");
        let commands: Vec<&str> = runbook
            .split('`')
            .filter(|quoted| quoted.starts_with("silkrate "))
            .collect();
        assert!(commands.len() > 10, "{commands:?}");
        for command in commands {
            let plain = command
                .replace("DATE", "2026-04-02")
                .replace("DIGITS", "346.917")
                .replace("CURRENCY", "USD")
                .replace("NAME", "desk")
                .replace("'confirmed with the bank'", "confirmed");
            let parsed = Cli::try_parse_from(plain.split(' '));
            assert!(parsed.is_ok(), "{command}: {parsed:?}");
        }
    }

    #[test]
    fn help_is_no_failure() {
        for help in [
            &["--help"][..],
            &["--version"],
            &["help", "watch"],
            &["check", "--help"],
        ] {
            assert_eq!(failure(help).code(), 0, "{help:?}");
        }
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let name = command.get_name();
            assert!(
                help.unwrap().contains(&format!("silkrate {name}")),
                "{name}"
            );
        }
    }
}
