//! The commit task without its checks and its ledger: tables go straight into the book, and its view is published on a
//! board.

use jiff::Timestamp;
use silkrate::board::{Board, BoardReader};
use silkrate::domain::{
    Book, DocumentKey, Position, Preference, Snapshot, SourceId, SourceRecord, Table,
};

/// The maximum number of commits that a subscriber may be behind: small, so that tests exceed it.
pub(crate) const NEWS_MAX: usize = 2;
/// The number of removals that are remembered: small, so that tests exceed it.
pub(crate) const REMOVALS_MAX: usize = 2;

/// A book, and the board it is published on.
#[derive(Debug)]
pub(crate) struct TestCommit {
    pub(crate) book: Book,
    pub(crate) board: Board,
}

impl TestCommit {
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

    /// Files a table without checks.
    pub(crate) fn insert(&mut self, source: SourceId, table: Table) {
        let key = DocumentKey {
            source,
            document: table.document,
        };
        let history = self.book.history(key).expect("the document is known");
        history.insert(table);
    }

    /// Publishes the same state under another epoch, at the next revision.
    pub(crate) fn renew(&mut self, epoch: &str) -> Position {
        let current = self.board.snapshot();
        let position = Position {
            epoch: epoch.into(),
            revision: current.position.revision + 1,
        };
        self.board
            .publish(current.renewed(position.clone()), self.book.records());
        position
    }

    /// Publishes the records of the book with the snapshot that is published.
    pub(crate) fn publish_records(&self) {
        self.board.publish_records(self.book.records());
    }

    /// Publishes the book as of `now`, if anything served differs.
    pub(crate) fn publish(&mut self, now: Timestamp) -> Option<Position> {
        let next = self.board.snapshot().next(self.book.view(now))?;
        let position = next.position.clone();
        self.board.publish(next, self.book.records());
        Some(position)
    }
}
