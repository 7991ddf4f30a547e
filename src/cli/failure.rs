//! Failures of commands: a message, a hint, and an exit code.

mod hints;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::error::ContextKind;

use crate::app::AppError;
use crate::app::preflight::Finding;
use crate::cli::failure::hints::{handshake_hint, refusal_hint};
use crate::cli::paint::without_controls;
use crate::client::ClientError;
use crate::config::{ConfigError, ConfigErrors};
use crate::webhooks::WebhookError;

/// The exit code of a wrong command line or configuration: `EX_USAGE` of sysexits.
const USAGE: u8 = 64;
/// The exit code of everything else that failed.
const FAILED: u8 = 1;
/// What to do about a file of webhooks that cannot be used.
pub(super) const UNUSABLE_FILE: &str = "check the rights of this user; a file that is damaged or of another version can be moved \
away while the service is stopped: what it serves next is then taken as known to the receivers, and events that waited are lost";

/// The failure of a command.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command line or the configuration is wrong.
    Usage { message: String, hint: String },
    /// Several settings are wrong.
    Settings(Vec<Problem>),
    /// Anything else failed.
    Failed { message: String, hint: String },
    /// The message of the command line parser: an error, or the help text.
    CommandLine(clap::Error),
    /// The reader of stdout closed it.
    Unread,
}

/// One of several things that are wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hint: String,
}

impl Problem {
    fn print(&self, err: &mut dyn Write) -> io::Result<()> {
        let message = without_controls(&self.message);
        writeln!(err, "silkrate: error: {message}\n  hint: {}", self.hint)
    }
}

