//! Everything that is tested from outside, in one binary: it links once.

mod client;
