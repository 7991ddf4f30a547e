//! What can happen, at random.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::world::{BANKS, FILTERS};

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Commits, one after another, without a read between them.
    Commits(Vec<Change>),
    /// Continuity is lost.
    Renew,
    /// A number of seconds passes.
    Wait(u16),
    /// A reader comes, again or for the first time.
    Connect { reader: usize, terms: Terms },
    /// A reader goes without a word.
    Disconnect { reader: usize },
    /// A reader reads at most a number of frames.
    Read { reader: usize, frames: u8 },
}

/// What moves the state.
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
    /// A day begins without a word of any bank.
    Silence,
    /// A currency is not quoted any more, and what it was is not known either.
    Vanish { bank: usize, code: usize },
    /// All of a bank is lost.
    Lose { bank: usize },
}

/// What a reader asks for.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) filter: usize,
    pub(super) is_throttled: bool,
    pub(super) is_updates_only: bool,
    pub(super) is_shared: bool,
    pub(super) resume: Resume,
}

/// Where a reader wants to go on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resume {
    /// Nowhere: from the beginning.
    No,
    /// Where it stopped, if it had begun.
    Held,
    /// At some position that was served once, of this epoch or of another.
    Once(prop::sample::Index),
    /// At a position of an epoch that never was.
    Foreign,
    /// Beyond the present.
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
