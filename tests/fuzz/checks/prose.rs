//! Texts about an input, which stand in logs, on terminals and in answers.

/// The longest sentence: the texts of banks within it are shortened to 120 characters each.
const CHARS_MAX: usize = 1_000;

/// Checks that a sentence about an input is short, and that nothing in it moves a cursor or turns the direction of letters.
pub(crate) fn check(sentence: &str) {
    assert!(!sentence.is_empty(), "an empty sentence");
    assert!(sentence.chars().count() <= CHARS_MAX, "{sentence:?}");
    let is_unsafe = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}')
            || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!sentence.contains(is_unsafe), "{sentence:?}");
}
