//! `/ticker.svg`: the ticker as a picture, for pages, feeds and previews that show nothing else.
//!
//! No font comes with it: the reader's own is used, so the widths of texts are estimates, and the entries stand in columns
//! that no wider letter pushes out of line.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use crate::domain::Direction;
use crate::web::chart::WIDTH;
use crate::web::chart::path::{Tenths, short};
use crate::web::chart::style::{Style, THEMES, style};
use crate::web::chart::text::{GAP, Piece, lines, width, wrapped};
use crate::web::entries::EntryText;
use crate::web::error::WebError;
use crate::web::fragment::FragmentWriter;
use crate::web::query::{self, Fragment};
use crate::web::{Web, caching};

/// The distance from the edge, in pixels.
const MARGIN: Tenths = 12;
/// The distance of two columns, in pixels: twice that of two pieces, so that an entry is seen as one.
const COLUMN_GAP: Tenths = 28;
/// Sizes of the font, in pixels: of the figures, and of the credit.
const FIGURES: Tenths = 15;
const SMALL: Tenths = 11;
/// The room of a line of text in tenths of its size.
const LEADING: Tenths = 16;

/// Parameters of `/ticker.svg`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    pairs: String,
    locale: String,
    theme: String,
    change: String,
    window: String,
    digits: String,
    form: String,
    labels: String,
    width: Option<String>,
}

impl From<Query> for Fragment {
    fn from(query: Query) -> Self {
        Self {
            pairs: query.pairs,
            locale: query.locale,
            theme: query.theme,
            change: query.change,
            window: query.window,
            digits: query.digits,
            form: query.form,
            labels: query.labels,
            ..Self::default()
        }
    }
}

/// A picture that is drawn.
#[derive(Debug)]
struct Drawing<'a> {
    width: Tenths,
    style: &'static Style,
    tag: &'a str,
    title: &'a str,
    entries: &'a [EntryText],
    credits: &'a [String],
}

/// The entries in a grid.
#[derive(Debug)]
struct Grid {
    /// The lines of each entry: one, or several where the picture is narrower than an entry.
    cells: Vec<Vec<Vec<Piece>>>,
    columns: usize,
    /// The width of a column, in tenths of a pixel.
    step: Tenths,
    /// The widths of the pieces of an entry, where each entry is one line.
    parts: [Tenths; 3],
}

/// `GET /ticker.svg`
pub(super) async fn ticker(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, WebError> {
    let snapshot = web.queries.snapshot()?;
    web.answer(&snapshot.position, &uri, &headers, || {
        let query: Query = query::read(&uri)?;
        let width = WIDTH.read(query.width.as_deref())?;
        let style = style(&query.theme).ok_or_else(|| {
            let message = format!("theme must be one of {}", THEMES.join(", "));
            WebError::parameter("theme", message)
        })?;
        let query = Fragment::from(query);
        let fragment = FragmentWriter::new(&web, &snapshot, &query)?;
        let entries = fragment.entries();
        let drawing = Drawing {
            width: width.into(),
            style,
            tag: fragment.tag,
            title: &fragment.writer.display.locale.words.rates,
            credits: &fragment.writer.dated_credits(&entries),
            entries: &entries,
        };
        let picture = drawing.draw();
        let canonical = format!("picture {width} {}", fragment.canonical());
        let position = &snapshot.position;
        Ok(caching::picture(
            position,
            &canonical,
            &style.policy,
            picture,
        ))
    })
}

impl Drawing<'_> {
    fn draw(&self) -> String {
        let room = (self.width - 2 * MARGIN) * 10;
        let grid = Grid::of(self.entries, room);
        let credits = self.credits.iter();
        let credits: Vec<String> = credits
            .flat_map(|text| wrapped(text, SMALL, room))
            .collect();
        let below = MARGIN * 10 + grid.height();
        let line = SMALL * LEADING;
        let height = below + line * Tenths::try_from(credits.len()).unwrap_or(0) + MARGIN * 10;
        let height = height / 10;
        let width = self.width;
        let sentences = self.entries.iter().map(sentence);
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
                role="img" xml:lang=(self.tag) font-family="system-ui,sans-serif" {
                title { (self.title) }
                desc {
                    @for sentence in sentences { (sentence) ". " }
                    @for credit in self.credits { (credit) ". " }
                }
                style { (PreEscaped(&self.style.rules)) }
                rect.b width="100%" height="100%" {}
                (grid.draw())
                g.m font-size=(SMALL) {
                    @for (row, text) in (1..).zip(&credits) {
                        text.m x=(MARGIN) y=(short(below + line * row)) { (text) }
                    }
                }
            }
        };
        picture.into_string()
    }
}