impl Failure {
    pub(super) fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The same failure with a more specific hint.
    pub(super) fn with_hint(self, hint: &str) -> Self {
        let hint = hint.to_owned();
        match self {
            Self::Usage { message, .. } => Self::Usage { message, hint },
            Self::Failed { message, .. } => Self::Failed { message, hint },
            Self::Settings(_) | Self::CommandLine(_) | Self::Unread => self,
        }
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Settings(_) => USAGE,
            Self::CommandLine(error) if error.use_stderr() => USAGE,
            Self::Failed { .. } => FAILED,
            Self::CommandLine(_) | Self::Unread => 0,
        }
    }

    /// Prints the failure, and returns the exit code. If it cannot be printed, the exit code must do.
    pub(super) fn report(&self, err: &mut dyn Write) -> ExitCode {
        let printed = match self {
            Self::Usage { message, hint } | Self::Failed { message, hint } => {
                let message = without_controls(message);
                writeln!(err, "silkrate: error: {message}\n  hint: {hint}")
            }
            Self::Settings(problems) => problems.iter().try_for_each(|one| one.print(err)),
            Self::CommandLine(error) => error.print(),
            Self::Unread => Ok(()),
        };
        match printed {
            Ok(()) | Err(_) => ExitCode::from(self.code()),
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(mut error: clap::Error) -> Self {
        // Its tip for an unknown option is how to pass the option as a value, which is no help to a user who mistyped one.
        if error.kind() == clap::error::ErrorKind::UnknownArgument {
            error.remove(ContextKind::Suggested);
        }
        Self::CommandLine(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        Self::failed(
            error.to_string(),
            "check the rights of this user and the free space of the disk",
        )
    }
}

impl From<&ConfigError> for Problem {
    fn from(error: &ConfigError) -> Self {
        let hint = match error {
            ConfigError::Unreadable { .. } => "name an existing file with --config FILE",
            ConfigError::UnknownKey { .. } if error.is_removed_key() => {
                "this version has no such setting any more and needs none: remove it"
            }
            ConfigError::UnknownKey { .. } => {
                "correct or remove it; without it, `silkrate config` prints the settings in force"
            }
            ConfigError::Syntax { .. } | ConfigError::Value { .. } => {
                "correct it, then run `silkrate config --check`"
            }
        };
        Self {
            message: error.to_string(),
            hint: hint.to_owned(),
        }
    }
}

impl From<Finding> for Problem {
    fn from(finding: Finding) -> Self {
        Self {
            message: format!("`{}`: {}", finding.key, finding.problem),
            hint: finding.remedy,
        }
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        match <[Problem; 1]>::try_from(problems) {
            Ok([Problem { message, hint }]) => Self::Usage { message, hint },
            Err(several) => Self::Settings(several),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        errors.iter().map(Problem::from).collect::<Vec<_>>().into()
    }
}

impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Self {
        findings
            .into_iter()
            .map(Problem::from)
            .collect::<Vec<_>>()
            .into()
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let hint = match &error {
            AppError::Listen { key, .. } => {
                let variable = key.replace('.', "__").to_uppercase();
                format!(
                    "is another silkrate running? Any free port: SILKRATE_{variable}=127.0.0.1:0 silkrate serve"
                )
            }
            AppError::Tls { source, .. } => {
                return Self::Usage {
                    message: error.to_string(),
                    hint: source.remedy().to_owned(),
                };
            }
            AppError::Refused(findings) => return findings.clone().into(),
            AppError::Keys(source) => {
                return Self::Usage {
                    message: error.to_string(),
                    hint: source.remedy().to_owned(),
                };
            }
            AppError::TaskEnded { .. } => "see the log lines above".to_owned(),
            AppError::Store(_) => {
                "`silkrate config` prints the settings in force; with store.required = false the service starts without \
                 a usable file, and keeps its history in memory until the file can be written"
                    .to_owned()
            }
            AppError::Webhooks(WebhookError::Store(_)) => UNUSABLE_FILE.to_owned(),
            AppError::Client { .. }
            | AppError::Log(_)
            | AppError::LogFile { .. }
            | AppError::Restore(_)
            | AppError::Webhooks(WebhookError::Client { .. })
            | AppError::Zone(_)
            | AppError::Reflection(_) => {
                "`silkrate config` prints the settings in force".to_owned()
            }
        };
        Self::failed(error.to_string(), hint)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let hint = match &error {
            ClientError::BadUrl { .. } => {
                "write http://HOST:PORT or https://HOST/PATH, with --server or in SILKRATE_URL"
            }
            ClientError::Authorities(_) => {
                "name a PEM file of certificates with --ca-file or in SILKRATE_CA; without it those of the machine are trusted"
            }
            ClientError::Identity(_) => {
                "name PEM files with --certificate-file and --key-file, or in SILKRATE_CERTIFICATE and SILKRATE_CERTIFICATE_KEY"
            }
            ClientError::Key(_) => {
                "name a file that has the key alone with --access-key-file or in SILKRATE_ACCESS_KEY_FILE, or put the key into SILKRATE_ACCESS_KEY"
            }
            ClientError::ExposedKey { .. } => {
                "write https:// in the URL; on a network that you trust, add --expose-access-key"
            }
            ClientError::Handshake { fault, .. } => handshake_hint(fault),
            ClientError::Unreachable { url, .. } if url.starts_with("https://") => {
                "is `silkrate serve` running there? If it demands a certificate of its clients, name one with --certificate-file and --key-file"
            }
            ClientError::Unreachable { .. } => {
                "is `silkrate serve` running there? Name another server with --server URL or SILKRATE_URL (commands of operators: --admin URL or SILKRATE_ADMIN_URL), https:// if it has TLS"
            }
            ClientError::Silent { .. } => {
                "the server may be stuck, or another program may listen there; see its log"
            }
            ClientError::Refused { reason, .. } => match reason.and_then(refusal_hint) {
                Some(hint) => hint,
                None if error.is_usage() => "correct what it names; --help has examples",
                None if error.is_permanent() => {
                    "is it a silkrate server of this version, and the path in the URL right? Name another with --server URL or SILKRATE_URL"
                }
                None => "try again in a moment",
            },
        };
        let (message, hint) = (error.to_string(), hint.to_owned());
        if error.is_usage() {
            Self::Usage { message, hint }
        } else {
            Self::Failed { message, hint }
        }
    }
}

/// Prints a note beside the result.
pub(super) fn note(text: &str, err: &mut dyn Write) -> io::Result<()> {
    writeln!(err, "silkrate: {}", without_controls(text))
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::domain::Reason;

    #[test]
    fn a_reader_that_closes_stdout_is_no_failure() {
        let failure = Failure::from(io::Error::from(ErrorKind::BrokenPipe));
        assert_eq!(failure.code(), 0);
        assert_eq!(Failure::from(io::Error::other("full")).code(), 1);
    }

    #[test]
    fn a_removed_setting_is_refused_with_a_hint_that_it_is_gone() {
        for name in [
            "SILKRATE_SERVER__GATHER_WRITES",
            "SILKRATE_SERVER__SHARED_ENCODING",
        ] {
            let variable = (name.to_owned(), "true".to_owned());
            let error = crate::config::Config::load(None, [variable].into_iter()).unwrap_err();
            let failure = Failure::from(error);
            assert_eq!(failure.code(), 64, "{name}");
            let Failure::Usage { message, hint } = failure else {
                panic!("{failure:?}");
            };
            assert!(message.contains(name), "{message}");
            assert!(hint.contains("no such setting any more"), "{hint}");
        }
    }

    fn refused(code: Code, reason: Option<Reason>) -> Failure {
        Failure::from(ClientError::Refused {
            code,
            message: "no".to_owned(),
            reason,
            violations: Vec::new(),
            retry_after: None,
            leader_address: None,
        })
    }

    #[test]
    fn a_refusal_has_a_hint_of_its_own_where_its_reason_is_known() {
        for (code, reason, exit, expected) in [
            (
                Code::InvalidArgument,
                Some(Reason::InvalidDate),
                64,
                "write dates as 2026-04-02",
            ),
            (Code::InvalidArgument, None, 64, "correct what"),
            (Code::NotFound, Some(Reason::NotHeld), 1, "`silkrate held`"),
            (
                Code::NotFound,
                Some(Reason::PairNotQuoted),
                1,
                "`silkrate rates",
            ),
            (Code::Unimplemented, None, 1, "is it a silkrate server"),
            (Code::Unavailable, Some(Reason::Draining), 1, "try again"),
        ] {
            let failure = refused(code, reason);
            assert_eq!(failure.code(), exit, "{reason:?}");
            let (Failure::Usage { hint, .. } | Failure::Failed { hint, .. }) = failure else {
                panic!("{failure:?}");
            };
            assert!(hint.starts_with(expected), "{reason:?}: {hint}");
        }
    }

    #[test]
    fn the_hint_for_a_malformed_pair_does_not_repeat_the_message() {
        let (Failure::Usage { hint, .. } | Failure::Failed { hint, .. }) =
            refused(Code::InvalidArgument, Some(Reason::InvalidPair))
        else {
            panic!("it is a failure with a hint");
        };
        let message = crate::domain::InvalidPair.to_string();
        assert!(message.contains("BASE/QUOTE"), "{message}");
        assert!(!hint.contains("BASE/QUOTE"), "{hint}");
    }

    #[test]
    fn a_failure_prints_a_message_and_a_hint() {
        let mut err = Vec::new();
        let failure = Failure::from(ClientError::Unreachable {
            url: "http://127.0.0.1:1".to_owned(),
            reason: "Connection refused".to_owned(),
        });
        assert_eq!(failure.code(), 1);
        failure.report(&mut err);
        assert_eq!(
            String::from_utf8(err).unwrap(),
            "silkrate: error: no connection to http://127.0.0.1:1: Connection refused\n  \
             hint: is `silkrate serve` running there? Name another server with --server URL or SILKRATE_URL (commands of operators: --admin URL or SILKRATE_ADMIN_URL), https:// if it has TLS\n"
        );
    }
}
