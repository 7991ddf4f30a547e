//! What is known of a server after its last readings: the last answers, and the speeds between the last two pages.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::cli::top::page::Labels;
use crate::cli::top::reading::{Figures, Reading, Served, Silence};

/// The last answers. They stay when the server is gone.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The last answer of the public port; `None` before the first one.
    pub(super) served: Option<Served>,
    /// When it came, by the clock of this machine; before the first one, when the readings began.
    pub(super) served_at: Timestamp,
    /// Why there is no newer one; `None` if the last reading succeeded.
    pub(super) failure: Option<String>,
    /// The last answer of the operators' port.
    pub(super) figures: Option<Figures>,
    /// The one before it, of the same process.
    before: Option<Figures>,
    /// Why there is no newer one.
    pub(super) silence: Option<Silence>,
}

/// The family of the instant at which a process started: another one counts from zero again.
const STARTED: &str = "process_start_time_seconds";
const CLOCK: &str = "silkrate_clock_timestamp_seconds";

impl Known {
    /// Nothing, at the beginning of the readings.
    pub(super) fn since(now: Timestamp) -> Self {
        Self {
            served_at: now,
            ..Self::default()
        }
    }

    /// Takes a reading that ended now.
    pub(super) fn take(&mut self, reading: Reading, now: Timestamp) {
        match reading.served {
            Ok(served) => {
                (self.served, self.served_at) = (Some(served), now);
                self.failure = None;
            }
            Err(error) => self.failure = Some(error.to_string()),
        }
        match reading.figures {
            Ok(figures) => {
                let is_same = |before: &Figures| {
                    before.page.sum(STARTED, &[]) == figures.page.sum(STARTED, &[])
                };
                self.before = self.figures.take().filter(is_same);
                (self.figures, self.silence) = (Some(figures), None);
            }
            Err(silence) => self.silence = Some(silence),
        }
    }

    /// A figure of the last page.
    pub(super) fn figure(&self, name: &str, labels: Labels<'_>) -> Option<Decimal> {
        self.figures.as_ref()?.page.sum(name, labels)
    }

    /// What a counter grew by in a second, between the last two pages; `None` if there is one page.
    pub(super) fn speed(&self, name: &str, labels: Labels<'_>) -> Option<Decimal> {
        let (figures, before) = (self.figures.as_ref()?, self.before.as_ref()?);
        let now = figures.page.sum(name, labels)?;
        // A series begins with its first event.
        let then = before.page.sum(name, labels).unwrap_or_default();
        per_second(
            now.checked_sub(then)?,
            figures.arrived.checked_duration_since(before.arrived)?,
        )
    }

    /// The clock of the service at the last page: a replay has another one than this machine. Without a page, that of this
    /// machine.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        let clock = self.figure(CLOCK, &[]).and_then(instant);
        clock.unwrap_or(now)
    }

    /// How many seconds the process has run, by the clock of its own machine.
    pub(super) fn uptime(&self) -> Option<i64> {
        let date = self.figures.as_ref()?.date?;
        let started = instant(self.figure(STARTED, &[])?)?;
        Some(date.duration_since(started).as_secs())
    }
}

fn per_second(growth: Decimal, elapsed: Duration) -> Option<Decimal> {
    let milliseconds = Decimal::from(u64::try_from(elapsed.as_millis()).ok()?);
    let thousandfold = growth.checked_mul(1000.into())?;
    thousandfold.checked_div(milliseconds)
}

/// The instant of a number of seconds since 1970, to the second.
pub(super) fn instant(seconds: Decimal) -> Option<Timestamp> {
    Timestamp::from_second(seconds.trunc().to_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::cli::top::page::Page;
    use crate::client::ClientError;

    fn figures(page: &str, arrived: Instant) -> Figures {
        Figures {
            page: Page::parse(page),
            date: Timestamp::from_second(1_000_090).ok(),
            arrived,
            is_ready: true,
            failed: Vec::new(),
        }
    }

    fn page(started: u32, count: u32) -> String {
        format!("process_start_time_seconds {started}.68\nx_total{{port=\"web\"}} {count}\n")
    }

    fn read(known: &mut Known, figures: Figures) {
        let reading = Reading {
            served: Ok(Served::default()),
            figures: Ok(figures),
        };
        known.take(reading, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_speed_is_the_growth_between_two_pages_of_one_process() {
        let mut known = Known::default();
        let begin = Instant::now();
        let later = |seconds| begin + Duration::from_millis(seconds);
        read(&mut known, figures(&page(1_000_000, 10), begin));
        assert_eq!(known.speed("x_total", &[]), None, "one page has no speed");
        read(&mut known, figures(&page(1_000_000, 13), later(2_500)));
        let speed = known.speed("x_total", &[("port", "web")]);
        assert_eq!(speed, Some(Decimal::new(12, 1)));
        assert_eq!(known.speed("y_total", &[]), None);
        assert_eq!(known.uptime(), Some(90));
        // It was started again, and counts from zero.
        read(&mut known, figures(&page(1_000_050, 1), later(5_000)));
        assert_eq!(known.speed("x_total", &[]), None);
        read(&mut known, figures(&page(1_000_050, 2), later(5_000)));
        assert_eq!(known.speed("x_total", &[]), None, "no time has passed");
    }

    #[test]
    fn the_last_answers_stay_when_the_server_is_gone() {
        let mut known = Known::since(Timestamp::UNIX_EPOCH);
        read(&mut known, figures(&page(1, 7), Instant::now()));
        let gone = Reading {
            served: Err(ClientError::Unreachable {
                url: "http://127.0.0.1:1".to_owned(),
                reason: "refused".to_owned(),
            }),
            figures: Err(Silence::Failed("refused".to_owned())),
        };
        let later = Timestamp::from_second(60).unwrap();
        known.take(gone, later);
        assert!(known.served.is_some());
        assert_eq!(known.served_at, Timestamp::UNIX_EPOCH);
        assert_eq!(known.figure("x_total", &[]), Some(7.into()));
        assert!(known.failure.is_some() && known.silence.is_some());
        read(&mut known, figures(&page(1, 9), Instant::now()));
        assert!(known.failure.is_none() && known.silence.is_none());
    }

    #[test]
    fn the_clock_is_that_of_the_service_and_without_it_that_of_this_machine() {
        let mut known = Known::default();
        assert_eq!(known.clock(Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH);
        let page = "silkrate_clock_timestamp_seconds 1774934984.3241659\n";
        read(&mut known, figures(page, Instant::now()));
        let clock = known.clock(Timestamp::UNIX_EPOCH).to_string();
        assert_eq!(clock, "2026-03-31T05:29:44Z");
    }
}
