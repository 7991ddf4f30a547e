//! The line of a chart as a path of SVG: a step for each rate, and nothing where none stood.
//!
//! An official rate stands until the next one, so a line that slopes from one to the next would show values that never were.

use std::fmt::Write;

/// A length or a place, in tenths of a pixel: finer than a screen shows, and one decimal in the path.
pub(in crate::web) type Tenths = i64;

/// A rate that stood, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Stretch {
    /// Where it begins.
    pub(in crate::web) from: Tenths,
    /// Where it ends.
    pub(in crate::web) to: Tenths,
    /// Its height, from above.
    pub(in crate::web) y: Tenths,
}

/// The path of stretches in the order of time. Where one does not begin at the end of the one before it, the line is broken.
pub(in crate::web) fn path(stretches: &[Stretch]) -> String {
    let mut path = String::new();
    let mut run = 0;
    let mut before: Option<Stretch> = None;
    for stretch in stretches {
        match before.filter(|before| before.to == stretch.from) {
            Some(before) if before.y == stretch.y => {}
            Some(before) => {
                horizontal(&mut path, &mut run);
                path.push('v');
                path.push_str(&short(stretch.y - before.y));
            }
            None => {
                horizontal(&mut path, &mut run);
                let (x, y) = (short(stretch.from), short(stretch.y));
                // Writing to a string does not fail.
                write!(path, "M{x} {y}").unwrap_or_default();
            }
        }
        run += stretch.to - stretch.from;
        before = Some(*stretch);
    }
    horizontal(&mut path, &mut run);
    path
}

/// The part of the line that is due, if any.
fn horizontal(path: &mut String, run: &mut Tenths) {
    if *run != 0 {
        path.push('h');
        path.push_str(&short(*run));
        *run = 0;
    }
}

/// A number of a path in the fewest characters: `12`, `12.3`, `-.5`.
pub(in crate::web) fn short(tenths: Tenths) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    match (whole, tenth) {
        (whole, 0) => format!("{}{whole}", if whole == 0 { "" } else { sign }),
        (0, tenth) => format!("{sign}.{tenth}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stretches: &[(Tenths, Tenths, Tenths)]) -> String {
        let stretch = |(from, to, y): &(Tenths, Tenths, Tenths)| Stretch {
            from: *from,
            to: *to,
            y: *y,
        };
        path(&stretches.iter().map(stretch).collect::<Vec<_>>())
    }

    #[test]
    fn a_rate_is_a_step_and_an_equal_one_makes_it_longer() {
        assert_eq!(of(&[(0, 100, 55), (100, 200, 5)]), "M0 5.5h10v-5h10");
        assert_eq!(of(&[(0, 100, 55), (100, 203, 55)]), "M0 5.5h20.3");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn the_line_is_broken_where_no_rate_stood() {
        let broken = of(&[(0, 100, 55), (150, 200, 55), (200, 250, 60)]);
        assert_eq!(broken, "M0 5.5h10M15 5.5h5v.5h5");
    }

    #[test]
    fn a_number_has_no_digit_too_many() {
        let numbers = [0, 5, -5, 10, -10, 123, -123, 1000].map(short);
        assert_eq!(
            numbers,
            ["0", ".5", "-.5", "1", "-1", "12.3", "-12.3", "100"]
        );
    }
}
