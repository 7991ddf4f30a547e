//! Everything that is tested from outside, as one program: it links once.

// With `cfg(test)` the lints know helpers for what they are: test code.
#[cfg(test)]
mod support;

#[cfg(test)]
mod client;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod service;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod start;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod year;
