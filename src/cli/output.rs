//! What stdout is: a terminal or not, how wide, with colour or without.

use std::io::{self, IsTerminal};

#[cfg(unix)]
use tokio::io::Interest;
#[cfg(unix)]
use tokio::io::unix::AsyncFd;

use crate::cli::paint::Paint;

/// The width assumed of a terminal that does not tell its own.
const COLUMNS_ASSUMED: usize = 80;

/// What output is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Output {
    /// Whether a person looks at it, and lines can be redrawn.
    pub(super) is_terminal: bool,
    /// Whether it may be coloured.
    pub(super) paint: Paint,
}

impl Output {
    /// What stdout is now.
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

    /// How many columns a line may have: no limit where nobody looks at it.
    pub(super) fn columns_of_terminal(self) -> Option<usize> {
        self.is_terminal.then(Self::columns)
    }

    /// How many columns there are now: a window may be resized at any time.
    pub(super) fn columns() -> usize {
        let size = terminal_size::terminal_size();
        size.map_or(COLUMNS_ASSUMED, |(width, _)| usize::from(width.0))
    }
}

/// Waits until nobody reads stdout any more: `silkrate watch | head -1` would otherwise go on until the next change,
/// which may be tomorrow's. Where that cannot be seen, as of a file, it waits for ever.
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

/// Waits for ever: here it cannot be seen whether anybody reads stdout.
#[cfg(not(unix))]
pub(super) async fn unread() {
    std::future::pending::<()>().await;
}
