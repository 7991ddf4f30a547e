//! When a bank is asked, and how.

pub mod fetch;
