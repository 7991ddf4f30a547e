//! Budgets of HTTP/2 frames that cost a peer nothing and the server work.
//!
//! Measured reason: frames that no request follows from, sent without a pause, took most of a core, and the answers to other
//! clients came hundreds of milliseconds later. One SETTINGS frame that changes the window of streams is work for each
//! of a thousand open ones.
//!
//! The guard sees what passes the socket, within TLS, and looks at the headers of frames alone. It has no clock of its own: the
//! time is read when a budget is used up, and not for a client that stays within.

use std::time::Duration;

use tokio::time::Instant;

use crate::listener::frame_scanner::{FrameHead, FrameScanner};

/// Frames such as PING and `WINDOW_UPDATE` that a connection may send at once: a client that opens a thousand streams may send
/// one of each for every stream.
const CHEAP_BURST: u32 = 2048;
/// How many more a second: a client that pings measures the connection a few times a second.
const CHEAP_PER_SECOND: u32 = 100;
/// How many more for every request that it sends, and for every frame of data that it gets: a client may enlarge the window of
/// the stream and of the connection, ping to measure, and reprioritise.
const CHEAP_PER_WORK: u32 = 4;
/// The bytes of data that make one more: a client of Go gives the window back after every four kibibytes that it reads, once for the
/// stream and once for the connection, and a frame may have hundreds of them.
const BYTES_PER_CHEAP: u32 = 1024;
/// SETTINGS frames that a connection may send at once. Clients send one; those that adapt their window to the connection
/// double it up to ten times.
const SETTINGS_BURST: u32 = 32;
/// How many more a second.
const SETTINGS_PER_SECOND: u32 = 1;
/// Streams that a connection may reset at once: a proxy resets those of all its readers when it goes, the most that there
/// can be.
const RESETS_BURST: u32 = 1024;
/// How many more for each answer that ends: some clients reset every stream then, and a proxy with thousands of clients gives up
/// calls whose deadlines pass, as many as are answered. So who resets without end pays for an answer with every other one.
const RESETS_PER_ANSWER: u32 = 2;
/// The frames of data that make one more: a stream is an answer that its reader ends. One that is reset with its first message
/// costs more than it makes.
const DATA_PER_RESET: u32 = 4;
/// The most of them that are left at any time: a proxy may give up every call of some seconds, after hours in which all were
/// answered.
const RESETS_MAX: u32 = 16 * RESETS_BURST;
/// How many more a second: readers that leave a page.
const RESETS_PER_SECOND: u32 = 100;
/// The work that a connection makes before the other tasks of its thread have a turn, in cheap frames: some ten microseconds, or
/// eight requests.
const TURN_WORK: u32 = 128;
/// The work of a request, which is a task of its own, and of SETTINGS, which may change each of a thousand streams.
const LARGE_WORK: u32 = 16;
/// Bytes that it reads before: four of the largest frames.
const TURN_BYTES: usize = 64 * 1024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
/// The flag of SETTINGS and PING that are acknowledgements.
const ACK: u8 = 1;
/// The flag of the last frame of an answer.
const END_STREAM: u8 = 1;
/// The error that says that a peer makes too much work.
const ENHANCE_YOUR_CALM: u8 = 0xb;

/// A kind of frames of which a peer sent more than its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flood {
    Settings,
    Resets,
    /// Every other frame that no request follows from.
    Cheap,
}

impl Flood {
    /// Its name, for the peer and the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Settings => "too_many_settings",
            Self::Resets => "too_many_resets",
            Self::Cheap => "too_many_control_frames",
        }
    }
}

/// A number of frames that may come at once, and more with time.
#[derive(Debug)]
struct Budget {
    left: u32,
    /// What it begins with, and time makes at most.
    burst: u32,
    /// What is left at most.
    max: u32,
    per_second: u32,
    refilled: Instant,
}

impl Budget {
    fn new(burst: u32, per_second: u32) -> Self {
        Self {
            left: burst,
            burst,
            max: burst,
            per_second,
            refilled: Instant::now(),
        }
    }

    /// The same, of which work may make more than it begins with.
    fn up_to(self, max: u32) -> Self {
        Self { max, ..self }
    }

    /// Takes one; returns whether there was one.
    fn take(&mut self) -> bool {
        if self.left == 0 {
            self.refill();
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }

    /// Adds what the time since the last time makes, and keeps the rest of a second.
    fn refill(&mut self) {
        let elapsed = self.refilled.elapsed();
        let earned = elapsed.as_millis().saturating_mul(self.per_second.into()) / 1000;
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned > 0 {
            self.left = earned.min(self.burst);
            let spent = Duration::from_millis(u64::from(earned).saturating_mul(1000))
                / self.per_second.max(1);
            self.refilled += spent.min(elapsed);
        }
    }

    fn earn(&mut self, more: u32) {
        self.left = self.left.saturating_add(more).min(self.max);
    }
}

/// The budgets of a connection, and where it is in the frames of both directions.
#[derive(Debug)]
pub(super) struct FrameGuard {
    reading: FrameScanner,
    writing: FrameScanner,
    cheap: Budget,
    settings: Budget,
    resets: Budget,
    /// Frames of data that were sent since the last that made a reset more.
    data_frames: u32,
    streams: OpenedStreams,
    /// What was read in this turn.
    turn_work: u32,
    turn_bytes: usize,
}

/// The last streams that the peer has opened.
#[derive(Debug, Default)]
struct OpenedStreams {
    /// That of headers which have not ended.
    begun: Option<u32>,
    /// Of those whose headers have ended.
    last: u32,
    /// The same, of what was passed on: HTTP has the bytes, and may have answered.
    passed_on: u32,
}

impl OpenedStreams {
    /// A frame begins, and the one before has ended.
    fn begin(&mut self, headers_of: Option<u32>) {
        self.end();
        self.begun = headers_of;
    }

