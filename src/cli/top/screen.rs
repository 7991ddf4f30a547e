//! The terminal while a picture is shown: an alternate screen without a cursor, and the terminal as it was afterwards.

use std::io::{self, Write};
use std::panic;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};

use crate::cli::paint::Paint;
use crate::cli::top::picture::Size;
use crate::cli::top::text::Row;

/// The screen. When it is dropped, the terminal is as before.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    /// The rows that are shown, and the size of the terminal for which they were drawn.
    shown: (Option<Size>, Vec<String>),
}

impl<'a> Screen<'a> {
    /// Takes the terminal.
    pub(super) fn open(out: &'a mut dyn Write, paint: Paint) -> io::Result<Self> {
        enable_raw_mode()?;
        let mut screen = Self {
            out,
            paint,
            shown: (None, Vec::new()),
        };
        execute!(&mut screen.out, EnterAlternateScreen, Hide, DisableLineWrap)?;
        // The message of a panic belongs on the screen of before, in lines.
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            drop(leave(&mut io::stdout()));
            hook(panic);
        }));
        Ok(screen)
    }

    /// Draws a picture: the rows that differ from those shown.
    pub(super) fn draw(&mut self, rows: &[Row], size: Size) -> io::Result<()> {
        let rows: Vec<String> = rows.iter().map(|row| row.painted(self.paint)).collect();
        let (shown_size, shown) = &mut self.shown;
        queue!(&mut self.out, BeginSynchronizedUpdate)?;
        if *shown_size != Some(size) {
            queue!(&mut self.out, Clear(ClearType::All))?;
            shown.clear();
        }
        for (index, row) in rows.iter().enumerate() {
            if shown.get(index) == Some(row) {
                continue;
            }
            let line = u16::try_from(index).unwrap_or(u16::MAX);
            queue!(
                &mut self.out,
                MoveTo(0, line),
                Clear(ClearType::CurrentLine)
            )?;
            self.out.write_all(row.as_bytes())?;
        }
        queue!(&mut self.out, EndSynchronizedUpdate)?;
        self.shown = (Some(size), rows);
        self.out.flush()
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // A terminal that is gone cannot be restored, and need not be.
        drop(leave(self.out));
    }
}

/// Restores the terminal. Twice is no harm.
fn leave(mut out: &mut dyn Write) -> io::Result<()> {
    let left = execute!(&mut out, EnableLineWrap, Show, LeaveAlternateScreen);
    disable_raw_mode()?;
    left
}
