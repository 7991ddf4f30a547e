//! Text in columns.

use crate::cli::paint::without_controls;

/// What parts two columns: cells have single spaces of their own.
const GAP: &str = "  ";

/// Rows of cells under a heading.
#[derive(Debug)]
pub(super) struct TextTable<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> TextTable<COLUMNS> {
    /// A table of only a heading.
    pub(super) fn new(heading: [&str; COLUMNS]) -> Self {
        let rows = vec![heading.map(str::to_owned)];
        Self { rows }
    }

    /// Adds a row. An empty cell is shown as `-`.
    pub(super) fn push(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells.map(|cell| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                without_controls(&cell)
            }
        }));
    }

    /// The text: one line a row, every column as wide as its widest cell, nothing after the last one.
    pub(super) fn render(&self) -> String {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |row: &[String; COLUMNS]| {
            let cells = row.iter().zip(widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join(GAP);
            format!("{}\n", line.trim_end())
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = TextTable::new(["PAIR", "VALUE"]);
        table.push(["KZT/USD".to_owned(), "0.00196".to_owned()]);
        table.push(["£".to_owned(), String::new()]);
        assert_eq!(
            table.render(),
            "PAIR     VALUE\nKZT/USD  0.00196\n£        -\n"
        );
    }

    #[test]
    fn a_cell_moves_no_cursor() {
        let mut table = TextTable::new(["ERROR"]);
        table.push(["a\u{1b}[2Jb\n".to_owned()]);
        assert_eq!(table.render(), "ERROR\na\u{fffd}[2Jb\u{fffd}\n");
    }
}
