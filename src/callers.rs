//! The callers of the service: their true addresses, and the share of the service that each may take.
//!
#![doc = include_str!("callers/README.md")]

mod caller;
mod forwarded;
mod trusted;

pub use caller::{Caller, Network};
pub use trusted::{InvalidNetwork, TrustedProxies};
