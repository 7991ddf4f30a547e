//! The settings of `[clock]`.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::Loader;
use crate::config::{Clock, values};

/// At a million, days pass in fractions of a second; at a higher speed a poll would outlast the table it requests.
const CLOCK_SPEED_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;

impl Loader<'_> {
    pub(super) fn clock(&self) -> Option<Clock> {
        let accepted = "a timestamp as in RFC 3339, such as 2026-04-02T09:00:00Z";
        let start = self.entries.get("clock.start", accepted, |raw| {
            let text = values::text(raw)?;
            let instant = text.parse::<Timestamp>();
            instant.map_err(|error| format!("`{text}` is not a timestamp: {error}"))
        });
        let (least, most) = (CLOCK_SPEED_BOUNDS.start(), CLOCK_SPEED_BOUNDS.end());
        let accepted = format!("an integer from {least} to {most}, with clock.start");
        let speed = self.entries.get("clock.speed", &accepted, |raw| {
            let speed = values::whole(raw, CLOCK_SPEED_BOUNDS)?;
            if !self.entries.is_set("clock.start") {
                return Err("it needs clock.start: without it the real clock is used".to_owned());
            }
            Ok(speed)
        });
        let speed = speed.unwrap_or(*least);
        start.map(|start| Clock { start, speed })
    }
}
