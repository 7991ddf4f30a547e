//! Why a request is refused. Each face of the service renders the same [`Refusal`] in its own protocol: gRPC as a status
//! with details, the web side as a status of HTTP with JSON.

mod field;
mod kind;
mod other;
mod reason;
mod retry;

use std::time::Duration;

pub use field::{Field, TablePart};
use jiff::Timestamp;
use jiff::civil::Date;
pub use kind::RefusalKind;
pub use other::OtherReplica;
pub use reason::Reason;
use thiserror::Error;

use crate::domain::{
    Currency, DecimalError, DecisionError, FilterError, InvalidCurrency, InvalidPair, Pair,
};

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The server is stopping.
    #[error("the server is shutting down; reconnect")]
    Draining,
    /// The replica has never had a state: what it would say of rates is not so.
    #[error("this replica has no state to serve yet: {0}")]
    NoState(String),
    /// A stream has reached its maximum age.
    #[error("the stream has reached its maximum age; reconnect and resume")]
    StreamAged,
    /// All streams are in use.
    #[error("the server already holds as many streams as it may: {streams_max}")]
    TooManyStreams {
        /// The maximum.
        streams_max: u32,
    },
    /// The client holds as many streams, or calls whose message has not come, as it may.
    #[error(
        "this client already holds as many streams or unfinished calls as it may: {streams_max}; close or finish one"
    )]
    TooManyClientStreams {
        /// The maximum.
        streams_max: u32,
    },
    /// The client has used its quota of the minute.
    #[error("the client has used its quota of {per_minute} a minute; ask again in {wait:.0?}")]
    QuotaExceeded {
        /// The quota.
        per_minute: u32,
        /// When there is enough for the same request.
        wait: Duration,
    },
    /// The memory of the server is nearly used.
    #[error("the memory of the server is nearly used, so it opens no streams now; try again later")]
    MemoryPressure,
    /// Too much waits to be read by the client, or by all clients of the port.
    #[error(
        "{bytes_max} bytes wait to be read, the maximum: read the answers before asking for more, or try again in a moment"
    )]
    AnswersUnread {
        /// The maximum.
        bytes_max: usize,
    },
    /// Too many historical queries run at once.
    #[error("{0}")]
    TooManyQueries(String),
    /// The ledger cannot be read.
    #[error("{0}")]
    LedgerUnavailable(String),
    /// No source quotes the pair.
    #[error(
        "no source quotes {0}: one side must be KZT, KGS, TJS, UZS or TMT, and a bank must publish the other"
    )]
    PairNotQuoted(Pair),
    /// A pair has no rate on a date.
    #[error("there is no rate of {pair} on {date} or in the two weeks before")]
    NoRateOnDate {
        /// The pair.
        pair: Pair,
        /// The date.
        date: Date,
    },
    /// A text is not a pair.
    #[error("{}", InvalidPair)]
    InvalidPair,
    /// A filter cannot be read.
    #[error("{0}")]
    InvalidFilter(FilterError),
    /// A history names neither a pair nor a filter, or both.
    #[error("set either pair or filter: one pair, or any number of them")]
    PairOrFilter,
    /// The number of a step of a history, or of a period, means nothing.
    #[error("{value} is not a value that this version of the server knows; the values are {}", .known.join(", "))]
    UnknownValue {
        /// The number.
        value: i32,
        /// The field that has it.
        field: Field,
        /// The names of the values that mean something.
        known: Vec<&'static str>,
    },
    /// The interval between updates is not a duration.
    #[error("min_interval is not a duration of zero or more")]
    InvalidInterval,
    /// The amount of a conversion is not a decimal.
    #[error("the amount is {0}: write it like 1000 or -12.5")]
    InvalidAmount(DecimalError),
    /// The held value that an operator decides on is not a decimal.
    #[error("the value is {0}: write it like 1000 or -12.5")]
    InvalidHeldValue(DecimalError),
    /// The result of a conversion has more digits than a decimal can hold.
    #[error("the result in {0} has more digits than a decimal can hold")]
    ResultTooLarge(Currency),
    /// A text is not a currency code.
    #[error("{}", InvalidCurrency)]
    InvalidCurrency(Field),
    /// A text is not a date.
    #[error("a date is written YYYY-MM-DD")]
    InvalidDate(Field),
    /// The first date of a range is after its last.
    #[error("the start date is after the end date")]
    ReversedDates,
    /// No source has the id.
    #[error("there is no source `{}`; the sources are {}", .id.escape_debug(), .known.join(", "))]
    UnknownSource {
        /// The id of the request.
        id: String,
        /// The ids that exist.
        known: Vec<String>,
    },
    /// A source has no document of the name.
    #[error(
        "{source_id} has no document `{}`; its documents are {}",
        .name.escape_debug(),
        .known.join(", ")
    )]
    UnknownDocument {
        /// The source.
        source_id: String,
        /// The name of the request.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A submitted table cannot be read.
    #[error("{message}")]
    InvalidTable {
        /// Where the table is wrong.
        part: TablePart,
        /// What is wrong.
        message: String,
    },
    /// The page size is negative.
    #[error("page_size is negative")]
    InvalidPageSize,
    /// The page token is not one that this server gave for this query.
    #[error("page_token does not belong to this query; repeat the query without a page token")]
    InvalidPageToken,
    /// An operator's decision does not fit the held value.
    #[error("{0}")]
    DecisionError(DecisionError),
    /// Another replica of the service takes what operators decide.
    #[error("{0}")]
    NotLeader(OtherReplica),
    /// The service has no replicas.
    #[error("this service runs alone: its settings have no [shared], so it has no replicas")]
    NotShared,
    /// The answer did not begin in time.
    #[error("the request was not answered within {0:?}")]
    DeadlineExceeded(Duration),
    /// The message of a request is longer than is accepted, or becomes longer when it is decompressed.
    #[error("the message of the request is longer than {bytes_max} bytes, the maximum")]
    MessageTooLarge {
        /// The maximum.
        bytes_max: usize,
    },
    /// The message of a request cannot be decoded.
    #[error("the message of the request cannot be read: {0}")]
    InvalidMessage(String),
    /// No service of the port has the method.
    #[error("there is no method {}; reflection lists the services of this port", .0.escape_debug())]
    UnknownMethod(String),
    /// The message of a request is compressed in a way that is not supported.
    #[error(
        "the message of the request is compressed in an unsupported way; supported are {accepted}"
    )]
    UnsupportedEncoding {
        /// The supported encodings.
        accepted: String,
    },
    /// The request names no key, and needs one.
    #[error(
        "this needs a key with the scope `{needed}`: send it as `authorization: Bearer KEY`; `silkrate keys add` makes one"
    )]
    KeyRequired {
        /// The scope.
        needed: &'static str,
    },
    /// The key of the request is none of this server.
    #[error(
        "this server has no such key; it is sent as `authorization: Bearer KEY`, and begins with `silkrate_`"
    )]
    InvalidKey,
    /// The key of the request has expired.
    #[error("the key expired at {0}; ask the operator of this server for another one")]
    KeyExpired(Timestamp),
    /// The key of the request was revoked.
    #[error("the key was revoked; ask the operator of this server for another one")]
    KeyRevoked,
    /// The key with which a stream was opened was revoked or has expired since.
    #[error("the key of this stream was revoked or has expired")]
    KeyEnded,
    /// The key of the request is not for this.
    #[error("the key has not the scope `{needed}`, which this needs")]
    InsufficientScope {
        /// The scope.
        needed: &'static str,
    },
    /// The token of the request is none of this server.
    #[error(
        "the token is none of this server, or its key has ended; `POST /v1/tokens` makes another one"
    )]
    InvalidToken,
    /// The token of the request has expired.
    #[error("the token expired at {0}; `POST /v1/tokens` makes another one")]
    TokenExpired(Timestamp),
    /// The token of the request is not for this.
    #[error("the token is not for this: {0}")]
    TokenScope(&'static str),
    /// The service could not render an answer.
    #[error("{0}")]
    Internal(String),
}

