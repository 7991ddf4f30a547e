//! Everything that is tested from outside, as one program: it links once.

// With `cfg(test)` the lints know helpers for what they are: test code.
#[cfg(test)]
mod support;

#[cfg(test)]
mod backfill;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod board;
#[cfg(test)]
mod client;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod dispatcher;
#[cfg(test)]
mod gaps;
#[cfg(test)]
mod held;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod model;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod listener;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod past;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rollover;
#[cfg(test)]
mod service;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod start;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod web;
#[cfg(test)]
mod year;
