//! Draws a chart as SVG, without a font: the reader's own is used, and every length of a text is an estimate.
//!
//! It is drawn here and not by a charting crate: those measure text with a font, compute in floats, and join the points
//! across a gap.

use maud::{Markup, PreEscaped, html};

use crate::domain::{Change, Direction, Window};
use crate::web::chart::calendar::{named_dates, place};
use crate::web::chart::path::{Stretch, Tenths, path, short};
use crate::web::chart::scale::Scale;
use crate::web::chart::series::Series;
use crate::web::chart::text::{GAP, Piece, lines, width, wrapped};
use crate::web::chart::words::Caption;
use crate::web::locale::Locale;

/// Below this width or height a chart is a line alone, as beside a figure in a text: labels would take more room than it.
const LABELLED: (Tenths, Tenths) = (200, 100);
/// Below this width or height the figures share one line, and no dates are named.
const ROOMY: (Tenths, Tenths) = (280, 180);
/// The least height of the plot, in pixels: where it would be lower, the credit is left to the alternative.
const PLOT: Tenths = 32;
/// The distance from the edge, in pixels; that of a line alone keeps its stroke and its dot whole.
const MARGIN: Tenths = 12;
const BARE_MARGIN: Tenths = 4;
/// Sizes of the font, in pixels. The smallest is the smallest that is read without effort.
const LARGE: Tenths = 24;
const MEDIUM: Tenths = 14;
const SMALL: Tenths = 11;
/// The room of a line of text in tenths of its size, and that of a line of the smallest text in tenths of a pixel.
const LEADING: Tenths = 14;
const LINE: Tenths = SMALL * LEADING;
/// The least distance of two values on the axis, in pixels: twice the height of their labels and more.
const TICK: Tenths = 32;
/// The most values on the axis: more make no chart more exact.
const TICKS_MAX: Tenths = 7;
/// The width of a day, in tenths of a pixel, below which a thinner line keeps the steps apart.
const DAY: Tenths = 20;
/// The radius of the dot on the last value, in pixels.
const DOT: Tenths = 3;

/// What is drawn.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    pub(super) width: Tenths,
    pub(super) height: Tenths,
    /// The language, as `xml:lang` has it.
    pub(super) tag: &'a str,
    pub(super) locale: &'a Locale,
    pub(super) rules: &'a str,
    pub(super) window: Window,
    pub(super) caption: Caption,
    /// Nothing when no rate stood in the window.
    pub(super) series: Option<&'a Series>,
}

/// A rectangle, in tenths of a pixel.
#[derive(Debug, Clone, Copy)]
struct Plot {
    left: Tenths,
    top: Tenths,
    width: Tenths,
    height: Tenths,
}