impl Refusal {
    /// The machine-readable name.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Draining => Reason::Draining,
            Self::NoState(_) => Reason::NoState,
            Self::StreamAged => Reason::StreamAged,
            Self::TooManyStreams { .. } => Reason::TooManyStreams,
            Self::TooManyClientStreams { .. } => Reason::TooManyClientStreams,
            Self::QuotaExceeded { .. } => Reason::QuotaExceeded,
            Self::MemoryPressure => Reason::MemoryPressure,
            Self::AnswersUnread { .. } => Reason::AnswersUnread,
            Self::TooManyQueries(_) => Reason::TooManyQueries,
            Self::LedgerUnavailable(_) => Reason::StoreUnavailable,
            Self::PairNotQuoted(_) => Reason::PairNotQuoted,
            Self::NoRateOnDate { .. } => Reason::NoRateOnDate,
            Self::InvalidPair
            | Self::PairOrFilter
            | Self::InvalidFilter(FilterError::InvalidPair { .. }) => Reason::InvalidPair,
            Self::UnknownValue { .. } => Reason::InvalidPeriod,
            Self::InvalidFilter(FilterError::TooManyPairs { .. }) => Reason::TooManyPairs,
            Self::InvalidInterval => Reason::InvalidInterval,
            Self::InvalidAmount(_) | Self::InvalidHeldValue(_) | Self::ResultTooLarge(_) => {
                Reason::InvalidAmount
            }
            Self::InvalidCurrency(_) => Reason::InvalidCurrency,
            Self::InvalidDate(_) | Self::ReversedDates => Reason::InvalidDate,
            Self::UnknownSource { .. } | Self::UnknownDocument { .. } => Reason::InvalidSource,
            Self::InvalidTable { .. } => Reason::InvalidTable,
            Self::InvalidPageSize | Self::InvalidPageToken => Reason::InvalidPage,
            Self::DecisionError(DecisionError::NotHeld(_)) => Reason::NotHeld,
            Self::DecisionError(DecisionError::Changed { .. }) => Reason::HeldValueChanged,
            Self::NotLeader(_) => Reason::NotLeader,
            Self::NotShared => Reason::NotShared,
            Self::DeadlineExceeded(_) => Reason::DeadlineExceeded,
            Self::MessageTooLarge { .. } => Reason::MessageTooLarge,
            Self::InvalidMessage(_) => Reason::InvalidMessage,
            Self::UnknownMethod(_) => Reason::UnknownMethod,
            Self::UnsupportedEncoding { .. } => Reason::UnsupportedEncoding,
            Self::KeyRequired { .. } => Reason::KeyRequired,
            Self::InvalidKey => Reason::InvalidKey,
            Self::KeyExpired(_) => Reason::KeyExpired,
            Self::KeyRevoked => Reason::KeyRevoked,
            Self::KeyEnded => Reason::KeyEnded,
            Self::InsufficientScope { .. } | Self::TokenScope(_) => Reason::InsufficientScope,
            Self::InvalidToken => Reason::InvalidToken,
            Self::TokenExpired(_) => Reason::TokenExpired,
            Self::Internal(_) => Reason::Internal,
        }
    }

    /// What a program can do about it.
    pub fn kind(&self) -> RefusalKind {
        self.reason().kind()
    }

    /// The field that is wrong, where one is.
    pub fn field(&self) -> Option<Field> {
        Some(match self {
            Self::InvalidPair | Self::PairOrFilter => Field::Pair,
            Self::InvalidFilter(FilterError::InvalidPair { index, item: _ }) => {
                Field::FilterPair(*index)
            }
            Self::InvalidFilter(FilterError::TooManyPairs { count: _ }) => Field::FilterPairs,
            Self::InvalidInterval => Field::MinInterval,
            Self::InvalidAmount(_) | Self::ResultTooLarge(_) => Field::Amount,
            Self::InvalidHeldValue(_) => Field::HeldValue,
            Self::InvalidCurrency(field)
            | Self::InvalidDate(field)
            | Self::UnknownValue { field, .. } => *field,
            Self::ReversedDates => Field::StartDate,
            Self::UnknownSource { .. } => Field::Source,
            Self::UnknownDocument { .. } => Field::Document,
            Self::InvalidTable { part, message: _ } => Field::Table(*part),
            Self::InvalidPageSize => Field::PageSize,
            Self::InvalidPageToken => Field::PageToken,
            Self::Draining
            | Self::NoState(_)
            | Self::StreamAged
            | Self::TooManyStreams { .. }
            | Self::TooManyClientStreams { .. }
            | Self::QuotaExceeded { .. }
            | Self::MemoryPressure
            | Self::AnswersUnread { .. }
            | Self::TooManyQueries(_)
            | Self::LedgerUnavailable(_)
            | Self::PairNotQuoted(_)
            | Self::NoRateOnDate { .. }
            | Self::DecisionError(_)
            | Self::NotLeader(_)
            | Self::NotShared
            | Self::DeadlineExceeded(_)
            | Self::MessageTooLarge { .. }
            | Self::InvalidMessage(_)
            | Self::UnknownMethod(_)
            | Self::UnsupportedEncoding { .. }
            | Self::KeyRequired { .. }
            | Self::InvalidKey
            | Self::KeyExpired(_)
            | Self::KeyRevoked
            | Self::KeyEnded
            | Self::InsufficientScope { .. }
            | Self::InvalidToken
            | Self::TokenExpired(_)
            | Self::TokenScope(_)
            | Self::Internal(_) => return None,
        })
    }

    /// What is exhausted, where a quota is.
    pub fn quota(&self) -> Option<&'static str> {
        Some(match self {
            Self::TooManyStreams { .. } => "streams",
            Self::TooManyClientStreams { .. } => "streams of a client",
            Self::QuotaExceeded { .. } => "requests a minute of a client",
            Self::MemoryPressure => "memory",
            _ => return None,
        })
    }

    /// Whether the client has used up its own share, so that others are still served.
    pub fn is_of_client(&self) -> bool {
        matches!(
            self,
            Self::TooManyClientStreams { .. } | Self::QuotaExceeded { .. }
        )
    }
}
