//! Cells in columns of a picture: those that do not fit are omitted, the least important first.

use crate::cli::table::GAP;
use crate::cli::top::text::{Row, Span, Style};

/// What stands in a cell without a value.
const NOTHING: &str = "-";

/// A heading and rows of cells.
#[derive(Debug)]
pub(super) struct Grid {
    /// The names of the columns.
    names: Vec<&'static str>,
    rows: Vec<Vec<Span>>,
}

impl Grid {
    /// A grid without rows.
    pub(super) fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            names: names.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: one cell for each column, or fewer if the last ones are to be blank.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = Span>) {
        let shown = |cell: Span| match cell.width() {
            0 => Span::new(Style::Dim, NOTHING),
            _ => cell,
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The heading and the rows within a width: columns that do not fit are omitted in the order of `spare`. Without a width
    /// nothing is.
    pub(super) fn fit(mut self, columns: Option<usize>, spare: &[&str]) -> (Row, Vec<Row>) {
        for name in spare {
            if columns.is_none_or(|columns| self.width() <= columns) {
                break;
            }
            self.leave_out(name);
        }
        let widths = self.widths();
        let heading = self.names.iter().map(|name| Span::new(Style::Dim, name));
        let heading = row(heading, &widths);
        let rows = self.rows.into_iter().map(|cells| row(cells, &widths));
        (heading, rows.collect())
    }

    fn widths(&self) -> Vec<usize> {
        let widths = self.names.iter().enumerate().map(|(index, name)| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            let widest = cells.map(Span::width).max();
            widest.unwrap_or_default().max(name.chars().count())
        });
        widths.collect()
    }

    fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + widths.len().saturating_sub(1) * GAP.len()
    }

    fn leave_out(&mut self, name: &str) {
        if let Some(index) = self.names.iter().position(|word| *word == name) {
            self.names.remove(index);
            for row in self.rows.iter_mut().filter(|row| index < row.len()) {
                row.remove(index);
            }
        }
    }
}

/// Cells, each as wide as its column.
fn row(cells: impl IntoIterator<Item = Span>, widths: &[usize]) -> Row {
    let (mut row, mut end) = (Row::default(), 0);
    for (cell, width) in cells.into_iter().zip(widths) {
        row.pad(end);
        end = row.width() + width + GAP.len();
        row.push(cell);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Paint;

    fn drawn(columns: Option<usize>) -> Vec<String> {
        let mut grid = Grid::new(["ID", "STATE", "HELD"]);
        grid.push(["nbk", "carried over", ""].map(Span::plain));
        grid.push(["cbr", "late", "12"].map(Span::plain));
        let (heading, rows) = grid.fit(columns, &["HELD", "NONE", "STATE"]);
        let rows = [heading].into_iter().chain(rows);
        rows.map(|row| row.painted(Paint::Plain)).collect()
    }

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_and_an_empty_cell_shows_it() {
        let all = [
            "ID   STATE         HELD",
            "nbk  carried over  -",
            "cbr  late          12",
        ];
        assert_eq!(drawn(None), all);
        assert_eq!(drawn(Some(23)), all);
    }

    #[test]
    fn columns_that_do_not_fit_are_omitted_in_order() {
        let narrow = ["ID   STATE", "nbk  carried over", "cbr  late"];
        assert_eq!(drawn(Some(22)), narrow);
        assert_eq!(drawn(Some(16)), ["ID", "nbk", "cbr"]);
    }
}
