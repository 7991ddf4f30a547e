//! Random plans: commits, time, and the actions of readers.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::world::{BANKS, FILTERS};

/// One step of a plan.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Commits, one after another, without a read between them.
    Commits(Vec<Change>),
    /// The epoch changes.
    Renew,
    /// A number of seconds passes.
    Wait(u16),
    /// A reader connects, again or for the first time.
    Connect { reader: usize, terms: Terms },
    /// A reader disconnects.
    Disconnect { reader: usize },
    /// A reader reads at most a number of frames.
    Read { reader: usize, frames: u8 },
}

/// What a commit changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// A bank publishes a value, or corrects it.
    Value {
        bank: usize,
        code: usize,
        cents: u16,
    },
    /// A day begins, and a bank publishes new values for all it has.
    Day { bank: usize, cents: u16 },
    /// A day begins, and no bank publishes a table.
    Silence,
    /// A currency is not quoted any more, and its earlier values are removed too.
    Vanish { bank: usize, code: usize },
    /// All tables of a bank are removed.
    Lose { bank: usize },
}

/// The request of a reader.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) filter: usize,
    pub(super) is_throttled: bool,
    pub(super) is_updates_only: bool,
    pub(super) is_shared: bool,
    pub(super) resume: Resume,
}

/// The position that a reader resumes after.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resume {
    /// None: a new stream.
    No,
    /// The last position that it received, if there is one.
    Held,
    /// A position that was served, of this epoch or of another.
    Once(prop::sample::Index),
    /// A position of an epoch that never existed.
    Foreign,
    /// A position after the current one.
    Ahead,
}

pub(super) fn plans(readers: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => vec(changes(), 1..6).prop_map(Step::Commits),
        1 => Just(Step::Renew),
        3 => (1_u16..45).prop_map(Step::Wait),
        1 => (600_u16..2_400).prop_map(Step::Wait),
        5 => (0..readers, terms()).prop_map(|(reader, terms)| Step::Connect { reader, terms }),
        2 => (0..readers).prop_map(|reader| Step::Disconnect { reader }),
        9 => (0..readers, 1_u8..6).prop_map(|(reader, frames)| Step::Read { reader, frames }),
    ];
    vec(step, 1..40)
}

fn changes() -> impl Strategy<Value = Change> {
    let codes = BANKS[0].codes.len();
    let bank = || 0..BANKS.len();
    prop_oneof![
        5 => (bank(), 0..codes, 1_u16..999)
            .prop_map(|(bank, code, cents)| Change::Value { bank, code, cents }),
        3 => (bank(), 1_u16..999).prop_map(|(bank, cents)| Change::Day { bank, cents }),
        1 => Just(Change::Silence),
        3 => (bank(), 0..codes).prop_map(|(bank, code)| Change::Vanish { bank, code }),
        1 => bank().prop_map(|bank| Change::Lose { bank }),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let resume = prop_oneof![
        2 => Just(Resume::No),
        4 => Just(Resume::Held),
        3 => any::<prop::sample::Index>().prop_map(Resume::Once),
        1 => Just(Resume::Foreign),
        1 => Just(Resume::Ahead),
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.2), any::<bool>());
    (0..FILTERS.len(), flags, resume).prop_map(|(filter, flags, resume)| Terms {
        filter,
        is_throttled: flags.0,
        is_updates_only: flags.1,
        is_shared: flags.2,
        resume,
    })
}
