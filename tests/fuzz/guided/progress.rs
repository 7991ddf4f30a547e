//! How far a run has come: the line that tells whether to wait for it.

use std::io::{IsTerminal, Write, stdout};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the line of a terminal is written anew.
const TERMINAL_INTERVAL: Duration = Duration::from_secs(1);
/// How often a line is added to a file, which is read later.
const FILE_INTERVAL: Duration = Duration::from_secs(60);

/// The inputs that a target has had.
pub(crate) struct Progress {
    /// How many it gets; zero is without end.
    wanted: u64,
    begun: Instant,
    is_terminal: bool,
    counted: Mutex<Counted>,
}

/// What has been counted.
struct Counted {
    inputs: u64,
    written: Instant,
}

impl Progress {
    /// Begins now.
    pub(crate) fn new(wanted: u64) -> Self {
        let begun = Instant::now();
        let counted = Counted {
            inputs: 0,
            written: begun,
        };
        Self {
            wanted,
            begun,
            is_terminal: stdout().is_terminal(),
            counted: Mutex::new(counted),
        }
    }

    /// Counts an input, and writes a line when it is time. `run` writes the last one.
    pub(crate) fn count(&self, target: &str) {
        let mut counted = self.counted.lock().expect("nothing panics here");
        counted.inputs += 1;
        let interval = if self.is_terminal {
            TERMINAL_INTERVAL
        } else {
            FILE_INTERVAL
        };
        let now = Instant::now();
        if now.duration_since(counted.written) < interval {
            return;
        }
        counted.written = now;
        let line = self.line(target, counted.inputs, now.duration_since(self.begun));
        // On a terminal a line takes the place of the one before, and the rest of a longer one is cleared.
        let (start, end) = if self.is_terminal {
            ("\r", "\x1b[K")
        } else {
            ("", "\n")
        };
        let mut out = stdout().lock();
        // The output may be closed, and the run goes on.
        let written = write!(out, "{start}{line}{end}");
        drop(written.and_then(|()| out.flush()));
    }

    fn line(&self, target: &str, inputs: u64, took: Duration) -> String {
        let seconds = took.as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = inputs as f64 / seconds;
        let left = self.wanted.saturating_sub(inputs) as f64 / rate;
        let time = if self.wanted == 0 {
            "no end".to_owned()
        } else {
            format!("{} left", period(left))
        };
        format!("{target:<13} {inputs} inputs, {rate:.0} a second, {time}")
    }
}

/// A number of seconds in words.
fn period(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
