//! The callers of the service: their true addresses, and the share of the service that each may take.
//!
#![doc = include_str!("callers/README.md")]

mod arrivals;
mod caller;
pub mod costs;
mod counted;
mod forwarded;
mod quota;
mod quotas;
mod shares;
mod trusted;

pub use arrivals::Arrivals;
pub use caller::{Caller, Network};
pub use counted::{CountedBy, CountedClient, OwnLimits};
pub use quota::QuotaExceeded;
pub use quotas::Quotas;
pub use shares::{Share, ShareExceeded, ShareLimits, Shares};
pub use trusted::{InvalidNetwork, TrustedProxies};
