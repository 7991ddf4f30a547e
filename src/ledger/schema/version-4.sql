-- Version 4 of the ledger: the answers of banks that had no newer table when one was due.

CREATE TABLE answers (
    -- A bank was asked for a table that was due, and showed none that was newer. Of each document the first answer after
    -- each hour at which a table was due.
    id       INTEGER PRIMARY KEY,
    entry    INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED,
    source   TEXT NOT NULL,
    document TEXT NOT NULL,
    -- When the request began, on the clock of the ledger.
    asked_at TEXT NOT NULL
) STRICT;

CREATE INDEX answers_by_document ON answers (source, document, id);

CREATE TRIGGER answers_stay BEFORE UPDATE ON answers
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: answers are not changed'); END;
CREATE TRIGGER answers_keep BEFORE DELETE ON answers
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves answers'); END;
