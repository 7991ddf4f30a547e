//! Frames that cost the client nothing.

use std::time::{Duration, Instant};
use std::{io, thread};

use silkrate::load::frames;

use super::raw::{Raw, WINDOW_MAX, again};
use super::{Target, filters};

/// The frames of one write.
const BATCH: usize = 500;
/// PRIORITY is of no use to a load generator.
const PRIORITY: u8 = 2;

/// A thousand watches, and SETTINGS that change the window of all of them without a pause.
pub(super) fn windows(target: &Target, deadline: Instant) -> io::Result<()> {
    let message = filters::watch(target.pairs.get(..1).unwrap_or_default());
    again(deadline, || {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        for _stream in 0..1000 {
            raw.ask("/silkrate.v1.RateService/WatchRates", &message);
        }
        raw.flush()?;
        flood(&mut raw, deadline, |raw, number| {
            raw.window(100_000 + u32::try_from(number % 2).unwrap_or_default());
        })
    })
}

/// SETTINGS without a setting.
pub(super) fn settings(target: &Target, deadline: Instant) -> io::Result<()> {
    frames_of(target, deadline, |raw, _number| {
        raw.push(frames::SETTINGS, 0, 0, &[]);
    })
}

/// Priorities of streams that do not exist.
pub(super) fn priority(target: &Target, deadline: Instant) -> io::Result<()> {
    frames_of(target, deadline, |raw, number| {
        let stream = 2 * u32::try_from(number).unwrap_or_default() + 1;
        raw.push(PRIORITY, 0, stream, &[0, 0, 0, 0, 16]);
    })
}

/// Windows that grow by one.
pub(super) fn updates(target: &Target, deadline: Instant) -> io::Result<()> {
    frames_of(target, deadline, |raw, _number| {
        raw.push(frames::WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes());
    })
}

/// PING, whose answers are read.
pub(super) fn pings(target: &Target, deadline: Instant) -> io::Result<()> {
    frames_of(target, deadline, |raw, _number| {
        raw.push(frames::PING, 0, 0, &[7; 8]);
    })
}

fn frames_of(target: &Target, deadline: Instant, push: impl Fn(&mut Raw, usize)) -> io::Result<()> {
    again(deadline, || {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        flood(&mut raw, deadline, &push)
    })
}

fn flood(raw: &mut Raw, deadline: Instant, push: impl Fn(&mut Raw, usize)) -> io::Result<()> {
    let mut number = 0;
    while Instant::now() < deadline {
        for _frame in 0..BATCH {
            push(raw, number);
            number += 1;
        }
        raw.flush()?;
    }
    Ok(())
}

/// Calls that are reset at once, fewer at a time than are taken for an attack.
pub(super) fn resets(target: &Target, deadline: Instant) -> io::Result<()> {
    let message = filters::snapshot(target.pairs.get(..1).unwrap_or_default());
    again(deadline, || {
        let mut raw = Raw::connect(target.grpc, WINDOW_MAX)?;
        raw.read_all()?;
        while Instant::now() < deadline {
            for _call in 0..10 {
                let stream = raw.ask("/silkrate.v1.RateService/GetSnapshot", &message);
                raw.push(frames::RESET, 0, stream, &8_u32.to_be_bytes());
            }
            raw.flush()?;
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    })
}
