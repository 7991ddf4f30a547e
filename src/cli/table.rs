//! Text in columns.

use crate::cli::paint::without_controls;

/// The gap between two columns: cells contain single spaces.
pub(super) const GAP: &str = "  ";
/// The end of a truncated line.
pub(super) const CUT_MARK: char = '…';

/// A heading and rows of cells.
#[derive(Debug)]
pub(super) struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows.
    pub(super) fn new<'a>(heading: impl IntoIterator<Item = &'a str>) -> Self {
        let heading = heading.into_iter().map(str::to_owned).collect();
        Self {
            rows: vec![heading],
        }
    }

    /// Adds a row: one cell for each column of the heading. An empty cell is printed as `-`.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let shown = |cell: String| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                without_controls(&cell)
            }
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The text: one line a row, every column as wide as its widest cell, without trailing spaces.
    pub(super) fn render(&self) -> String {
        let widths = self.widths();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join(GAP);
            format!("{}\n", line.trim_end())
        };
        self.rows.iter().map(line).collect()
    }

    /// The text on a terminal of a width: columns that do not fit are omitted, in the order of `spare`, and a line below names
    /// them. Without a width nothing is omitted.
    pub(super) fn render_within(mut self, columns: Option<usize>, spare: &[&str]) -> String {
        let Some(columns) = columns else {
            return self.render();
        };
        let mut left_out = Vec::new();
        for name in spare {
            if self.width() <= columns {
                break;
            }
            if self.leave_out(name) {
                left_out.push(*name);
            }
        }
        let lines = self.render();
        let lines = lines.lines().map(|line| cut(line, columns) + "\n");
        let mut text: String = lines.collect();
        if !left_out.is_empty() {
            let message = format!("(omitted: {})", left_out.join(", "));
            text.push_str(&cut(&message, columns));
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(row.len().max(widths.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }

    fn width(&self) -> usize {
        let widths = self.widths();
        let gaps = widths.len().saturating_sub(1) * GAP.len();
        widths.iter().sum::<usize>() + gaps
    }

    /// Returns false if there is no such column.
    fn leave_out(&mut self, name: &str) -> bool {
        let heading = self.rows.first().into_iter().flatten();
        let Some(index) = heading.into_iter().position(|word| word == name) else {
            return false;
        };
        for row in &mut self.rows {
            if index < row.len() {
                row.remove(index);
            }
        }
        true
    }
}

/// A line, truncated to the width of a terminal with a mark at its end, so that it does not wrap.
pub(super) fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let kept = line.chars().take(columns.saturating_sub(1));
    kept.chain([CUT_MARK]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TextTable {
        let mut table = TextTable::new(["PAIR", "VALUE", "DATE"]);
        table.push(["KZT/USD", "0.00196", "2026-04-02"].map(str::to_owned));
        table.push(["£", "", "-"].map(str::to_owned));
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            table().render(),
            "PAIR     VALUE    DATE\nKZT/USD  0.00196  2026-04-02\n£        -        -\n"
        );
    }

    #[test]
    fn a_cell_has_no_character_that_moves_the_cursor_or_turns_the_text_around() {
        let mut table = TextTable::new(["ERROR"]);
        table.push(["a\u{1b}[2Jb\n\u{202e}c".to_owned()]);
        assert_eq!(table.render(), "ERROR\na\u{fffd}[2Jb\u{fffd}\u{fffd}c\n");
    }

    #[test]
    fn columns_that_do_not_fit_are_omitted_in_order_and_named() {
        let within = |columns| table().render_within(Some(columns), &["NONE", "VALUE", "PAIR"]);
        assert_eq!(within(28), table().render());
        assert_eq!(
            within(27),
            "PAIR     DATE\nKZT/USD  2026-04-02\n£        -\n(omitted: VALUE)\n"
        );
        assert_eq!(within(18), "DATE\n2026-04-02\n-\n(omitted: VALUE, …\n");
        assert_eq!(table().render_within(None, &["VALUE"]), table().render());
    }

    #[test]
    fn a_line_that_is_cut_shows_it() {
        assert_eq!(cut("2026-04-02", 10), "2026-04-02");
        assert_eq!(cut("2026-04-02", 9), "2026-04-…");
        let shown = table().render_within(Some(12), &[]);
        assert_eq!(shown.lines().nth(1), Some("KZT/USD  0.…"));
    }
}
