//! What the commit task does, without its judgement and its ledger: tables go straight into the book and the view of it
//! onto a board.

use jiff::Timestamp;
use silkrate::board::{Board, BoardReader};
use silkrate::domain::{
    Book, DocumentKey, Position, Preference, Snapshot, SourceId, SourceRecord, Table,
};

/// So few commits a reader may be behind, so that tests fall off the end of the queue.
pub(crate) const NEWS_MAX: usize = 2;
/// So few removals are remembered.
pub(crate) const REMOVALS_MAX: usize = 2;

/// A book, and a board that shows it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) book: Book,
    pub(crate) board: Board,
}

impl Desk {
    pub(crate) fn new(
        records: Vec<SourceRecord>,
        preferences: Vec<Preference>,
        now: Timestamp,
    ) -> Self {
        let book = Book::new(records, preferences);
        let position = Position {
            epoch: "epoch".into(),
            revision: 0,
        };
        let snapshot = Snapshot::initial(position, book.view(now).states);
        let snapshot = snapshot.remembering(REMOVALS_MAX);
        let board = Board::with_queue_max(book.records(), snapshot, NEWS_MAX);
        Self { book, board }
    }

    pub(crate) fn reader(&self) -> BoardReader {
        self.board.reader()
    }

    /// Files a table as it is.
    pub(crate) fn insert(&mut self, source: SourceId, table: Table) {
        let key = DocumentKey {
            source,
            document: table.document,
        };
        let history = self.book.history(key).expect("the document is known");
        history.insert(table);
    }

    /// Shows the same under another epoch, at the next revision, as when continuity is lost.
    pub(crate) fn renew(&mut self, epoch: &str) -> Position {
        let shown = self.board.snapshot();
        let position = Position {
            epoch: epoch.into(),
            revision: shown.position.revision + 1,
        };
        self.board
            .publish(shown.renewed(position.clone()), self.book.records());
        position
    }

    /// Publishes the records of the book beside the snapshot that is shown.
    pub(crate) fn publish_records(&self) {
        self.board.publish_records(self.book.records());
    }

    /// Shows the book as of now, if that is news.
    pub(crate) fn publish(&mut self, now: Timestamp) -> Option<Position> {
        let next = self.board.snapshot().next(self.book.view(now))?;
        let position = next.position.clone();
        self.board.publish(next, self.book.records());
        Some(position)
    }
}
