//! `silkrate man`: the manual pages, derived from the help of the commands.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  silkrate man pages                           writes pages/silkrate.1, pages/silkrate-serve.1 and so on
  silkrate man ~/.local/share/man/man1         where `man silkrate-serve` finds them

The packages of silkrate install them.";

/// The program at the foot of each page; the generator would name the command.
const PROGRAM: &str = concat!("silkrate ", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ManArgs {
    /// The folder to write to. It is made if it is missing; pages in it are replaced.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(
    arguments: &ManArgs,
    program: Command,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let written = fs::create_dir_all(folder).and_then(|()| write_pages(&program, folder, out));
    written.map_err(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::Unread;
        }
        let hint = "name a folder that this user can write to";
        Failure::failed(format!("{}: {error}", folder.display()), hint)
    })
}

/// Writes the page of a command and those of its subcommands, and prints their paths.
fn write_pages(command: &Command, folder: &Path, out: &mut dyn Write) -> io::Result<()> {
    for subcommand in command.get_subcommands() {
        write_pages(subcommand, folder, out)?;
    }
    let path = folder.join(Man::new(command.clone()).get_filename());
    let mut file = BufWriter::new(File::create(&path)?);
    write_page(command, &mut file)?;
    file.flush()?;
    writeln!(out, "{}", path.display())
}

/// Writes one page. The text after the help is written here, because the generator fills its lines: examples need each a line
/// of its own.
fn write_page(command: &Command, page: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(command.clone()).source(PROGRAM).manual("silkrate");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let after = command.get_after_help().map(ToString::to_string);
    after_help(&after.unwrap_or_default()).to_writer(page)
}

/// The text after the help: a line that ends with a colon becomes a heading, and indented lines stay as they are.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    let mut is_indented = false;
    for line in text.lines() {
        let indents = line.starts_with("  ");
        if indents != is_indented {
            roff.control(if indents { "nf" } else { "fi" }, []);
            is_indented = indents;
        }
        match line.strip_suffix(':') {
            Some(heading) if !indents => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
            }
            _ if line.is_empty() => {
                roff.control("PP", []);
            }
            _ => {
                roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
        }
    }
    if is_indented {
        roff.control("fi", []);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_of_a_page_has_a_line_of_its_own_and_prose_is_filled() {
        let page = after_help("Examples:\n  silkrate one  -x\n  silkrate two\n\nProse of it.");
        assert_eq!(
            page.to_roff(),
            ".SH EXAMPLES\n.nf\nsilkrate one  \\-x\nsilkrate two\n.fi\n.PP\nProse of it.\n"
        );
    }
}
