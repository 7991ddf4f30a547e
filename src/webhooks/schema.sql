-- Version 4 of the file of webhooks. Instants are RFC 3339 in UTC, on the clock of the service.

CREATE TABLE webhooks (
    -- Each webhook that has begun: what was served then is known to its receiver, and what differs later is an event.
    name         TEXT PRIMARY KEY,
    began_at     TEXT NOT NULL,
    -- When an event was last delivered.
    delivered_at TEXT,
    -- Why the newest attempt failed, and when; NULL if it did not fail.
    error        TEXT,
    error_at     TEXT
) STRICT;

CREATE TABLE known (
    -- What has become events, or was served at the beginning: with it, a restart neither repeats nor misses a change.
    webhook TEXT NOT NULL REFERENCES webhooks (name),
    -- The kind of event: change, announced, source_late or held.
    kind    TEXT NOT NULL,
    -- A pair, a source, or the id of a held value.
    subject TEXT NOT NULL,
    -- The value, the date and value that are announced, the punctuality, or the units and value that are held.
    state   TEXT NOT NULL,
    -- The source and the date of the newest value of a pair that was sent in an event of this kind; both dates, in order, if
    -- it follows from two rows of different dates.
    told    TEXT,
    -- The newest date from which a value of the pair that was seen stood: a fixing between it and the next was missed.
    since   TEXT,
    -- The days before it on which no value was seen, between spaces; of a webhook with a limit only.
    unseen  TEXT NOT NULL DEFAULT '',
    -- The days of the same weeks whose value was sent, between spaces; of a webhook with a limit only.
    sent    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (webhook, kind, subject)
) WITHOUT ROWID, STRICT;

CREATE TABLE deliveries (
    -- The events that no receiver has accepted yet, in their order. A row is removed when its event is delivered.
    number     INTEGER PRIMARY KEY,
    webhook    TEXT NOT NULL REFERENCES webhooks (name),
    -- The id of the event, which every attempt bears.
    id         TEXT NOT NULL,
    -- The JSON document, byte for byte as it is sent.
    body       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    -- How many attempts have failed, and when the next one is due.
    failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    due_at     TEXT NOT NULL
) STRICT;

CREATE INDEX deliveries_in_order ON deliveries (webhook, number);
