-- Version 5 of the ledger: the place of a replica in the log that it shares with others, and what is served there.

CREATE TABLE log_position (
    -- The last record of the shared log whose entry is here. A ledger that shares no log has none. Its row is replaced.
    name  TEXT PRIMARY KEY,
    -- The number of the record.
    seq   INTEGER NOT NULL CHECK (seq > 0),
    -- SHA-256 of the chain of records up to it, in 64 hexadecimal digits.
    chain TEXT NOT NULL CHECK (length(chain) = 64)
) STRICT;

CREATE TABLE shown (
    -- What is served after that record, in the bytes of the log. Its rows are replaced.
    subject  TEXT PRIMARY KEY,
    -- The revision that last changed it.
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- NULL: from that revision on it is no longer served.
    value    BLOB
) STRICT;
