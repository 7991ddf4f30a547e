//! The text of a cell.
//!
//! A spreadsheet takes a text that begins with `=` for a formula, and runs it. Texts come from outside (an error of a bank, a
//! name), so an apostrophe before such a text keeps it a text. A number is no text: `-3.68` stays as it is.

use std::borrow::Cow;

use crate::tabular::dialect::Dialect;

/// The first characters by which a spreadsheet takes a text for a formula, some of them after it trimmed the text.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// The text of a cell with a value.
pub(super) fn cell(value: &str, dialect: Dialect) -> Cow<'_, str> {
    if is_decimal(value) {
        if dialect.has_decimal_comma() {
            return value.replace('.', ",").into();
        }
    } else if value.starts_with(FORMULA_STARTS) {
        return format!("'{value}").into();
    }
    value.into()
}

/// Whether a text is a decimal as the contract writes it: digits, with a minus sign and a point at most.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_spreadsheet_would_run_gets_an_apostrophe() {
        for text in [
            "=1+1",
            "=HYPERLINK(\"https://evil.example\")",
            "+1",
            "-1+1",
            "-",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "-1.",
            "-.5",
            "-1e5",
            "--1",
        ] {
            for dialect in [Dialect::Rfc4180, Dialect::ExcelPoint, Dialect::ExcelComma] {
                assert_eq!(cell(text, dialect), format!("'{text}"));
            }
        }
    }

    #[test]
    fn a_number_keeps_its_sign_and_every_digit() {
        for (text, with_comma) in [
            ("-3.68", "-3,68"),
            ("0.00210486434149", "0,00210486434149"),
            ("475.10", "475,10"),
            ("-100", "-100"),
        ] {
            assert_eq!(cell(text, Dialect::Rfc4180), text);
            assert_eq!(cell(text, Dialect::ExcelPoint), text);
            assert_eq!(cell(text, Dialect::ExcelComma), with_comma);
        }
    }

    #[test]
    fn a_text_that_is_no_number_keeps_its_points() {
        for text in [
            "2026.04.02",
            "www.nbt.tj",
            "KZT/USD",
            "2026-04-02",
            "1.",
            ".5",
            "",
        ] {
            assert_eq!(cell(text, Dialect::ExcelComma), text);
        }
    }
}
