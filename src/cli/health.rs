//! `silkrate health`: the question of a supervisor, with an exit code for an answer.

use std::io::Write;

use clap::{Args, ValueEnum};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::server::AdminArgs;
use crate::client::{ClientError, ProbeAnswer};

const EXAMPLES: &str = "\
Examples:
  silkrate health                              is it ready to serve? asks the operators' port of this machine
  silkrate health --probe live                 does it run at all? for a supervisor that restarts what does not
  silkrate health --server http://127.0.0.1:50051    asks the health service of gRPC, which a proxy passes on

The exit code is 0 if it is healthy, 1 if it is not or does not answer within five seconds, and 64 for a wrong command line. The \
operators' port answers with the reasons, a line for each.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HealthArgs {
    /// What to ask.
    #[arg(long, value_enum, default_value_t = Probe::Ready)]
    probe: Probe,
    /// The URL of a gRPC port, whose health service is asked in place of a probe.
    #[arg(long, value_name = "URL", conflicts_with = "probe")]
    server: Option<String>,
    #[command(flatten)]
    admin: AdminArgs,
}

/// The probes of the operators' port.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Probe {
    /// It serves rates, and its ledger is written if that is required.
    Ready,
    /// It runs.
    Live,
    /// It has started: every source was asked once, or the ledger remembers it.
    Startup,
}

impl Probe {
    /// The path, with the reasons.
    fn path(self) -> &'static str {
        match self {
            Self::Ready => "/readyz?verbose",
            Self::Live => "/livez",
            Self::Startup => "/startupz?verbose",
        }
    }
}

pub(super) async fn run(arguments: &HealthArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(url) = &arguments.server {
        let status = arguments.admin.client_of(url)?.health().await?;
        return verdict_of_service(status, out);
    }
    let asked = async {
        let admin = arguments.admin.client()?;
        admin.probe(arguments.probe.path()).await
    };
    verdict_of_probe(&asked.await.map_err(failure)?, out)
}

fn verdict_of_service(status: ServingStatus, out: &mut dyn Write) -> Result<(), Failure> {
    let name = status.as_str_name();
    writeln!(out, "{name}")?;
    if status == ServingStatus::Serving {
        return Ok(());
    }
    let hint =
        "a server that shuts down says so; `silkrate health` without --server prints the reasons";
    let message = format!("the health service reports {name}");
    Err(Failure::failed(message, hint))
}

fn verdict_of_probe(answer: &ProbeAnswer, out: &mut dyn Write) -> Result<(), Failure> {
    for line in answer.page.lines() {
        writeln!(out, "{}", without_controls(line))?;
    }
    if answer.has_passed {
        return Ok(());
    }
    let verdict = answer.page.lines().last().unwrap_or("not healthy");
    let hint = "the lines above that begin with [-] have the reasons";
    Err(Failure::failed(format!("the server is {verdict}"), hint))
}

/// The failure, with a hint for a URL that is not that of an operators' port.
fn failure(error: ClientError) -> Failure {
    let hint = match &error {
        ClientError::BadUrl { .. } => {
            "write http://HOST:PORT or https://HOST/PATH, with --admin or in SILKRATE_ADMIN_URL"
        }
        ClientError::Unreachable { url, .. } if !url.starts_with("https://") => {
            "is `silkrate serve` running there, with this address as its server.admin_listen? Name another with --admin URL"
        }
        ClientError::Refused {
            code: Code::FailedPrecondition,
            ..
        } => {
            "ask it by its address, or add the host of this URL to its server.admin_hosts and restart it"
        }
        ClientError::Refused { .. } => {
            "is it the operators' port of a server? Name another with --admin URL, or a gRPC port with --server URL"
        }
        _ => return Failure::from(error),
    };
    Failure::from(error).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probed(has_passed: bool, page: &str) -> (Result<(), Failure>, String) {
        let mut out = Vec::new();
        let page = page.to_owned();
        let result = verdict_of_probe(&ProbeAnswer { has_passed, page }, &mut out);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_probe_that_passed_is_a_success_and_one_that_did_not_fails_with_its_reasons() {
        let (result, printed) = probed(true, "[+] ledger\nready\n");
        assert!(result.is_ok());
        assert_eq!(printed, "[+] ledger\nready\n");

        let (result, printed) = probed(false, "[-] ledger: full\u{1b}[2J\nnot ready\n");
        let failure = result.unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(format!("{failure:?}").contains("the server is not ready"));
        assert!(printed.starts_with("[-] ledger: full"), "{printed}");
        assert!(!printed.contains('\u{1b}'), "{printed:?}");
    }

    #[test]
    fn a_service_is_healthy_while_it_serves_and_at_no_other_status() {
        for (status, code) in [
            (ServingStatus::Serving, 0),
            (ServingStatus::NotServing, 1),
            (ServingStatus::Unknown, 1),
            (ServingStatus::ServiceUnknown, 1),
        ] {
            let result = verdict_of_service(status, &mut Vec::new());
            assert_eq!(result.map_or_else(|failure| failure.code(), |()| 0), code);
        }
    }
}
