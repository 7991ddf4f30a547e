//! The ticker line, as a news site prints it.

use crate::cli::paint::{Paint, without_controls};
use crate::domain::{self, Digits, Figures, Form, Pair, TickerStyle, change_text, parse_decimal};
use crate::pb::{Change, Derivation, Direction, Freshness, Rate};

/// The separator of two entries.
pub(super) const SEPARATOR: &str = " • ";
/// The mark of a stale entry.
pub(super) const STALE_MARK: &str = "*";

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineStyle {
    /// As the tickers of news sites write them.
    Ticker(TickerStyle),
    /// With these digits, in this form.
    Display(Digits, Form),
}

/// One pair: `KZT/USD = 0.00196 -1.04%`, with a star after it when it is stale.
pub(super) fn entry(rate: &Rate, style: LineStyle) -> String {
    let text = match style {
        LineStyle::Ticker(style) => parse_decimal(&rate.value).ok().map(|value| {
            let change = rate.change.as_ref().and_then(change_of);
            domain::ticker_entry(&rate.pair, value, change, style)
        }),
        LineStyle::Display(digits, form) => displayed(rate, digits, form),
    };
    // A value that cannot be parsed is printed as received: better than a gap.
    let text = text.unwrap_or_else(|| format!("{} = {} n/a", rate.pair, rate.value));
    let mark = if is_stale(rate) { STALE_MARK } else { "" };
    without_controls(&text) + mark
}

/// One pair with these digits: `USD/KZT = 507.46 -1.04%`, or `1 USD = 507.46 KZT -1.04%`. `None` if it cannot be parsed.
fn displayed(rate: &Rate, digits: Digits, form: Form) -> Option<String> {
    let entry = figures(rate)?.entry(form);
    let value = entry.shown(entry.value, digits);
    let change = entry.change.as_ref();
    let change = change_text(change.map(|change| (change.percent, change.direction)));
    let (base, quote) = (entry.base, entry.quote);
    Some(match form {
        Form::Pair => format!("{base}/{quote} = {value} {change}"),
        Form::Local => format!("{} {base} = {value} {quote} {change}", entry.units),
    })
}

fn figures(rate: &Rate) -> Option<Figures<'_>> {
    let derivation = match rate.derivation() {
        Derivation::Published => domain::Derivation::Published,
        Derivation::Inverted => domain::Derivation::Inverted,
        Derivation::Crossed => domain::Derivation::Crossed,
        Derivation::Identity => domain::Derivation::Identity,
        Derivation::Unspecified => return None,
    };
    let row = match &*rate.fixings {
        [row] => row.units.parse().ok().zip(parse_decimal(&row.value).ok()),
        _ => None,
    };
    let change = rate.change.as_ref().and_then(|change| {
        let reference = parse_decimal(&change.reference_value).ok()?;
        let date = change.reference_date.parse().ok()?;
        domain::Change::since(reference, date, parse_decimal(&rate.value).ok()?)
    });
    Some(Figures {
        pair: Pair::parse(&rate.pair).ok()?,
        value: parse_decimal(&rate.value).ok()?,
        derivation,
        source: rate.source(),
        row,
        decimal_places: rate.decimal_places,
        change,
        announced: None,
    })
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
pub(super) fn line(rates: &[Rate], style: LineStyle) -> String {
    let entries = rates.iter().map(|rate| entry(rate, style));
    entries.collect::<Vec<_>>().join(SEPARATOR)
}

/// The pairs on as few lines as the width of a terminal allows, coloured. An entry is never split.
pub(super) fn terminal_lines(
    rates: &[Rate],
    style: LineStyle,
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
    use crate::pb::Fixing;

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

    const COMPACT: LineStyle = LineStyle::Ticker(TickerStyle::Compact);

    /// A rate that follows from one row.
    fn inverted() -> Rate {
        let mut rate = rate("KZT/USD", "0.00210486434149", "0.7703", Direction::Up);
        rate.set_derivation(Derivation::Inverted);
        rate.source = Some("nbk".to_owned());
        rate.fixings.push(Fixing {
            currency: "USD".to_owned(),
            units: "1".to_owned(),
            value: "475.09".to_owned(),
            home_currency: "KZT".to_owned(),
            ..Fixing::default()
        });
        if let Some(change) = &mut rate.change {
            change.reference_value = "0.00208877284595".to_owned();
            change.reference_date = "2026-04-01".to_owned();
        }
        rate
    }

    #[test]
    fn an_entry_has_the_digits_and_the_form_that_were_chosen() {
        let shown = |digits, form| entry(&inverted(), LineStyle::Display(digits, form));
        assert_eq!(shown(Digits::Auto, Form::Pair), "KZT/USD = 0.0021049 0.77%");
        assert_eq!(
            shown(Digits::Places(5), Form::Pair),
            "KZT/USD = 0.00210 0.77%"
        );
        assert_eq!(
            shown(Digits::Auto, Form::Local),
            "1 USD = 475.09 KZT -0.76%"
        );
        let mut unknown = inverted();
        unknown.change = None;
        unknown.value = "much".to_owned();
        let style = LineStyle::Display(Digits::Auto, Form::Local);
        assert_eq!(entry(&unknown, style), "KZT/USD = much n/a");
    }

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
