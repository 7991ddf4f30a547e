//! Everything that is tested from outside, as one program.

mod tidy;
