-- Version 2 of the ledger: fingerprints of a documented encoding, and the view `current_fixings`.

DROP VIEW rates;

CREATE VIEW current_fixings AS
    -- The fixings that no other supersedes: units of currency cost value of home_currency.
    SELECT effective_date AS date, source, currency, units, value, home_currency, document, published_change,
        (SELECT at FROM entries WHERE entries.entry = fixings.entry) AS recorded_at
    FROM fixings
    WHERE NOT EXISTS (SELECT 1 FROM fixings AS newer WHERE newer.supersedes = fixings.id);

CREATE VIEW rates AS
    -- The name that current_fixings had in version 1, for scripts that use it.
    SELECT * FROM current_fixings;

ALTER TABLE served RENAME TO served_of_version_1;

CREATE TABLE served (
    -- What is served now, by pair or source. The only table whose rows are changed; all others only grow.
    subject     TEXT PRIMARY KEY,
    -- The revision that last changed it.
    revision    INTEGER NOT NULL CHECK (revision >= 0),
    -- SHA-256 of the canonical text of what is served, in 64 hexadecimal digits. NULL for a row of version 1, whose
    -- fingerprints were those of one build of the program: it counts as changed at the next start.
    fingerprint TEXT CHECK (length(fingerprint) = 64)
) STRICT;

INSERT INTO served (subject, revision, fingerprint) SELECT subject, revision, NULL FROM served_of_version_1;

DROP TABLE served_of_version_1;
