//! The text of a cell.
//!
//! A spreadsheet takes a text that begins with `=` for a formula, and runs it. Texts come from outside (an error of a bank, a
//! name), so an apostrophe before such a text keeps it a text. A number is no text: `-3.68` stays as it is.

use serde_json::Value;

use crate::tabular::dialect::Dialect;

/// The first characters by which a spreadsheet takes a text for a formula, some of them after it trimmed the text.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// What separates the texts of a list, as it does the two sources of a crossed rate.
const BETWEEN: &str = "+";
/// What stands in a path for each item of a list.
const EACH_ITEM: &str = "/*";

/// The text of the value at the path of a column.
pub(super) fn cell_at(row: &Value, path: &str, dialect: Dialect) -> String {
    let Some((list, field)) = path.split_once(EACH_ITEM) else {
        return cell(row.pointer(path), dialect);
    };
    let items = row.pointer(list).and_then(Value::as_array);
    let texts = items.into_iter().flatten();
    let texts = texts.filter_map(|item| item.pointer(field)?.as_str());
    text_cell(&texts.collect::<Vec<_>>().join(BETWEEN), dialect)
}

/// The text of a value; empty where the value or a message around it is absent.
fn cell(value: Option<&Value>, dialect: Dialect) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text_cell(text, dialect),
        Some(value) => value.to_string(),
    }
}

/// The same of a text.
pub(super) fn text_cell(text: &str, dialect: Dialect) -> String {
    if is_decimal(text) {
        return if dialect.has_decimal_comma() {
            text.replace('.', ",")
        } else {
            text.to_owned()
        };
    }
    if text.starts_with(FORMULA_STARTS) {
        return format!("'{text}");
    }
    text.to_owned()
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
                assert_eq!(text_cell(text, dialect), format!("'{text}"));
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
            assert_eq!(text_cell(text, Dialect::Rfc4180), text);
            assert_eq!(text_cell(text, Dialect::ExcelPoint), text);
            assert_eq!(text_cell(text, Dialect::ExcelComma), with_comma);
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
            assert_eq!(text_cell(text, Dialect::ExcelComma), text);
        }
    }

    #[test]
    fn the_texts_of_a_list_stand_in_one_cell() {
        let row = serde_json::json!({"sources": [{"id": "cbr"}, {"id": "nbk"}], "none": []});
        let at = |path| cell_at(&row, path, Dialect::Rfc4180);
        assert_eq!(at("/sources/*/id"), "cbr+nbk");
        assert_eq!(at("/none/*/id"), "");
        assert_eq!(at("/sources/0/id"), "cbr");
    }

    #[test]
    fn what_is_absent_is_an_empty_cell() {
        assert_eq!(cell(None, Dialect::Rfc4180), "");
        assert_eq!(cell(Some(&Value::Null), Dialect::Rfc4180), "");
        assert_eq!(cell(Some(&Value::from(0)), Dialect::Rfc4180), "0");
        assert_eq!(cell(Some(&Value::from(false)), Dialect::Rfc4180), "false");
    }
}
