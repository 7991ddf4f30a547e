//! The callers of the service: their true addresses, and the share of the service that each may take.
//!
#![doc = include_str!("callers/README.md")]

mod caller;
pub mod costs;
mod forwarded;
mod quotas;
mod shares;
mod trusted;

pub use caller::{Caller, Network};
pub use quotas::{QuotaExceeded, Quotas};
pub use shares::{Share, ShareExceeded, ShareLimits, Shares};
pub use trusted::{InvalidNetwork, TrustedProxies};
