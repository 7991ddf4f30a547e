//! `silkrate config`, and the loading of the configuration for every command.

mod difference;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::app::preflight::{Finding, doubtful_certificates, findings, warnings};
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::server::AdminArgs;
use crate::config::{Config, ConfigErrors};

const EXAMPLES: &str = "\
Examples:
  silkrate config                              every setting in force
  silkrate config > silkrate.toml              a file to start from
  silkrate config --check --config silkrate.toml
  SILKRATE_SOURCES__NBK__INTERVAL=5m silkrate config
  silkrate config --diff                       what a reload of the running server would change
  silkrate config --diff --config new.toml     the same, if its file were this one";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConfigArgs {
    /// Check the configuration, and print what keeps `serve` from starting or a source from being polled: settings, files,
    /// ports, the ledger, and pairs that cannot exist. What is probably wrong is a warning, and no failure. The ports must be free. No bank is contacted.
    #[arg(long)]
    check: bool,
    /// Print what a reload of a running server would change, and what needs a restart: its file, or that of --config, is compared with
    /// the settings that it has in force, which its operators' port tells. The variables of the server apply, and those of
    /// this process do not. Of secrets it is only said that they differ. What a reload would refuse is an error; what else is wrong is
    /// a warning. Relative paths in a file begin in the folder of the file, and those of variables in the folder of the server. Run it as a user who may read the file.
    #[arg(long, conflicts_with = "check")]
    diff: bool,
    /// The configuration file (TOML); SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(arguments: &ConfigArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if arguments.diff {
        return difference::run(arguments.config.as_deref(), &arguments.admin, out).await;
    }
    let config = load(arguments.config.as_deref())?;
    if !arguments.check {
        out.write_all(config.to_toml().as_bytes())?;
        return Ok(());
    }
    for name in &config.ignored_variables {
        writeln!(
            out,
            "the variable {name} is ignored: Kubernetes sets it for a Service"
        )?;
    }
    for warning in warnings(&config)
        .into_iter()
        .chain(doubtful_certificates(&config))
    {
        print_warning(&warning, out)?;
    }
    let findings = findings(&config);
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.into())
    }
}

/// Prints what is probably wrong, or shows later.
fn print_warning(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Finding {
        key,
        problem,
        remedy,
    } = finding;
    let (key, problem) = (without_controls(key), without_controls(problem));
    writeln!(out, "warning: `{key}`: {problem}\n  hint: {remedy}")
}

/// Loads the configuration from a file and the environment of this process.
pub(super) fn load(file: Option<&Path>) -> Result<Config, ConfigErrors> {
    load_with(file, &[])
}

/// The same with variables in place of those of the environment.
pub(super) fn load_with(
    file: Option<&Path>,
    chosen: &[(String, String)],
) -> Result<Config, ConfigErrors> {
    // Variables whose names are not UTF-8 are not ours; a value that is not UTF-8 is refused when it is parsed.
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    let variables = variables.filter(|(name, _)| chosen.iter().all(|(other, _)| name != other));
    let mut config = Config::load(file, variables.chain(chosen.iter().cloned()))?;
    config.file = file.map(Path::to_owned);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::cli::run_with;

    /// What `silkrate config --check` prints for a file, on either stream, and its exit code.
    fn checked(text: &str) -> (String, u8) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silkrate.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        let arguments = ["silkrate", "config", "--check", "--config", path];
        let mut printed = Vec::new();
        let arguments = arguments.iter().map(OsString::from);
        let code = match run_with(arguments, &mut printed, &mut Vec::new()) {
            Ok(()) => 0,
            Err(failure) => {
                failure.report(&mut printed);
                failure.code()
            }
        };
        (String::from_utf8(printed).unwrap(), code)
    }

    #[test]
    fn a_check_prints_everything_that_is_wrong_with_what_to_do_about_it() {
        let (printed, code) = checked(
            "[server]\nlisten = \"192.0.2.1:50051\"\nadmin_listen = \"127.0.0.1:0\"\n\
             [web]\nlisten = \"127.0.0.1:0\"\n[ticker]\npairs = [\"EUR/USD\"]\n\
             [store]\npath = \"/nowhere/silkrate.db\"\n",
        );
        assert_eq!(code, 64);
        for key in ["server.listen", "ticker.pairs", "store.path"] {
            assert!(
                printed.contains(&format!("silkrate: error: `{key}`: ")),
                "{printed}"
            );
        }
        assert_eq!(printed.matches("  hint: ").count(), 3, "{printed}");

        let (printed, code) = checked("[server]\nlisten = 5\n[web]\nlisten = 5\n");
        assert_eq!(code, 64);
        assert_eq!(printed.matches("silkrate: error: ").count(), 2, "{printed}");
    }

    #[test]
    fn a_check_of_a_sound_configuration_prints_nothing_or_a_warning() {
        let sound = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
                     [web]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \":memory:\"\n";
        assert_eq!(checked(sound), (String::new(), 0));
        let elsewhere = sound.replace(
            "[store]",
            "path = \"/rates/\"\npublic_url = \"https://site.example/\"\n[store]",
        );
        let (printed, code) = checked(&elsewhere);
        assert_eq!(code, 0, "{printed}");
        assert!(
            printed.starts_with("warning: `web.public_url`: https://site.example/ does not"),
            "{printed}"
        );
    }
}
