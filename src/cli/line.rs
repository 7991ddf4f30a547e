//! The ticker line, as a news site prints it.

use crate::cli::paint::{Paint, without_controls};
use crate::domain::{self, TickerStyle, parse_decimal};
use crate::pb::{Change, Direction, Freshness, Rate};

/// The separator of two entries.
pub(super) const SEPARATOR: &str = " • ";
/// The mark of a stale entry.
pub(super) const STALE_MARK: &str = "*";

/// One pair: `KZT/USD = 0.00196 -1.04%`, with a star after it when it is stale.
pub(super) fn entry(rate: &Rate, style: TickerStyle) -> String {
    let change = rate.change.as_ref().and_then(change_of);
    let text = match parse_decimal(&rate.value) {
        Ok(value) => domain::ticker_entry(&rate.pair, value, change, style),
        // A value that cannot be parsed is printed as received: better than a gap.
        Err(_unreadable) => format!("{} = {} n/a", rate.pair, rate.value),
    };
    let mark = if is_stale(rate) { STALE_MARK } else { "" };
    without_controls(&text) + mark
}

fn is_stale(rate: &Rate) -> bool {
    rate.freshness() == Freshness::Stale
}

fn change_of(change: &Change) -> Option<(rust_decimal::Decimal, domain::Direction)> {
    let direction = match change.direction() {
        Direction::Up => domain::Direction::Up,
        Direction::Down => domain::Direction::Down,
        Direction::Flat => domain::Direction::Flat,
        Direction::Unspecified => return None,
    };
    Some((parse_decimal(&change.percent).ok()?, direction))
}

/// All pairs on one line.
pub(super) fn line(rates: &[Rate], style: TickerStyle) -> String {
    let entries = rates.iter().map(|rate| entry(rate, style));
    entries.collect::<Vec<_>>().join(SEPARATOR)
}

/// The pairs on as few lines as the width of a terminal allows, coloured. An entry is never split.
pub(super) fn terminal_lines(
    rates: &[Rate],
    style: TickerStyle,
    paint: Paint,
    columns: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for rate in rates {
        let plain = entry(rate, style);
        let width = plain.chars().count();
        let shown = painted(rate, &plain, paint);
        let joined = used + SEPARATOR.chars().count() + width;
        match lines.last_mut() {
            Some(line) if joined <= columns => {
                line.push_str(SEPARATOR);
                line.push_str(&shown);
                used = joined;
            }
            _ => {
                lines.push(shown);
                used = width;
            }
        }
    }
    lines
}

fn painted(rate: &Rate, plain: &str, paint: Paint) -> String {
    if is_stale(rate) {
        return paint.dim(plain);
    }
    let direction = rate.change.as_ref().map(Change::direction);
    match plain.rsplit_once(' ') {
        Some((price, change)) => format!("{price} {}", paint.direction(direction, change)),
        None => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(pair: &str, value: &str, percent: &str, direction: Direction) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: value.to_owned(),
            change: Some(Change {
                percent: percent.to_owned(),
                direction: direction.into(),
                ..Change::default()
            }),
            ..Rate::default()
        }
    }

    fn rates() -> Vec<Rate> {
        vec![
            rate("KGS/USD", "0.0114351", "0", Direction::Flat),
            rate("KZT/USD", "0.00195689", "-1.0412", Direction::Down),
        ]
    }

    const COMPACT: TickerStyle = TickerStyle::Compact;

    #[test]
    fn the_line_reads_as_on_a_news_site() {
        assert_eq!(
            line(&rates(), COMPACT),
            "KGS/USD = 0.01144 0% • KZT/USD = 0.00196 -1.04%"
        );
    }

    #[test]
    fn a_narrow_terminal_takes_more_lines_of_whole_entries() {
        let shown = |columns| terminal_lines(&rates(), COMPACT, Paint::Plain, columns);
        assert_eq!(shown(47), [line(&rates(), COMPACT)]);
        let apart = ["KGS/USD = 0.01144 0%", "KZT/USD = 0.00196 -1.04%"];
        assert_eq!(shown(46), apart);
        assert_eq!(shown(5), apart);
    }

    #[test]
    fn a_fall_is_red_and_a_rise_is_green() {
        let shown = terminal_lines(&rates(), COMPACT, Paint::Colour, 80);
        let expected = "KGS/USD = 0.01144 0% • KZT/USD = 0.00196 \u{1b}[31m-1.04%\u{1b}[0m";
        assert_eq!(shown, [expected]);
    }

    #[test]
    fn a_stale_entry_is_marked_on_a_terminal_and_elsewhere() {
        let mut rates = rates();
        rates[0].set_freshness(Freshness::Stale);
        let marked = "KGS/USD = 0.01144 0%* • KZT/USD = 0.00196 -1.04%";
        assert_eq!(line(&rates, COMPACT), marked);
        let shown = |columns| terminal_lines(&rates, COMPACT, Paint::Plain, columns);
        assert_eq!(shown(48), [marked]);
        assert_eq!(shown(47).len(), 2);
        let coloured = terminal_lines(&rates, COMPACT, Paint::Colour, 80);
        assert!(
            coloured[0].starts_with("\u{1b}[2mKGS/USD = 0.01144 0%*\u{1b}[0m • "),
            "{coloured:?}"
        );
    }

    #[test]
    fn an_unknown_change_reads_na() {
        let mut unknown = rates();
        unknown[1].change = None;
        assert!(line(&unknown, COMPACT).ends_with("KZT/USD = 0.00196 n/a"));
    }
}
