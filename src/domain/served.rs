//! What is served: which source answers a pair, how current the answer is, the rate, and the snapshot of all of them.

mod position;
mod polling;
mod freshness;
mod source_state;
mod quote;
mod rate;
mod ticker;
mod entry;
mod filter;
mod snapshot;
mod historical;

pub use entry::{Digits, Figures, Form, MARKET, TickerEntry};
pub use filter::{FILTER_PAIRS_MAX, FilterError, RateFilter};
pub use freshness::{Freshness, FreshnessDates, FreshnessStatus};
pub use historical::{Coverage, HistoryRow, Leg, Past, PeriodRates, snapshot_on};
pub use polling::{PollOutcome, PollReport, PollStatus, Polling, RequestCount};
pub use position::Position;
pub use quote::{Preference, Quote, QuoteInputs, answer_on, candidates, choose_quotes, priced_in};
pub use rate::{Announced, Derivation, Rate, WindowChange};
pub use snapshot::{
    Continuity, FINGERPRINT_BYTES, Fingerprint, ORDER_OF_ANSWERS, PAIRS_OF_TICKER, REMOVALS_MAX,
    RestoredState, ServedChange, ServedFingerprint, ServedRevision, Snapshot, Update, View,
};
pub use source_state::SourceState;
pub use ticker::{TickerStyle, change_text, ticker_entry};