impl Drawing<'_> {
    /// The picture.
    pub(super) fn draw(&self) -> String {
        let (width, height) = (self.width, self.height);
        let is_labelled = width >= LABELLED.0 && height >= LABELLED.1;
        let drawn = match self.series {
            Some(series) if is_labelled => self.labelled(series),
            Some(series) => bare(series, width, height),
            None if is_labelled => self.empty(),
            None => html! {},
        };
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
                role="img" xml:lang=(self.tag) font-family="system-ui,sans-serif" {
                title { (self.caption.title) }
                desc { (self.caption.description) }
                style { (PreEscaped(self.rules)) }
                rect.b width="100%" height="100%" {}
                (drawn)
            }
        };
        picture.into_string()
    }

    fn labelled(&self, series: &Series) -> Markup {
        let room = (self.width - 2 * MARGIN) * 10;
        let heading = self.heading(room);
        let top = heading.iter().map(|row| leading(row)).sum::<Tenths>() + (MARGIN + SMALL) * 10;
        let dates = if self.is_roomy() { LINE + 40 } else { 60 };
        let height_above = |credit: &[String]| {
            let rows = Tenths::try_from(credit.len()).unwrap_or_default();
            self.height * 10 - rows * LINE - MARGIN * 5 - dates - top
        };
        let mut credit = self.credit(room);
        if height_above(&credit) < PLOT * 10 {
            credit.clear();
        }
        let height = height_above(&credit).max(10);
        let ticks_max = (height / (TICK * 10)).clamp(2, TICKS_MAX);
        let ticks_max = usize::try_from(ticks_max).unwrap_or(2);
        let scale = Scale::of(series.low.value, series.high.value);
        let Some((scale, mut ticks)) =
            scale.and_then(|scale| Some((scale, scale.ticks(ticks_max)?)))
        else {
            return self.empty();
        };
        // In a low plot two round values may be closer than their labels are high.
        let above = |tick| scale.distance(tick, height);
        if matches!(*ticks, [low, high] if above(high) - above(low) < LINE) {
            ticks.truncate(1);
        }
        let labels = ticks.iter().map(|tick| self.locale.number(*tick));
        let labels: Vec<String> = labels.collect();
        let widest = labels.iter().map(|label| width(label, SMALL)).max();
        let plot = Plot {
            left: MARGIN * 10,
            top,
            width: (room - widest.unwrap_or_default() - GAP * 10).max(10),
            height,
        };
        let heights: Vec<Tenths> = ticks.iter().map(|tick| plot.y(&scale, *tick)).collect();
        html! {
            (texts(&heading))
            path.g d=(grid(&heights, plot)) {}
            g font-size=(SMALL) {
                @for (y, label) in heights.iter().zip(&labels) {
                    text.m x=(self.width - MARGIN) y=(short(y + 40)) text-anchor="end" { (label) }
                }
                @if self.is_roomy() { (self.dates(series, plot)) }
                @for (row, text) in (0..).zip(credit.iter().rev()) {
                    text.m x=(MARGIN) y=(short(self.height * 10 - MARGIN * 7 - LINE * row)) { (text) }
                }
            }
            (line_of(series, &scale, plot))
        }
    }

    /// Whether the chart has room for dates and for figures in two lines.
    fn is_roomy(&self) -> bool {
        self.width >= ROOMY.0 && self.height >= ROOMY.1
    }

    /// The pair, its last value and its change. The value is never cut: what has no room beside it is left out.
    fn heading(&self, room: Tenths) -> Vec<Vec<Piece>> {
        let Caption {
            label,
            short_label,
            as_of,
            value,
            change,
            ..
        } = &self.caption;
        let small = |text: &str| Piece::new(text, SMALL + 1, "m");
        let percent = change.as_ref().map(|(change, _)| {
            let (arrow, class) = direction(change);
            let percent = format!("{arrow}{}", self.locale.percent(change));
            Piece::new(percent, MEDIUM, class).bold()
        });
        let percent = percent.unwrap_or_default();
        let since = small(change.as_ref().map_or("", |(_, since)| since));
        if self.is_roomy() {
            let first = vec![self.label(room).bold(), small(as_of)];
            let value = fitted(value, &[LARGE, MEDIUM], room).bold();
            let second = vec![value, percent, since];
            return [lines(first, room), lines(second, room)].concat();
        }
        let value = fitted(value, &[MEDIUM, SMALL], room).bold();
        let mut labels = [label, short_label]
            .into_iter()
            .map(|label| Piece::new(label, MEDIUM, ""));
        let beside =
            labels.find(|label| lines(vec![label.clone(), value.clone()], room).len() == 1);
        let rows = match beside {
            Some(label) => vec![vec![label, value, percent, since]],
            None => vec![vec![self.label(room)], vec![value, percent, since]],
        };
        let row_of = |pieces| lines(pieces, room).into_iter().take(1);
        rows.into_iter().flat_map(row_of).collect()
    }

    /// The pair: by the codes of its currencies, if their names have no room.
    fn label(&self, room: Tenths) -> Piece {
        let Caption {
            label, short_label, ..
        } = &self.caption;
        let fits = width(label, MEDIUM) <= room;
        Piece::new(if fits { label } else { short_label }, MEDIUM, "")
    }

    /// The source in lines; with the date where the heading has no room for it.
    fn credit(&self, room: Tenths) -> Vec<String> {
        let Caption { credit, as_of, .. } = &self.caption;
        if self.is_roomy() {
            return wrapped(credit, SMALL, room);
        }
        let both = format!("{credit}; {as_of}");
        if width(&both, SMALL) <= room {
            return vec![both];
        }
        [credit, as_of]
            .map(|text| wrapped(text, SMALL, room))
            .concat()
    }

    /// The named dates below the plot. One that would be cut is left out.
    fn dates(&self, series: &Series, plot: Plot) -> Markup {
        let label = |date| match self.window {
            Window::Week | Window::Month => self.locale.day(date),
            // The first month of a year bears its number.
            Window::Year if date.month() == 1 => date.year().to_string(),
            Window::Year => self.locale.month(date).to_owned(),
        };
        let widest = series
            .days
            .dates()
            .map(|date| width(&label(date), SMALL))
            .max();
        let room = widest.unwrap_or_default().max(10) + GAP * 20;
        let dates_max = usize::try_from(plot.width / room).unwrap_or_default();
        let dates = named_dates(series.days, self.window, dates_max);
        html! {
            @for date in dates {
                @let (text, x) = (label(date), plot.left + place(series.days, date, plot.width));
                @let half = width(&text, SMALL) / 2;
                @if x - half >= 0 && x + half <= self.width * 10 {
                    text.m x=(short(x)) y=(short(plot.top + plot.height + 40 + SMALL * 10)) text-anchor="middle" { (text) }
                }
            }
        }
    }

    /// The pair, and that there is nothing to draw.
    fn empty(&self) -> Markup {
        let middle = self.height * 5;
        let label = self.label((self.width - 2 * MARGIN) * 10);
        html! {
            text x=(MARGIN) y=(MARGIN + MEDIUM) font-size=(MEDIUM) font-weight="600" { (label.text) }
            text.m x=(short(self.width * 5)) y=(short(middle)) font-size=(MEDIUM) text-anchor="middle" { (self.caption.no_data) }
        }
    }
}

