//! The poller against banks on loopback: requests, failures, the first polls, and tables that were missed.

mod faults;
mod fetch;
mod gaps;
mod start;
