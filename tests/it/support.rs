//! What the tests share.

pub mod boards;
