-- Version 1 of the ledger. Dates are YYYY-MM-DD as the bank prints them, instants are RFC 3339 in UTC, decimals are
-- texts with the bank's own digits: compare them as numbers, never as texts.

CREATE TABLE ledger (
    -- The kind of the ledger: one row.
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    -- The clock of its entries: that of the machine ('real'), or of a replay ('replay').
    clock      TEXT NOT NULL CHECK (clock IN ('real', 'replay')),
    -- When the file was created, by the machine's clock.
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;

CREATE TABLE epochs (
    -- Unbroken runs of revisions. A subscriber may resume within one.
    epoch          TEXT PRIMARY KEY,
    began_at       TEXT NOT NULL,
    first_revision INTEGER NOT NULL CHECK (first_revision >= 0)
) STRICT;

CREATE TABLE entries (
    -- Transactions: all rows that name an entry are written, or none.
    entry    INTEGER PRIMARY KEY,
    epoch    TEXT NOT NULL REFERENCES epochs (epoch),
    -- The revision after it: that of the entry before, if nothing served has changed.
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- When, on the clock of the ledger.
    at       TEXT NOT NULL,
    -- The cause: poll, catch_up (a poll that found what may have been published long before), backfill, clock, operator
    -- or start.
    cause    TEXT NOT NULL,
    -- The source, of a poll, a catch_up or a backfill.
    source   TEXT,
    -- The number of its fixings. Any other number of rows is damage.
    fixings  INTEGER NOT NULL CHECK (fixings >= 0)
) STRICT;

CREATE TABLE tables (
    -- Tables as published. If a date has several, the newest id has its pivot and instant.
    id             INTEGER PRIMARY KEY,
    entry          INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED,
    source         TEXT NOT NULL,
    -- The document of the source: daily, weekly.
    document       TEXT NOT NULL,
    -- The date it prints.
    effective_date TEXT NOT NULL,
    -- The currency on one side of every row: the bank's own, or a market table's base.
    pivot          TEXT NOT NULL,
    -- The instant it prints, if it prints one.
    as_of          TEXT
) STRICT;

CREATE TABLE fixings (
    -- Rows as published: `units` of `currency` cost `value` of `home_currency`.
    id               INTEGER PRIMARY KEY,
    entry            INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED,
    table_id         INTEGER NOT NULL REFERENCES tables (id),
    source           TEXT NOT NULL,
    document         TEXT NOT NULL,
    effective_date   TEXT NOT NULL,
    -- The side that is not the pivot: of a bank's row `currency`, of a market's `home_currency`.
    row_currency     TEXT NOT NULL CHECK (row_currency IN (currency, home_currency)),
    currency         TEXT NOT NULL,
    home_currency    TEXT NOT NULL,
    units            INTEGER NOT NULL CHECK (units > 0),
    value            TEXT NOT NULL,
    -- The change that the bank prints, if it prints one.
    published_change TEXT,
    -- The row that this one supersedes: a bank corrected itself, or a market moved on. A row that no other
    -- supersedes is current.
    supersedes       INTEGER REFERENCES fixings (id) CHECK (supersedes < id)
) STRICT;

CREATE TABLE held (
    -- Published values that failed a check. One without a decision is held.
    id               INTEGER PRIMARY KEY,
    entry            INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED,
    source           TEXT NOT NULL,
    document         TEXT NOT NULL,
    effective_date   TEXT NOT NULL,
    -- The side that is not the pivot.
    row_currency     TEXT NOT NULL CHECK (row_currency IN (currency, home_currency)),
    currency         TEXT NOT NULL,
    home_currency    TEXT NOT NULL,
    units            INTEGER NOT NULL CHECK (units > 0),
    value            TEXT NOT NULL,
    published_change TEXT,
    superseded_value TEXT,
    check_name       TEXT NOT NULL,
    -- How it failed, as a sentence.
    detail           TEXT NOT NULL,
    since            TEXT NOT NULL,
    -- The change against the row printed before it: all four columns, or none.
    change_absolute  TEXT,
    change_percent   TEXT,
    reference_value  TEXT,
    reference_date   TEXT
) STRICT;

CREATE TABLE decisions (
    -- How held values were settled.
    held       INTEGER PRIMARY KEY REFERENCES held (id),
    entry      INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED,
    -- released, rejected, overtaken (a later value is plausible) or replaced (the bank prints another one).
    outcome    TEXT NOT NULL,
    -- rule or operator.
    decided_by TEXT NOT NULL,
    note       TEXT NOT NULL
) STRICT;

CREATE TABLE attempted (
    -- The sources whose first attempt has ended, and the entry that says so.
    source TEXT PRIMARY KEY,
    entry  INTEGER NOT NULL REFERENCES entries (entry) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE served (
    -- What is served now, by pair or source. The only table whose rows are changed; all others only grow.
    subject     TEXT PRIMARY KEY,
    -- The revision that last changed it.
    revision    INTEGER NOT NULL,
    -- 16 hexadecimal digits that differ when what is served differs.
    fingerprint TEXT NOT NULL
) STRICT;

CREATE INDEX tables_by_date ON tables (source, document, effective_date);
CREATE INDEX fixings_by_date ON fixings (source, document, effective_date, row_currency);
CREATE INDEX fixings_by_currency ON fixings (source, row_currency, effective_date);
CREATE INDEX fixings_by_entry ON fixings (entry);
CREATE INDEX held_by_date ON held (source, document, effective_date, row_currency);
-- The corrections of a row begin with one fixing, and each is superseded once at most: one is current.
CREATE UNIQUE INDEX fixings_begin_once ON fixings (source, document, effective_date, row_currency)
    WHERE supersedes IS NULL;
CREATE UNIQUE INDEX fixings_superseded_once ON fixings (supersedes) WHERE supersedes IS NOT NULL;

CREATE VIEW rates AS
    -- The current fixings: units of currency cost value of home_currency.
    SELECT effective_date AS date, source, currency, units, value, home_currency, document, published_change,
        (SELECT at FROM entries WHERE entries.entry = fixings.entry) AS recorded_at
    FROM fixings
    WHERE NOT EXISTS (SELECT 1 FROM fixings AS newer WHERE newer.supersedes = fixings.id);

CREATE VIEW replaced AS
    -- Superseded fixings: corrections of banks, and earlier instants of markets.
    SELECT old.effective_date AS date, old.source, old.document, old.currency, old.home_currency, old.units, old.value,
        new.units AS new_units, new.value AS new_value,
        (SELECT at FROM entries WHERE entries.entry = old.entry) AS recorded_at,
        (SELECT at FROM entries WHERE entries.entry = new.entry) AS replaced_at
    FROM fixings AS new JOIN fixings AS old ON old.id = new.supersedes;

CREATE VIEW waiting AS
    -- The held values.
    SELECT effective_date AS date, source, document, currency, units, value, home_currency, check_name, detail, since
    FROM held
    WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.held = held.id);

CREATE TRIGGER entries_in_order BEFORE INSERT ON entries
    WHEN NEW.revision < (SELECT revision FROM entries ORDER BY entry DESC LIMIT 1)
    BEGIN SELECT RAISE(ABORT, 'revisions never go backwards'); END;

CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: ledger is not changed'); END;
CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves ledger'); END;
CREATE TRIGGER epochs_stay BEFORE UPDATE ON epochs
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: epochs are not changed'); END;
CREATE TRIGGER epochs_keep BEFORE DELETE ON epochs
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves epochs'); END;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: entries are not changed'); END;
CREATE TRIGGER entries_keep BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves entries'); END;
CREATE TRIGGER tables_stay BEFORE UPDATE ON tables
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: tables are not changed'); END;
CREATE TRIGGER tables_keep BEFORE DELETE ON tables
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves tables'); END;
CREATE TRIGGER fixings_stay BEFORE UPDATE ON fixings
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: fixings are not changed'); END;
CREATE TRIGGER fixings_keep BEFORE DELETE ON fixings
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves fixings'); END;
CREATE TRIGGER held_stay BEFORE UPDATE ON held
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: held is not changed'); END;
CREATE TRIGGER held_keep BEFORE DELETE ON held
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves held'); END;
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: decisions are not changed'); END;
CREATE TRIGGER decisions_keep BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves decisions'); END;
CREATE TRIGGER attempted_stays BEFORE UPDATE ON attempted
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: attempted is not changed'); END;
CREATE TRIGGER attempted_keeps BEFORE DELETE ON attempted
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing leaves attempted'); END;
