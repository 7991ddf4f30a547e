//! The domain: what a rate is, in values and arithmetic. Nothing here uses the time, the network, the disk or a wire format.
//!
//! ```text
//! numbers ◀─ published ◀─ judged ◀─ served ◀─ book, ledger entry, refusal
//! ```
//!
//! Each room names itself and the ones before it, and everything is re-exported here. A bank's document becomes a
//! [`Table`] of [`Fixing`]s (`published`). A [`History`] keeps the accepted tables of one document (`judged`). A [`Quote`]
//! selects the fixings behind a pair, a [`Rate`] is computed from them on demand, and a [`Snapshot`] holds the quotes of one
//! revision (`served`). The [`Book`] owns all of it and is the only value that changes.
//!
//! No operator that can overflow is used.

#![deny(clippy::arithmetic_side_effects)]

mod numbers;
mod published;
mod judged;
mod served;
mod book;
mod ledger_entry;
mod refusal;

pub use book::{Book, BookChanges, DecisionError, FilingError, GAP_DAYS_MAX};
pub use judged::{
    Check, DecidedBy, Decision, DocumentRecord, Flag, FlagBook, Held, HeldId, HeldOutcome, History,
    Implausible, InsertOutcome, Intent, MissingPoint, PairState, REPEATS_MAX, RevisionPolicy,
    SourceRecord, TABLES_MAX, Window, WindowPoint, check_table, last_in_force, oldest_in_force,
};
pub use ledger_entry::{
    Answer, Cause, FiledTable, LedgerEntry, LogStep, RestoredDocument, RestoredLog, ShownChange,
};
pub use numbers::{
    AMOUNT_DIGITS, Change, DECIMAL_BYTES_MAX, DecimalError, Direction, Ratio, Separator,
    WeightedSum, convert_amount, parse_decimal, parse_published,
};
pub use published::{
    Currency, DateFormat, DateRange, DatingRule, DocumentKey, DroppedRow, Exceptions, FirstSeen,
    Fixing, HistoryStep, Holiday, Hours, InvalidCurrency, InvalidPair, MovingFeasts, NOMINALS,
    Outlook, Pair, Period, Point, Publication, QuoteKey, Route, Schedule, SourceId, Table,
    changes_the_line, counterparts, parse_date, plain_sentence, price, price_along,
};
pub use refusal::{Field, OtherReplica, Reason, Refusal, RefusalKind, TablePart};
pub use served::{
    Announced, Continuity, Coverage, Derivation, Digits, FILTER_PAIRS_MAX, FINGERPRINT_BYTES,
    Figures, FilterError, Fingerprint, Form, Freshness, FreshnessDates, FreshnessStatus,
    HistoryRow, Leg, MARKET, ORDER_OF_ANSWERS, PAIRS_OF_TICKER, Past, PeriodRates, PollOutcome,
    PollReport, PollStatus, Polling, Position, Preference, Quote, QuoteInputs, REMOVALS_MAX, Rate,
    RateFilter, RequestCount, RestoredState, ServedChange, ServedFingerprint, ServedRevision,
    Snapshot, SourceState, TickerEntry, TickerStyle, Update, View, WindowChange, answer_on,
    candidates, change_text, choose_quotes, priced_in, snapshot_on, ticker_entry,
};
