//! Letters that a text of a bank, a client or an operator must not have where it is shown.

/// The longest sentence about a request, in characters: those of the contract are a tenth of it, and some repeat a text of the
/// request.
const SENTENCE_CHARS_MAX: usize = 1_000;

/// A sentence for terminals, pages and logs: what it repeats of a request cannot change what these show.
pub fn plain_sentence(text: &str) -> String {
    let letters = text.chars().filter(|letter| !changes_the_line(*letter));
    letters.take(SENTENCE_CHARS_MAX).collect()
}

/// Whether a character is shown as something else than itself: it moves the cursor, begins a command to the terminal, or
/// turns the direction of the text around.
pub fn changes_the_line(character: char) -> bool {
    let is_direction = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_line = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || is_direction || is_line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_repeats_nothing_that_changes_the_line_and_is_not_of_any_length() {
        let text = format!("no value nbk\n\u{1b}[2J\u{202e}{}", "x".repeat(5_000));
        let sentence = plain_sentence(&text);
        assert!(sentence.starts_with("no value nbk[2Jxxx"), "{sentence}");
        assert_eq!(sentence.chars().count(), SENTENCE_CHARS_MAX);
    }
}
