//! Everything that is tested from the outside, in one binary: it links once.

#[cfg(test)]
mod support;

mod fetch;
