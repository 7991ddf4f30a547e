//! `silkrate completions`: the script that completes the command line in a shell.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  silkrate completions bash > silkrate.bash    then: source silkrate.bash, or move it to
                                               ~/.local/share/bash-completion/completions/silkrate
  silkrate completions zsh > _silkrate         in a folder of $fpath
  silkrate completions fish > silkrate.fish    in ~/.config/fish/completions

The packages of silkrate install them.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(
    arguments: &CompletionsArgs,
    mut program: Command,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let name = program.get_name().to_owned();
    // The generator panics if it cannot write, and a reader may close a pipe at any time.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    Ok(out.write_all(&script)?)
}
