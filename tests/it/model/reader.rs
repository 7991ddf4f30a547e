//! A reader of the wire, which checks every message that it receives.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use prost::Message;
use silkrate::pb;
use silkrate::pb::ResumeVerdict as Verdict;
use silkrate::pb::watch_rates_response::Event;
use tokio::time::Instant;
use tonic::body::Body;

use crate::model::plan::{Resume, Terms};
use crate::model::world::{Ending, ServedState, World};
use crate::support::boards::HEARTBEAT;
use crate::support::test_commit::NEWS_MAX;
use crate::support::wire::{Piece, call, piece, split};

/// The minimum interval that a throttled reader requests.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);

/// A reader: the rows it has, their position, and its stream.
#[derive(Default)]
pub(super) struct Reader {
    filter: usize,
    held: Option<pb::Position>,
    rows: ServedState,
    stream: Option<Stream>,
}

struct Stream {
    body: Body,
    rest: BytesMut,
    min_interval: Duration,
    expected: Expected,
    last_message: Instant,
    last_rows: Option<Instant>,
    /// The number of commits when it last had read everything; `None` before that.
    read_until: Option<usize>,
}

/// The message that must follow.
#[derive(Debug, Clone, PartialEq)]
enum Expected {
    Opening(Verdict, pb::Position),
    Snapshot,
    CatchUp,
    News,
}

impl Stream {
    /// Whether the opening, and the snapshot or catch-up after it, were read.
    fn is_begun(&self) -> bool {
        self.expected == Expected::News
    }
}

impl Reader {
    pub(super) fn disconnect(&mut self) {
        self.stream = None;
    }