    /// The last frame has ended.
    fn end(&mut self) {
        self.last = self.last.max(self.begun.take().unwrap_or_default());
    }
}

impl FrameGuard {
    pub(super) fn new() -> Self {
        Self {
            reading: FrameScanner::of_client(),
            writing: FrameScanner::of_server(),
            cheap: Budget::new(CHEAP_BURST, CHEAP_PER_SECOND),
            settings: Budget::new(SETTINGS_BURST, SETTINGS_PER_SECOND),
            resets: Budget::new(RESETS_BURST, RESETS_PER_SECOND).up_to(RESETS_MAX),
            data_frames: 0,
            streams: OpenedStreams::default(),
            turn_work: 0,
            turn_bytes: 0,
        }
    }

    /// Whether the peer sends frames, as far as it has told.
    pub(super) fn is_framed(&self) -> bool {
        self.reading.is_framed()
    }

    /// Whether the other tasks have waited long enough. It begins the next turn.
    pub(super) fn ends_turn(&mut self) -> bool {
        let is_over = self.turn_work >= TURN_WORK || self.turn_bytes >= TURN_BYTES;
        if is_over {
            (self.turn_work, self.turn_bytes) = (0, 0);
        }
        is_over
    }

    /// Nothing is left to read: the other tasks have their turn.
    pub(super) fn waits(&mut self) {
        (self.turn_work, self.turn_bytes) = (0, 0);
    }

    /// Looks at bytes from the peer, which are passed on to HTTP unless it sends too much.
    ///
    /// # Errors
    /// What it sends too much of.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Result<(), Flood> {
        let outcome = self.look_at(bytes);
        if self.reading.is_between_frames() {
            self.streams.end();
        }
        if outcome.is_ok() {
            self.streams.passed_on = self.streams.last;
        }
        outcome
    }

    fn look_at(&mut self, bytes: &[u8]) -> Result<(), Flood> {
        self.turn_bytes = self.turn_bytes.saturating_add(bytes.len());
        let (mut rest, mut outcome) = (bytes, Ok(()));
        while let Some(head) = self.reading.next(&mut rest) {
            let work = match head.kind {
                HEADERS | SETTINGS => LARGE_WORK,
                _ => 1,
            };
            self.turn_work = self.turn_work.saturating_add(work);
            let headers_of = (head.kind == HEADERS).then_some(head.stream);
            self.streams.begin(headers_of);
            // The bytes are followed to their end, so that the next ones are still found.
            outcome = outcome.and(self.count(head));
        }
        outcome
    }

    fn count(&mut self, head: FrameHead) -> Result<(), Flood> {
        let (budget, flood) = match head.kind {
            HEADERS => {
                self.cheap.earn(CHEAP_PER_WORK);
                return Ok(());
            }
            // They belong to a request, and HTTP/2 itself bounds them.
            DATA | CONTINUATION | PUSH_PROMISE => return Ok(()),
            RST_STREAM => (&mut self.resets, Flood::Resets),
            SETTINGS if head.flags & ACK == 0 => (&mut self.settings, Flood::Settings),
            _ => (&mut self.cheap, Flood::Cheap),
        };
        if budget.take() { Ok(()) } else { Err(flood) }
    }

    /// Looks at bytes for the peer.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        if !self.is_framed() {
            return;
        }
        let mut rest = bytes;
        while let Some(head) = self.writing.next(&mut rest) {
            if head.kind == DATA {
                let windows = head.length / BYTES_PER_CHEAP;
                self.cheap.earn(CHEAP_PER_WORK.saturating_add(windows));
                self.data_frames = self.data_frames.saturating_add(1);
                if self.data_frames >= DATA_PER_RESET {
                    self.data_frames = 0;
                    self.resets.earn(1);
                }
            }
            if matches!(head.kind, DATA | HEADERS) && head.flags & END_STREAM != 0 {
                self.resets.earn(RESETS_PER_ANSWER);
            }
        }
    }

    /// The frame that ends the connection and says why, unless the peer is in the middle of another one. It names the last stream
    /// that was passed on: the client of a later one may send its request again, to another server.
    pub(super) fn goaway(&self, flood: Flood) -> Option<Vec<u8>> {
        let name = flood.name().as_bytes();
        let length = u8::try_from(name.len().saturating_add(8)).ok()?;
        let head = [0, 0, length, GOAWAY, 0, 0, 0, 0, 0];
        let code = [0, 0, 0, ENHANCE_YOUR_CALM];
        let frame = [
            &head[..],
            &self.streams.passed_on.to_be_bytes(),
            &code,
            name,
        ]
        .concat();
        self.writing.is_between_frames().then_some(frame)
    }
}

#[cfg(test)]
mod tests;
