//! The terminal while a picture is shown: an alternate screen without a cursor, and the terminal as it was afterwards.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Whether the terminal is as before.
    is_left: Arc<AtomicBool>,
}

impl<'a> Screen<'a> {
    /// Takes the terminal.
    pub(super) fn open(out: &'a mut dyn Write, paint: Paint) -> io::Result<Self> {
        enable_raw_mode()?;
        let mut screen = Self {
            out,
            paint,
            shown: (None, Vec::new()),
            is_left: Arc::default(),
        };
        execute!(&mut screen.out, EnterAlternateScreen, Hide, DisableLineWrap)?;
        // The message of a panic belongs on the screen of before, in lines.
        let (hook, is_left) = (panic::take_hook(), Arc::clone(&screen.is_left));
        panic::set_hook(Box::new(move |panic| {
            drop(leave(&mut io::stdout(), &is_left));
            hook(panic);
        }));
        Ok(screen)
    }

    /// Draws a picture: the rows that differ from those shown.
    ///
    /// # Errors
    /// When the terminal cannot be written, or was left since a task panicked.
    pub(super) fn draw(&mut self, rows: &[Row], size: Size) -> io::Result<()> {
        if self.is_left.load(Ordering::Relaxed) {
            return Err(io::Error::other("a task has panicked"));
        }
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
        drop(leave(self.out, &self.is_left));
    }
}

/// Restores the terminal, once: each time, it puts the cursor where it was before, and the next line would be written over the
/// message of a panic.
fn leave(mut out: &mut dyn Write, is_left: &AtomicBool) -> io::Result<()> {
    if is_left.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let left = execute!(&mut out, EnableLineWrap, Show, LeaveAlternateScreen);
    disable_raw_mode()?;
    left
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::Command;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    /// The variable of the process in which the test panics.
    const PANICS: &str = "PANIC_ON_THE_SCREEN";
    const NAME: &str =
        "cli::top::screen::tests::a_panic_restores_the_terminal_once_and_before_its_message";

    #[test]
    fn a_panic_restores_the_terminal_once_and_before_its_message() {
        if std::env::var_os(PANICS).is_some() {
            let mut out = io::stdout();
            let _screen = Screen::open(&mut out, Paint::Plain).unwrap();
            panic!("on purpose");
        }
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let own = openpt(flags).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        let path = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(path).unwrap();
        let end = || terminal.try_clone().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture"]);
        command.env(PANICS, "1").env("RUST_BACKTRACE", "0");
        command.stdin(end()).stdout(end()).stderr(end());
        let mut process = command.spawn().unwrap();
        drop(command);
        assert!(!process.wait().unwrap().success());
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(
            modes.contains(LocalModes::ICANON | LocalModes::ECHO),
            "{modes:?}"
        );
        // A terminal that nothing holds open ends what is read of it.
        drop(terminal);
        let (mut written, mut own) = (Vec::new(), File::from(own));
        let _ended = own.read_to_end(&mut written);
        let written = String::from_utf8_lossy(&written);
        let at = |text: &str| written.find(text).unwrap_or_else(|| panic!("{written:?}"));
        let (entered, left) = (at("\u{1b}[?1049h"), at("\u{1b}[?1049l"));
        assert!(entered < left && left < at("on purpose"), "{written:?}");
        assert_eq!(written.matches("\u{1b}[?1049l").count(), 1, "{written:?}");
    }
}
