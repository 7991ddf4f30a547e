//! The pieces of answers that wait for their readers: what the body of a stream tells the task of the stream.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::listener::account::Piece;
use crate::listener::cuts::Cuts;
use crate::listener::wakers::keep;

/// What a reader takes of a piece for its wait to begin anew: as much as the largest frame. A peer that took a byte now and then
/// would hold a long piece for hours.
pub(super) const PROGRESS_BYTES_MIN: usize = 16 * 1024;

/// When a piece began to wait, and who waits for its end.
#[derive(Debug)]
pub(super) struct Waiting {
    piece: Piece,
    /// The cut answers of its connection.
    cuts: Arc<Cuts>,
    state: Mutex<WaitingState>,
}

#[derive(Debug)]
struct WaitingState {
    /// Nothing once it is sent.
    since: Option<Instant>,
    /// What was taken of it since then, in bytes.
    taken: usize,
    /// Since when its answer is to end without it.
    cut: Option<Instant>,
    /// That of the body, which goes on when it is sent.
    waker: Option<Waker>,
    /// That of the task which sends it, which ends when it is cut.
    sender: Option<Waker>,
}

/// A piece that waits no more. Its body goes on when this is dropped.
#[derive(Debug)]
pub(super) struct Ended(Option<Waker>);

impl Waiting {
    /// A piece begins to wait on the connection with these cut answers.
    pub(super) fn begin(piece: Piece, cuts: Arc<Cuts>) -> Arc<Self> {
        Arc::new(Self {
            piece,
            cuts,
            state: Mutex::new(WaitingState {
                since: Some(Instant::now()),
                taken: 0,
                cut: None,
                waker: None,
                sender: None,
            }),
        })
    }

    /// What waits.
    pub(super) fn piece(&self) -> Piece {
        self.piece
    }

    /// Since when it waits, or its reader last took a frame of it; nothing once it is sent.
    pub(super) fn since(&self) -> Option<Instant> {
        self.lock().since
    }

    /// Its reader took some bytes of it.
    pub(super) fn taken(&self, bytes: usize) {
        let mut state = self.lock();
        state.taken = state.taken.saturating_add(bytes);
        if state.taken >= PROGRESS_BYTES_MIN && state.since.is_some() {
            (state.since, state.taken) = (Some(Instant::now()), 0);
        }
    }

    /// Ready once it is sent.
    pub(super) fn poll_sent(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.since.is_none() {
            return Poll::Ready(());
        }
        keep(&mut state.waker, cx);
        Poll::Pending
    }

    /// Has its answer cut; returns whether it does, which it does not if it is sent or cut already.
    pub(super) fn cut(&self) -> bool {
        let mut state = self.lock();
        if state.since.is_none() || state.cut.is_some() {
            return false;
        }
        let now = Instant::now();
        state.cut = Some(now);
        // Before it can end, for then it is removed.
        self.cuts.add(now);
        let sender = state.sender.take();
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        true
    }

    /// Whether its answer is cut.
    pub(super) fn is_cut(&self) -> bool {
        self.lock().cut.is_some()
    }

    /// Ready once its answer is cut.
    pub(super) fn poll_cut(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.cut.is_some() && state.since.is_some() {
            return Poll::Ready(());
        }
        keep(&mut state.sender, cx);
        Poll::Pending
    }

    /// It is sent, or will not be.
    pub(super) fn end(&self) -> Ended {
        let mut state = self.lock();
        state.since = None;
        if let Some(at) = state.cut {
            self.cuts.remove(at);
        }
        Ended(state.waker.take())
    }

    /// It is whole at every moment, so a panic while it was locked does not spoil it.
    fn lock(&self) -> MutexGuard<'_, WaitingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}

/// What the body of a stream has told of itself while its task was polled.
#[derive(Debug, Default)]
pub(super) enum Polled {
    /// It was not polled.
    #[default]
    Not,
    /// It waits for its next frame, or for a long piece to be sent.
    Waits,
    /// It yielded a short piece, and was not polled again: HTTP holds the piece until there is a window for it.
    Yielded,
    /// It yielded a long piece.
    Counted(Arc<Waiting>),
}

thread_local! {
    /// What the body told of the stream whose task this thread polls.
    static POLLED: RefCell<Polled> = const { RefCell::new(Polled::Not) };
}

/// Tells the task of a stream what its body does.
pub(super) fn note(polled: Polled) {
    POLLED.set(polled);
}

/// What the body told since the task last told that it was not polled.
pub(super) fn noted() -> Polled {
    POLLED.take()
}
