-- Version 3 of the ledger: what a query over many years needs, so that it reads a few rows and not all.

CREATE TABLE table_digests (
    -- The rows printed for each date, in short: two dates of a document have the same digest if their tables have the same
    -- rows with the same values. They follow from `fixings`, `held` and `decisions`; beside `served`, the only table whose
    -- rows are changed.
    source         TEXT NOT NULL,
    document       TEXT NOT NULL,
    effective_date TEXT NOT NULL,
    -- SHA-256 of the rows, in 64 hexadecimal digits.
    digest         TEXT NOT NULL CHECK (length(digest) = 64),
    PRIMARY KEY (source, document, effective_date)
) WITHOUT ROWID, STRICT;

CREATE INDEX fixings_by_row ON fixings (source, document, row_currency, effective_date);
