//! Sizes in bytes, as settings write them.

use std::ops::RangeInclusive;

use crate::config::entries::Raw;
use crate::config::values;

/// Units, the largest first, by the bits that they are shifted by.
const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];

/// A size within bounds.
pub(super) fn bytes(raw: &Raw, bounds: &RangeInclusive<u64>) -> Result<u64, String> {
    let text = values::text(raw)?;
    let bytes = parse(text).ok_or_else(|| format!("`{text}` is not a size"))?;
    if bounds.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("`{text}` is out of bounds"))
    }
}

/// The accepted form of a size within bounds.
pub(super) fn bytes_accepted(bounds: &RangeInclusive<u64>) -> String {
    let (least, most) = (bytes_text(*bounds.start()), bytes_text(*bounds.end()));
    format!("an integer with a unit (512MiB, 2GiB) in quotes, from {least} to {most}")
}

/// A size as it is written in a setting, in the largest unit without a fraction.
pub(super) fn bytes_text(bytes: u64) -> String {
    let fits = |(_, bits): &&(&str, u32)| bytes.trailing_zeros() >= *bits;
    let (name, bits) = UNITS.iter().find(fits).unwrap_or(&("B", 0));
    format!("{}{name}", bytes >> bits)
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?;
    let (_, bits) = UNITS.iter().find(|(name, _)| *name == unit)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_an_integer_with_a_unit() {
        for (text, bytes) in [
            ("1KiB", 1024),
            ("512MiB", 536_870_912),
            ("2GiB", 2_147_483_648),
            ("1025KiB", 1_049_600),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(bytes_text(bytes), text);
        }
        for wrong in [
            "",
            "512",
            "MiB",
            "512MB",
            "512M",
            "1.5GiB",
            "-1GiB",
            "512 MiB",
            "99999999999999999GiB",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(bytes_text(2048 << 20), "2GiB");
    }

    #[test]
    fn a_size_out_of_bounds_is_refused_with_the_bounds() {
        let bounds = 256 << 20..=1 << 40;
        let read = |text: &str| bytes(&Raw::Text(text.to_owned()), &bounds);
        assert_eq!(read("256MiB"), Ok(256 << 20));
        assert!(read("255MiB").unwrap_err().contains("out of bounds"));
        assert!(bytes_accepted(&bounds).ends_with("from 256MiB to 1024GiB"));
    }
}
