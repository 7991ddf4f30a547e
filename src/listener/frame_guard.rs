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
/// can be. Each answer that ends makes one more: some clients reset every stream then.
const RESETS_BURST: u32 = 1024;
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
    burst: u32,
    per_second: u32,
    refilled: Instant,
}

impl Budget {
    fn new(burst: u32, per_second: u32) -> Self {
        Self {
            left: burst,
            burst,
            per_second,
            refilled: Instant::now(),
        }
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
        self.left = self.left.saturating_add(more).min(self.burst);
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
    /// The last stream that the peer has opened.
    last_stream: u32,
    /// What was read in this turn.
    turn_work: u32,
    turn_bytes: usize,
}

impl FrameGuard {
    pub(super) fn new() -> Self {
        Self {
            reading: FrameScanner::of_client(),
            writing: FrameScanner::of_server(),
            cheap: Budget::new(CHEAP_BURST, CHEAP_PER_SECOND),
            settings: Budget::new(SETTINGS_BURST, SETTINGS_PER_SECOND),
            resets: Budget::new(RESETS_BURST, RESETS_PER_SECOND),
            last_stream: 0,
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

    /// Looks at bytes from the peer.
    ///
    /// # Errors
    /// What it sends too much of.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Result<(), Flood> {
        self.turn_bytes = self.turn_bytes.saturating_add(bytes.len());
        let (mut rest, mut outcome) = (bytes, Ok(()));
        while let Some(head) = self.reading.next(&mut rest) {
            let work = match head.kind {
                HEADERS | SETTINGS => LARGE_WORK,
                _ => 1,
            };
            self.turn_work = self.turn_work.saturating_add(work);
            // The bytes are followed to their end, so that the next ones are still found.
            outcome = outcome.and(self.count(head));
        }
        outcome
    }

    fn count(&mut self, head: FrameHead) -> Result<(), Flood> {
        let (budget, flood) = match head.kind {
            HEADERS => {
                self.last_stream = self.last_stream.max(head.stream);
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
            }
            if matches!(head.kind, DATA | HEADERS) && head.flags & END_STREAM != 0 {
                self.resets.earn(1);
            }
        }
    }

    /// The frame that ends the connection and says why, unless the peer is in the middle of another one.
    pub(super) fn goaway(&self, flood: Flood) -> Option<Vec<u8>> {
        let name = flood.name().as_bytes();
        let length = u8::try_from(name.len().saturating_add(8)).ok()?;
        let head = [0, 0, length, GOAWAY, 0, 0, 0, 0, 0];
        let code = [0, 0, 0, ENHANCE_YOUR_CALM];
        let frame = [&head[..], &self.last_stream.to_be_bytes(), &code, name].concat();
        self.writing.is_between_frames().then_some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::frame_scanner::{PREFACE, frame};

    const PING: u8 = 6;

    fn begun() -> FrameGuard {
        let mut guard = FrameGuard::new();
        guard.received(PREFACE).unwrap();
        guard
    }

    /// How many of a frame a peer may send at once.
    fn allowed(guard: &mut FrameGuard, frame: &[u8]) -> (u32, Flood) {
        let mut count = 0;
        loop {
            match guard.received(frame) {
                Ok(()) => count += 1,
                Err(flood) => return (count, flood),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_cheap_frames_has_a_budget_that_grows_with_time() {
        for (frame, flood, burst, per_second) in [
            (
                frame(PING, 0, 1, &[7; 8]),
                Flood::Cheap,
                CHEAP_BURST,
                CHEAP_PER_SECOND,
            ),
            (
                frame(8, 0, 1, &[0, 0, 0, 1]),
                Flood::Cheap,
                CHEAP_BURST,
                CHEAP_PER_SECOND,
            ),
            (
                frame(2, 0, 1, &[0; 5]),
                Flood::Cheap,
                CHEAP_BURST,
                CHEAP_PER_SECOND,
            ),
            (
                frame(SETTINGS, 0, 1, &[]),
                Flood::Settings,
                SETTINGS_BURST,
                SETTINGS_PER_SECOND,
            ),
            (
                frame(RST_STREAM, 0, 1, &[0; 4]),
                Flood::Resets,
                RESETS_BURST,
                RESETS_PER_SECOND,
            ),
        ] {
            let mut guard = begun();
            assert_eq!(allowed(&mut guard, &frame), (burst, flood));
            for _second in 0..2 {
                tokio::time::advance(Duration::from_secs(1)).await;
                assert_eq!(allowed(&mut guard, &frame), (per_second, flood));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_and_data_that_is_sent_earn_the_frames_that_belong_to_them() {
        let mut guard = begun();
        let ping = frame(PING, 0, 1, &[7; 8]);
        assert_eq!(allowed(&mut guard, &ping).0, CHEAP_BURST);
        guard.received(&frame(HEADERS, 4, 1, &[0x82])).unwrap();
        assert_eq!(allowed(&mut guard, &ping).0, CHEAP_PER_WORK);
        guard.sent(&frame(DATA, 0, 1, b"rate").repeat(2));
        assert_eq!(allowed(&mut guard, &ping).0, 2 * CHEAP_PER_WORK);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_give_the_window_back_for_every_four_kibibytes_on_both_levels() {
        let mut guard = begun();
        for length in [16 * 1024, 1024 * 1024] {
            let data = frame(DATA, 0, 1, &vec![0; length]);
            let update = |stream| frame(8, 0, stream, &4096_u32.to_be_bytes());
            let updates = [update(0), update(1)].concat().repeat(length / 4096);
            for _frame in 0..CHEAP_BURST {
                guard.sent(&data);
                assert_eq!(guard.received(&updates), Ok(()));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_reset_every_stream_whose_answer_has_ended() {
        let mut guard = begun();
        let reset = frame(RST_STREAM, 0, 1, &[0; 4]);
        for kind in [HEADERS, DATA] {
            for _call in 0..2 * RESETS_BURST {
                guard.sent(&frame(kind, END_STREAM, 1, b"rate"));
                assert_eq!(guard.received(&reset), Ok(()));
            }
        }
        // The headers of an answer do not end it.
        guard.sent(&frame(HEADERS, 4, 1, &[0x88]).repeat(9));
        let left = RESETS_BURST - 1;
        assert_eq!(allowed(&mut guard, &reset), (left, Flood::Resets));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_ends_after_its_work_or_bytes_and_with_nothing_to_read() {
        let mut guard = begun();
        let request = frame(HEADERS, 4, 1, &[0x82]);
        let ping = frame(PING, 0, 1, &[7; 8]);
        for (frame, work) in [(ping, 1), (request, LARGE_WORK)] {
            let frames = usize::try_from(TURN_WORK / work).unwrap();
            guard.received(&frame.repeat(frames - 1)).unwrap();
            assert!(!guard.ends_turn());
            guard.received(&frame).unwrap();
            assert!(guard.ends_turn());
            assert!(!guard.ends_turn());
        }
        let data = frame(DATA, 0, 1, &vec![0; TURN_BYTES]);
        guard.received(&data).unwrap();
        guard.waits();
        assert!(!guard.ends_turn());
        guard.received(&data).unwrap();
        assert!(guard.ends_turn());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_frame_names_the_last_stream_and_never_stands_within_another_one() {
        let mut guard = begun();
        guard.received(&frame(HEADERS, 4, 9, &[0x82])).unwrap();
        let data = frame(DATA, 0, 1, b"rate");
        guard.sent(&data[..11]);
        assert_eq!(guard.goaway(Flood::Cheap), None);
        guard.sent(&data[11..]);
        let bytes = guard.goaway(Flood::Settings).unwrap();
        let payload = [&[0, 0, 0, 9, 0, 0, 0, 11][..], b"too_many_settings"].concat();
        assert_eq!(bytes, frame(GOAWAY, 0, 0, &payload));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_are_not_http2_have_no_budget() {
        let mut guard = FrameGuard::new();
        for _request in 0..CHEAP_BURST {
            guard.received(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        }
        guard.received(PREFACE).unwrap();
        let settings = frame(SETTINGS, 0, 1, &[]).repeat(100);
        assert_eq!(guard.received(&settings), Ok(()));
    }
}