impl Grid {
    fn of(entries: &[EntryText], room: Tenths) -> Self {
        let pieces: Vec<[Piece; 3]> = entries.iter().map(pieces).collect();
        let widest = |part: usize| {
            let widths = pieces.iter().filter_map(|pieces| pieces.get(part));
            widths.map(room_of).max()
        };
        let parts = [0, 1, 2].map(|part| widest(part).unwrap_or_default());
        let one_line = parts.iter().sum::<Tenths>() + 2 * GAP * 10;
        if one_line > room {
            // Words are broken only between words, so the room is that of bold ones.
            let room = narrowed(room);
            let broken = |piece: Piece| {
                let parts = wrapped(&piece.text, piece.size, room).into_iter();
                parts.map(move |text| Piece {
                    text,
                    ..piece.clone()
                })
            };
            let cells = pieces
                .into_iter()
                .map(|pieces| lines(pieces.into_iter().flat_map(broken).collect(), room));
            return Self {
                cells: cells.collect(),
                columns: 1,
                step: room,
                parts,
            };
        }
        let step = one_line + COLUMN_GAP * 10;
        let columns = (room + COLUMN_GAP * 10) / step;
        Self {
            columns: usize::try_from(columns)
                .unwrap_or(1)
                .clamp(1, pieces.len().max(1)),
            cells: pieces
                .into_iter()
                .map(|pieces| vec![pieces.into()])
                .collect(),
            step,
            parts,
        }
    }

    /// The lines above each row of the grid, and those of all of them.
    fn lines(&self) -> (Vec<usize>, usize) {
        let rows = self.cells.chunks(self.columns);
        let mut above = Vec::new();
        let mut all = 0_usize;
        for row in rows {
            above.push(all);
            all += row.iter().map(Vec::len).max().unwrap_or(1);
        }
        (above, all)
    }

    fn height(&self) -> Tenths {
        Tenths::try_from(self.lines().1).unwrap_or(0) * FIGURES * LEADING
    }

    fn draw(&self) -> Markup {
        let (above, _) = self.lines();
        let is_table = self.cells.iter().all(|lines| lines.len() == 1);
        html! {
            g font-size=(FIGURES) {
                @for (row, above) in self.cells.chunks(self.columns).zip(above) {
                    @for (column, cell) in (0..).zip(row) {
                        @for (line, pieces) in cell.iter().enumerate() {
                            @let y = baseline(above + line);
                            @let left = MARGIN * 10 + self.step * column;
                            @if is_table { (self.in_columns(pieces, left, y)) } @else { (flowing(pieces, left, y)) }
                        }
                    }
                }
            }
        }
    }

    /// The pieces of an entry, each in the column of its kind.
    fn in_columns(&self, pieces: &[Piece], left: Tenths, y: Tenths) -> Markup {
        let starts = self.parts.iter().scan(left, |next, part| {
            let start = *next;
            *next += part + GAP * 10;
            Some(start)
        });
        html! {
            @for (piece, x) in pieces.iter().zip(starts).filter(|(piece, _)| !piece.text.is_empty()) {
                text class=[class(piece)] x=(short(x)) y=(short(y)) font-weight=[piece.is_bold.then_some("600")] { (piece.text) }
            }
        }
    }
}

/// The room of a piece. Codes of currencies are capital letters, and the widest when they are bold.
fn room_of(piece: &Piece) -> Tenths {
    let width = width(&piece.text, piece.size);
    if piece.is_bold { width * 5 / 4 } else { width }
}

/// The width of a plain text that has the room of a bold one.
fn narrowed(room: Tenths) -> Tenths {
    room * 4 / 5
}

/// The pieces of a line, one after the other.
fn flowing(pieces: &[Piece], left: Tenths, y: Tenths) -> Markup {
    html! {
        text x=(short(left)) y=(short(y)) {
            @for (place, piece) in pieces.iter().enumerate() {
                tspan class=[class(piece)] font-weight=[piece.is_bold.then_some("600")] dx=[(place > 0).then_some(GAP)] { (piece.text) }
            }
        }
    }
}

fn class(piece: &Piece) -> Option<&'static str> {
    (!piece.class.is_empty()).then_some(piece.class)
}

/// The height of the base line of a line, from above.
fn baseline(line: usize) -> Tenths {
    let lines = Tenths::try_from(line).unwrap_or(0) + 1;
    MARGIN * 10 + lines * FIGURES * LEADING - FIGURES * (LEADING - 10) - FIGURES
}

/// What an entry shows: what is priced, the price, and the change with its marks.
fn pieces(entry: &EntryText) -> [Piece; 3] {
    let (change, class) = match &entry.change {
        Some(change) => {
            let class = match change.direction {
                Some(Direction::Up) => "up",
                Some(Direction::Down) => "down",
                Some(Direction::Flat) | None => "m",
            };
            let arrow = change.arrow();
            let gap = if arrow.is_empty() { "" } else { "\u{a0}" };
            (format!("{arrow}{gap}{}", change.figures), class)
        }
        None => (String::new(), "m"),
    };
    let marks = entry.marks.iter().map(String::as_str);
    let all: Vec<&str> = std::iter::once(change.as_str()).chain(marks).collect();
    let text = all.join(" · ");
    [
        Piece::new(&entry.label, FIGURES, "").bold(),
        Piece::new(&entry.value, FIGURES, ""),
        Piece::new(text.trim_start_matches(" · "), FIGURES, class),
    ]
}

/// An entry in words, for those who do not see the picture.
fn sentence(entry: &EntryText) -> String {
    let figures = entry.change.as_ref().map(|change| &change.figures);
    let figures = figures.map(|figures| format!(", {figures}"));
    let (label, value) = (&entry.label, &entry.value);
    format!(
        "{label} {value}{}: {}",
        figures.unwrap_or_default(),
        entry.words()
    )
}