impl Plot {
    fn y(self, scale: &Scale, value: rust_decimal::Decimal) -> Tenths {
        self.top + self.height - scale.distance(value, self.height)
    }
}

/// The line, and the dot on its end.
fn line_of(series: &Series, scale: &Scale, plot: Plot) -> Markup {
    let stretch = |standing: &super::series::Standing| {
        let place = |date| plot.left + place(series.days, date, plot.width);
        let until = standing.days.last.tomorrow().unwrap_or(standing.days.last);
        Stretch {
            from: place(standing.days.first),
            to: place(until),
            y: plot.y(scale, standing.value),
        }
    };
    let stretches: Vec<Stretch> = series.standings.iter().map(stretch).collect();
    let days = Tenths::try_from(series.days.dates().count()).unwrap_or(1);
    let stroke = if plot.width < days * DAY { "1.5" } else { "2" };
    html! {
        path.l d=(path(&stretches)) stroke-width=(stroke) {}
        @if let Some(end) = stretches.last() {
            circle.d cx=(short(end.to)) cy=(short(end.y)) r=(DOT) {}
        }
    }
}

/// A line without labels.
fn bare(series: &Series, width: Tenths, height: Tenths) -> Markup {
    let plot = Plot {
        left: BARE_MARGIN * 10,
        top: BARE_MARGIN * 10,
        width: (width - 2 * BARE_MARGIN) * 10,
        height: (height - 2 * BARE_MARGIN) * 10,
    };
    let scale = Scale::of(series.low.value, series.high.value);
    html! {
        @if let Some(scale) = scale { (line_of(series, &scale, plot)) }
    }
}

/// A line at each height. Half a pixel makes it sharp.
fn grid(heights: &[Tenths], plot: Plot) -> String {
    let (left, right) = (short(plot.left), short(plot.width));
    let line = |y: &Tenths| format!("M{left} {}h{right}", short(y / 10 * 10 + 5));
    heights.iter().map(line).collect()
}

/// Lines of text from the top.
fn texts(rows: &[Vec<Piece>]) -> Markup {
    let ends = rows.iter().scan(MARGIN * 5, |end, row| {
        *end += leading(row);
        Some(*end)
    });
    html! {
        @for (row, y) in rows.iter().zip(ends) {
            text x=(MARGIN) y=(short(y)) {
                @for (place, piece) in row.iter().enumerate() {
                    tspan class=[Some(piece.class).filter(|class| !class.is_empty())] font-size=(piece.size)
                        font-weight=[piece.is_bold.then_some("600")] dx=[(place > 0).then_some(GAP)] { (piece.text) }
                }
            }
        }
    }
}

/// A text in the largest of some sizes that has room for it, else in the smallest.
fn fitted(text: &str, sizes: &[Tenths], room: Tenths) -> Piece {
    let fits = |size: &&Tenths| width(text, **size) <= room;
    let size = sizes.iter().find(fits).or(sizes.last());
    Piece::new(text, size.copied().unwrap_or(SMALL), "")
}

/// The height of a line of text.
fn leading(row: &[Piece]) -> Tenths {
    row.iter()
        .map(|piece| piece.size * LEADING)
        .max()
        .unwrap_or_default()
}

/// The arrow of a change, and its class.
fn direction(change: &Change) -> (&'static str, &'static str) {
    match change.direction {
        Direction::Up => ("▲\u{a0}", "up"),
        Direction::Down => ("▼\u{a0}", "down"),
        Direction::Flat => ("", "m"),
    }
}

#[cfg(test)]
mod tests;
