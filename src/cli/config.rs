//! `silkrate config`, and the loading of the configuration for every command.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::Failure;
use crate::config::{Config, ConfigErrors};

const EXAMPLES: &str = "\
Examples:
  silkrate config                              every setting in force
  silkrate config > silkrate.toml              a file to start from
  silkrate config --check --config silkrate.toml
  SILKRATE_SOURCES__NBK__INTERVAL=5m silkrate config";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConfigArgs {
    /// Check the configuration, and print errors only.
    #[arg(long)]
    check: bool,
    /// The configuration file (TOML); SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &ConfigArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = load(arguments.config.as_deref())?;
    if !arguments.check {
        out.write_all(config.to_toml().as_bytes())?;
    }
    Ok(())
}

/// Loads the configuration from a file and the environment of this process.
pub(super) fn load(file: Option<&Path>) -> Result<Config, ConfigErrors> {
    // Variables whose names are not UTF-8 are not ours; a value that is not UTF-8 is refused when it is parsed.
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    Config::load(file, variables)
}
