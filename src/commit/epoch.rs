//! Names of epochs.

/// Letters of an epoch: 80 bits of chance.
const EPOCH_LETTERS: usize = 16;

/// A name for an unbroken run of revisions.
pub(super) fn new_epoch() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(EPOCH_LETTERS)
        .collect()
}
