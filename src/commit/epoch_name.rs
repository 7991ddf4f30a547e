//! The names of epochs.

/// The length of a name: 80 random bits.
const EPOCH_LETTERS: usize = 16;

/// A new random name.
pub(super) fn new_epoch_name() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(EPOCH_LETTERS)
        .collect()
}
