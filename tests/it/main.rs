//! Everything that is tested from outside, as one program.

#[cfg(test)]
mod support;

mod feed;
mod tidy;
