//! The properties of stdout: whether it is a terminal, its width, its colours.

#[cfg(unix)]
use std::fs::{self, File};
use std::io::{self, IsTerminal};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use clap::{Args, ValueEnum};
#[cfg(unix)]
use tokio::io::Interest;
#[cfg(unix)]
use tokio::io::unix::AsyncFd;

use crate::cli::paint::Paint;

/// The width of a terminal that does not report its own.
const COLUMNS_ASSUMED: usize = 80;

/// Whether a command that draws on a terminal uses colours.
#[derive(Debug, Args)]
pub(super) struct ColorArgs {
    /// Whether the output has colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    color: ColorWhen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorWhen {
    /// On a terminal, unless the variable `NO_COLOR` is set.
    Auto,
    /// Always, in a pipe too.
    Always,
    /// Never.
    Never,
}

impl ColorArgs {
    /// The properties of stdout, with the colours that were chosen.
    pub(super) fn output(&self) -> Output {
        let output = Output::of_stdout();
        let paint = match self.color {
            ColorWhen::Auto => output.paint,
            ColorWhen::Always => Paint::Colour,
            ColorWhen::Never => Paint::Plain,
        };
        Output { paint, ..output }
    }
}

/// The properties of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Output {
    /// Whether it is a terminal, whose lines can be redrawn.
    pub(super) is_terminal: bool,
    /// Whether it may be coloured.
    pub(super) paint: Paint,
}

impl Output {
    /// The properties of stdout.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let choice = anstream::AutoStream::choice(&stdout);
        Self {
            is_terminal: stdout.is_terminal(),
            paint: if choice == anstream::ColorChoice::Never {
                Paint::Plain
            } else {
                Paint::Colour
            },
        }
    }

    /// The width of a terminal; `None` for a pipe or a file, whose lines have no limit.
    pub(super) fn columns_of_terminal(self) -> Option<usize> {
        self.is_terminal.then(Self::columns)
    }

    /// The current width: a window may be resized at any time.
    pub(super) fn columns() -> usize {
        let size = terminal_size::terminal_size();
        size.map_or(COLUMNS_ASSUMED, |(width, _)| usize::from(width.0))
    }
}

/// Whether what is written to stdout is lost: it is the null device, which a process also finds in the place of a stdout that was
/// closed when it began.
#[cfg(unix)]
pub(super) fn is_lost() -> bool {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let (stdout, null) = (
        stdout.and_then(|stdout| stdout.metadata()),
        fs::metadata("/dev/null"),
    );
    matches!((stdout, null), (Ok(stdout), Ok(null))
        if stdout.file_type().is_char_device() && stdout.rdev() == null.rdev())
}

/// This system does not tell.
#[cfg(not(unix))]
pub(super) fn is_lost() -> bool {
    false
}

/// Waits until the reader of stdout closes it: `silkrate watch | head -1` would otherwise run until the next change, which may
/// be tomorrow. For a file, which has no reader, it waits for ever.
#[cfg(unix)]
#[expect(
    deprecated,
    reason = "its successor is unsafe for descriptors that may be closed; stdout stays open as long as the process"
)]
pub(super) async fn unread() {
    if let Ok(stdout) = AsyncFd::with_interest(io::stdout(), Interest::ERROR)
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits for ever: this system does not report that the reader of a pipe closed it.
#[cfg(not(unix))]
pub(super) async fn unread() {
    std::future::pending::<()>().await;
}
