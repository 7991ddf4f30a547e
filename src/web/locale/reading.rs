//! Reads the numbers that a reader wrote, in the way of the language.

use crate::domain::parse_decimal;
use crate::web::locale::{GROUP_DIGITS, Locale};

/// The minus sign of typesetters, which a copied number may have.
const MINUS: char = '\u{2212}';

impl Locale {
    /// The plain notation of a number that a reader wrote: blanks group its digits, and its separators are those of the
    /// language. A part that is left out is zero: `.5` and `5.` are numbers. Nothing where the meaning is in doubt, such as
    /// `1,5` in English or `1.000,5`.
    pub(in crate::web) fn read_number(&self, text: &str) -> Option<String> {
        let letters = text.chars().filter(|letter| !letter.is_whitespace());
        let text: String = letters
            .map(|letter| if letter == MINUS { '-' } else { letter })
            .collect();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(&text)),
        };
        let (whole, fraction) = self.parts(digits)?;
        match (whole.as_str(), fraction) {
            ("", "") => None,
            ("", fraction) => Some(format!("{sign}0.{fraction}")),
            (whole, "") => Some(format!("{sign}{whole}")),
            (whole, fraction) => Some(format!("{sign}{whole}.{fraction}")),
        }
    }

    /// Whether what a reader wrote so far is the beginning of a number, such as `-`, or `1,0` in English: with the digits that
    /// complete its group it is one.
    pub(in crate::web) fn begins_number(&self, text: &str) -> bool {
        (1..=GROUP_DIGITS).any(|missing| {
            let completed = format!("{text}{}", "0".repeat(missing));
            let number = self.read_number(&completed);
            number.is_some_and(|number| parse_decimal(&number).is_ok())
        })
    }

    /// The digits before and after the decimal separator of a number without a sign.
    fn parts<'t>(&self, digits: &'t str) -> Option<(String, &'t str)> {
        if !digits.contains(',') {
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            return Some((whole.to_owned(), fraction));
        }
        if self.decimal == "," {
            let (whole, fraction) = digits.split_once(',')?;
            let is_plain = !digits.contains('.') && !fraction.contains(',');
            return is_plain.then(|| (whole.to_owned(), fraction));
        }
        let (whole, fraction) = match digits.split_once('.') {
            Some(parts) => parts,
            // The next group is not written yet.
            None => (digits.strip_suffix(',').unwrap_or(digits), ""),
        };
        let mut groups = whole.split(',');
        let first = groups.next()?.len();
        let is_grouped = !whole.contains(',')
            || (1..=GROUP_DIGITS).contains(&first)
                && groups.all(|group| group.len() == GROUP_DIGITS);
        let is_plain = is_grouped && !fraction.contains(',');
        is_plain.then(|| (whole.replace(',', ""), fraction))
    }
}

#[cfg(test)]
mod tests {
    use crate::web::locale;

    #[test]
    fn a_number_is_read_with_the_separators_of_its_language() {
        for (tag, text, read) in [
            ("ru", "1 000,5", Some("1000.5")),
            ("ru", "1\u{a0}000", Some("1000")),
            ("ru", "1.5", Some("1.5")),
            ("ru", "1,", Some("1")),
            ("ru", ",5", Some("0.5")),
            ("ru", "1.000,5", None),
            ("ru", "1,000,000", None),
            ("en", "1,000.5", Some("1000.5")),
            ("en", "1,000", Some("1000")),
            ("en", "1,000,000", Some("1000000")),
            ("en", "-12,345,678", Some("-12345678")),
            ("en", "\u{2212}5", Some("-5")),
            ("en", "+5", Some("5")),
            ("en", ".5", Some("0.5")),
            ("en", "-.5", Some("-0.5")),
            ("en", "5.", Some("5")),
            ("en", "1,", Some("1")),
            ("en", "1000,", Some("1000")),
            ("en", "1,000,", Some("1000")),
            ("en", "1,5", None),
            ("en", "1,,000", None),
            ("en", "1.5,000", None),
            ("en", "-", None),
            ("en", ".", None),
            ("en", ",", None),
            ("en", "", None),
        ] {
            let (_, locale) = locale::find(tag).unwrap();
            assert_eq!(locale.read_number(text).as_deref(), read, "{tag} {text}");
        }
    }

    #[test]
    fn a_beginning_of_a_number_differs_from_what_is_never_one() {
        for (tag, number) in [
            ("en", "-1,234,567.05"),
            ("en", "1 000.5"),
            ("en", "+.5"),
            ("ru", "1\u{a0}000,50"),
            ("ru", "-1000.5"),
            ("kk", ",5"),
        ] {
            let (_, locale) = locale::find(tag).unwrap();
            let mut written = String::new();
            for letter in number.chars() {
                let is_number = locale.read_number(&written).is_some();
                let is_begun = locale.begins_number(&written);
                assert!(is_number || is_begun, "{tag} {written}");
                written.push(letter);
            }
        }
        for (tag, text) in [
            ("en", "many"),
            ("en", "1,0000"),
            ("en", "1,,"),
            ("en", "1.5,"),
            ("en", "1e"),
            ("en", "--"),
            ("ru", "1.000,5"),
            ("ru", "1,5,"),
            ("ru", "5 $"),
        ] {
            let (_, locale) = locale::find(tag).unwrap();
            assert!(!locale.begins_number(text), "{tag} {text}");
        }
    }
}
