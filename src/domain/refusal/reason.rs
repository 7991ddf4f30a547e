//! The machine-readable names of refusals.

use std::fmt;

use crate::domain::RefusalKind;

/// The machine-readable name of a refusal: what `ErrorInfo` and the JSON of an error bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The server is stopping.
    Draining,
    /// The replica has no state to serve yet.
    NoState,
    /// A stream has reached its maximum age.
    StreamAged,
    /// All streams are in use.
    TooManyStreams,
    /// The client holds as many streams as it may.
    TooManyClientStreams,
    /// The client has used its quota of the minute.
    QuotaExceeded,
    /// The memory of the server is nearly used.
    MemoryPressure,
    /// Too much waits to be read.
    AnswersUnread,
    /// Too many historical queries run at once.
    TooManyQueries,
    /// The ledger cannot be read.
    StoreUnavailable,
    /// No source quotes the pair.
    PairNotQuoted,
    /// A pair has no rate on a date.
    NoRateOnDate,
    /// A text is not a pair.
    InvalidPair,
    /// A filter has too many pairs.
    TooManyPairs,
    /// The interval between updates is not a duration.
    InvalidInterval,
    /// A number is not a decimal, or its conversion has too many digits.
    InvalidAmount,
    /// A text is not a currency code.
    InvalidCurrency,
    /// A text is not a date, or a range of dates is reversed.
    InvalidDate,
    /// The step of a history or the length of a period is unknown.
    InvalidPeriod,
    /// A source, or a document of it, does not exist.
    InvalidSource,
    /// A submitted table cannot be read.
    InvalidTable,
    /// A page size or a page token is wrong.
    InvalidPage,
    /// No held value has the name.
    NotHeld,
    /// Another value is held now.
    HeldValueChanged,
    /// Another replica takes what operators decide.
    NotLeader,
    /// The service has no replicas.
    NotShared,
    /// The answer did not begin in time.
    DeadlineExceeded,
    /// The message of a request is too long.
    MessageTooLarge,
    /// The message of a request cannot be decoded.
    InvalidMessage,
    /// No service of the port has the method.
    UnknownMethod,
    /// The message of a request is compressed in a way that is not supported.
    UnsupportedEncoding,
    /// The request names no key, and needs one.
    KeyRequired,
    /// The key is none of this server.
    InvalidKey,
    /// The key has expired.
    KeyExpired,
    /// The key was revoked.
    KeyRevoked,
    /// The key of a stream was revoked or has expired since it was opened.
    KeyEnded,
    /// The key or the token is not for this.
    InsufficientScope,
    /// The token is none of this server.
    InvalidToken,
    /// The token has expired.
    TokenExpired,
    /// The service could not render an answer.
    Internal,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 40] = [
        Self::Draining,
        Self::NoState,
        Self::StreamAged,
        Self::TooManyStreams,
        Self::TooManyClientStreams,
        Self::QuotaExceeded,
        Self::MemoryPressure,
        Self::AnswersUnread,
        Self::TooManyQueries,
        Self::StoreUnavailable,
        Self::PairNotQuoted,
        Self::NoRateOnDate,
        Self::InvalidPair,
        Self::TooManyPairs,
        Self::InvalidInterval,
        Self::InvalidAmount,
        Self::InvalidCurrency,
        Self::InvalidDate,
        Self::InvalidPeriod,
        Self::InvalidSource,
        Self::InvalidTable,
        Self::InvalidPage,
        Self::NotHeld,
        Self::HeldValueChanged,
        Self::NotLeader,
        Self::NotShared,
        Self::DeadlineExceeded,
        Self::MessageTooLarge,
        Self::InvalidMessage,
        Self::UnknownMethod,
        Self::UnsupportedEncoding,
        Self::KeyRequired,
        Self::InvalidKey,
        Self::KeyExpired,
        Self::KeyRevoked,
        Self::KeyEnded,
        Self::InsufficientScope,
        Self::InvalidToken,
        Self::TokenExpired,
        Self::Internal,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draining => "DRAINING",
            Self::NoState => "NO_STATE",
            Self::StreamAged => "STREAM_AGED",
            Self::TooManyStreams => "TOO_MANY_STREAMS",
            Self::TooManyClientStreams => "TOO_MANY_CLIENT_STREAMS",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::MemoryPressure => "MEMORY_PRESSURE",
            Self::AnswersUnread => "ANSWERS_UNREAD",
            Self::TooManyQueries => "TOO_MANY_QUERIES",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::PairNotQuoted => "PAIR_NOT_QUOTED",
            Self::NoRateOnDate => "NO_RATE_ON_DATE",
            Self::InvalidPair => "INVALID_PAIR",
            Self::TooManyPairs => "TOO_MANY_PAIRS",
            Self::InvalidInterval => "INVALID_INTERVAL",
            Self::InvalidAmount => "INVALID_AMOUNT",
            Self::InvalidCurrency => "INVALID_CURRENCY",
            Self::InvalidDate => "INVALID_DATE",
            Self::InvalidPeriod => "INVALID_PERIOD",
            Self::InvalidSource => "INVALID_SOURCE",
            Self::InvalidTable => "INVALID_TABLE",
            Self::InvalidPage => "INVALID_PAGE",
            Self::NotHeld => "NOT_HELD",
            Self::HeldValueChanged => "HELD_VALUE_CHANGED",
            Self::NotLeader => "NOT_LEADER",
            Self::NotShared => "NOT_SHARED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::InvalidMessage => "INVALID_MESSAGE",
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::UnsupportedEncoding => "UNSUPPORTED_ENCODING",
            Self::KeyRequired => "KEY_REQUIRED",
            Self::InvalidKey => "INVALID_KEY",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyRevoked => "KEY_REVOKED",
            Self::KeyEnded => "KEY_ENDED",
            Self::InsufficientScope => "INSUFFICIENT_SCOPE",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::Internal => "INTERNAL",
        }
    }

    /// The reason of a name on the wire, if this version knows it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// What a program can do about it.
    pub const fn kind(self) -> RefusalKind {
        match self {
            Self::InvalidPair
            | Self::TooManyPairs
            | Self::InvalidInterval
            | Self::InvalidAmount
            | Self::InvalidCurrency
            | Self::InvalidDate
            | Self::InvalidPeriod
            | Self::InvalidSource
            | Self::InvalidTable
            | Self::InvalidPage
            | Self::InvalidMessage => RefusalKind::InvalidArgument,
            Self::PairNotQuoted | Self::NoRateOnDate | Self::NotHeld => RefusalKind::NotFound,
            Self::HeldValueChanged | Self::NotLeader | Self::NotShared => {
                RefusalKind::FailedPrecondition
            }
            Self::TooManyStreams
            | Self::TooManyClientStreams
            | Self::QuotaExceeded
            | Self::MemoryPressure
            | Self::AnswersUnread
            | Self::TooManyQueries
            | Self::MessageTooLarge => RefusalKind::ResourceExhausted,
            Self::Draining | Self::NoState | Self::StreamAged | Self::StoreUnavailable => {
                RefusalKind::Unavailable
            }
            Self::DeadlineExceeded => RefusalKind::DeadlineExceeded,
            Self::UnknownMethod | Self::UnsupportedEncoding => RefusalKind::Unimplemented,
            Self::KeyRequired
            | Self::InvalidKey
            | Self::KeyExpired
            | Self::KeyRevoked
            | Self::KeyEnded
            | Self::InvalidToken
            | Self::TokenExpired => RefusalKind::Unauthenticated,
            Self::InsufficientScope => RefusalKind::PermissionDenied,
            Self::Internal => RefusalKind::Internal,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_back_from_its_name_and_no_two_share_one() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("NO_SUCH_REASON"), None);
    }
}