    /// Connects, and reads the opening and the message that must follow it.
    pub(super) async fn connect(&mut self, world: &mut World, terms: &Terms) {
        self.filter = terms.filter;
        let mut request = World::request(terms.filter);
        request.resume_after = self.resume_at(world, terms.resume);
        request.updates_only = terms.is_updates_only;
        let min_interval = if terms.is_throttled {
            INTERVAL
        } else {
            Duration::ZERO
        };
        request.min_interval = Some(min_interval.try_into().unwrap());
        let (verdict, begins) = verdict(world, request.resume_after.as_ref());
        let answer = call(world.service(terms.is_shared), "WatchRates", &request);
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("grpc-status"));
        self.stream = Some(Stream {
            body: answer.into_body(),
            rest: BytesMut::new(),
            min_interval,
            expected: Expected::Opening(verdict, begins.clone()),
            last_message: Instant::now(),
            last_rows: None,
            read_until: None,
        });
        // A reader that resumes has the rows of its position; one of updates alone has read them elsewhere.
        if verdict == Verdict::Resumed || terms.is_updates_only {
            self.rows = world.served(&begins, terms.filter).clone();
            self.held = Some(begins);
        }
        let rows_due = if verdict == Verdict::Resumed {
            Expected::CatchUp
        } else if terms.is_updates_only {
            Expected::News
        } else {
            Expected::Snapshot
        };
        tokio::task::yield_now().await;
        self.read_one(world, Some(&rows_due));
        // An opening alone is followed at once by its rows.
        if self
            .stream
            .as_ref()
            .is_some_and(|stream| !stream.is_begun())
        {
            self.read_one(world, None);
        }
    }

    fn resume_at(&self, world: &World, resume: Resume) -> Option<pb::Position> {
        let present = &world.present().position;
        let at = |epoch: &str, revision| {
            let epoch = epoch.to_owned();
            Some(pb::Position { epoch, revision })
        };
        match resume {
            Resume::No => None,
            Resume::Held => self.held.clone(),
            Resume::Once(index) => {
                let position = &index.get(world.past()).position;
                at(&position.epoch, position.revision)
            }
            Resume::Foreign => at("another", present.revision),
            Resume::Ahead => at(&present.epoch, present.revision + 1),
        }
    }

    /// Reads at most `pieces` pieces, or all there are.
    pub(super) fn read(&mut self, world: &mut World, pieces: usize) -> Ending {
        for _ in 0..pieces {
            if !self.read_one(world, None) {
                break;
            }
        }
        if self.stream.is_some() {
            Ending::Open
        } else {
            Ending::Closed
        }
    }

    /// Reads one piece. `rows_due` is the message that must follow an opening in it. Returns whether there was a piece.
    fn read_one(&mut self, world: &mut World, rows_due: Option<&Expected>) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        match piece(&mut stream.body) {
            Piece::Pending => {
                assert!(stream.rest.is_empty(), "half a message");
                let expected = &stream.expected;
                assert!(
                    stream.is_begun(),
                    "the first value is not delayed: {expected:?}"
                );
                let silence = stream.last_message.elapsed();
                assert!(silence <= HEARTBEAT, "no heartbeat for {silence:?}");
                stream.read_until = Some(world.past().len());
                false
            }
            Piece::Data(data) => {
                stream.rest.extend_from_slice(&data);
                for message in split(&mut stream.rest) {
                    self.take(world, &message, rows_due);
                }
                true
            }
            Piece::End => panic!("a stream ends with a status"),
            Piece::Trailers(trailers) => {
                assert_eq!(trailers["grpc-status"], "14", "never OK");
                assert!(trailers.contains_key("grpc-status-details-bin"));
                self.stream = None;
                false
            }
        }
    }

    fn take(&mut self, world: &mut World, raw: &Bytes, rows_due: Option<&Expected>) {
        let message = pb::WatchRatesResponse::decode(&raw[5..]).unwrap();
        let position = message.position.expect("every message has a position");
        let stream = self.stream.as_mut().unwrap();
        let now = Instant::now();
        let expected = std::mem::replace(&mut stream.expected, Expected::News);
        // The first update after a resume may be empty: then nothing has changed.
        let is_first = expected == Expected::CatchUp;
        match (message.event.unwrap(), expected) {
            (Event::Opening(opening), Expected::Opening(verdict, begins)) => {
                assert_eq!((opening.verdict(), &position), (verdict, &begins));
                let granted = opening.min_interval.unwrap().try_into();
                assert_eq!(granted, Ok(stream.min_interval));
                stream.expected = rows_due.expect("an opening comes once").clone();
            }
            (Event::Snapshot(snapshot), expected) => {
                assert_ne!(expected, Expected::CatchUp, "resumed is resumed");
                if expected == Expected::News {
                    self.assert_snapshot_is_needed(world, &position);
                }
                let seen = Seen {
                    after: None,
                    is_first: expected == Expected::Snapshot,
                };
                self.rows = ServedState::of(snapshot.rates, snapshot.sources);
                let served = world.served(&position, self.filter);
                assert_eq!(self.rows.pairs, served.pairs, "in the order of the filter");
                self.check_state(world, raw, position, &seen);
            }
            (Event::Update(update), Expected::CatchUp | Expected::News) => {
                self.apply(world, raw, position, (update, is_first));
            }
            (Event::Heartbeat(heartbeat), Expected::News) => {
                assert_eq!(Some(&position), self.held.as_ref(), "it never overtakes");
                let states = heartbeat
                    .sources
                    .into_iter()
                    .map(|detail| detail.state.unwrap());
                let states = states.map(|state| (state.id.clone(), state)).collect();
                assert_eq!(self.rows.sources, states);
                assert!(heartbeat.server_time.is_some());
            }
            (event, expected) => panic!("{event:?} instead of {expected:?}"),
        }
        self.stream.as_mut().unwrap().last_message = now;
    }

    /// Asserts the reason of a snapshot within a stream: another epoch, or removals that are no longer remembered.
    fn assert_snapshot_is_needed(&self, world: &World, position: &pb::Position) {
        let held = self.held.as_ref().unwrap();
        let is_lost = held.epoch != position.epoch || held.revision < world.forgotten();
        assert!(is_lost, "an update is enough after {held:?}");
    }

    fn apply(
        &mut self,
        world: &mut World,
        raw: &Bytes,
        position: pb::Position,
        (update, is_first): (pb::Update, bool),
    ) {
        assert_eq!(update.after, self.held, "an update follows what is held");
        let after = self.held.as_ref().unwrap().revision;
        assert_eq!(update.commits, position.revision - after);
        assert!(
            is_first || position.revision > after,
            "no update without a commit"
        );
        for pair in &update.removed_pairs {
            self.rows.rates.remove(pair);
        }
        for rate in update.rates {
            assert!(!update.removed_pairs.contains(&rate.pair), "{}", rate.pair);
            assert!(
                rate.changed_at_revision > after,
                "{} has not changed",
                rate.pair
            );
            self.rows.rates.insert(rate.pair.clone(), rate);
        }
        for state in update.sources {
            self.rows.sources.insert(state.id.clone(), state);
        }
        let seen = Seen {
            after: Some(after),
            is_first,
        };
        self.check_state(world, raw, position, &seen);
    }

    /// Checks the state after a message with rows: it is that of the position, and the message has the same bytes for
    /// every reader.
    fn check_state(&mut self, world: &mut World, raw: &Bytes, position: pb::Position, seen: &Seen) {
        let served = world.served(&position, self.filter);
        assert_eq!(self.rows.rates, served.rates, "at {position:?}");
        assert_eq!(self.rows.sources, served.sources, "at {position:?}");
        let key = (
            self.filter,
            seen.after,
            position.epoch.clone(),
            position.revision,
        );
        let same = world.seen.entry(key).or_insert_with(|| raw.clone());
        assert_eq!(same, raw, "every reader gets the same message");

        let stream = self.stream.as_mut().unwrap();
        let now = Instant::now();
        if let Some(last) = stream.last_rows {
            assert!(now - last >= stream.min_interval, "too soon");
        }
        stream.last_rows = Some(now);
        if let (Some(after), Some(read_until)) = (seen.after, stream.read_until) {
            let kept_up = world.past().len() - read_until <= NEWS_MAX;
            if kept_up && stream.min_interval.is_zero() && !seen.is_first {
                assert_eq!(position.revision, after + 1, "one update for each commit");
            }
        }
        self.held = Some(position);
    }

    /// Asserts that the reader has received every commit.
    pub(super) fn assert_is_current(&mut self, world: &World) {
        let present = &world.present().position;
        let held = self.held.as_ref().unwrap();
        assert_eq!(
            (held.epoch.as_str(), held.revision),
            (&*present.epoch, present.revision)
        );
    }
}

/// The place of a message with rows in its stream.
struct Seen {
    after: Option<u64>,
    is_first: bool,
}

/// The verdict that a resume must have, and the position at which the stream begins.
fn verdict(world: &World, resume: Option<&pb::Position>) -> (Verdict, pb::Position) {
    let present = &world.present().position;
    let begins = pb::Position {
        epoch: present.epoch.to_string(),
        revision: present.revision,
    };
    match resume {
        None => (Verdict::SnapshotRequested, begins),
        Some(held) if held.epoch != begins.epoch => (Verdict::SnapshotOtherEpoch, begins),
        Some(held) if held.revision > begins.revision => (Verdict::SnapshotAhead, begins),
        Some(held) if held.revision < world.forgotten() => (Verdict::SnapshotTooOld, begins),
        Some(held) => (Verdict::Resumed, held.clone()),
    }
}
