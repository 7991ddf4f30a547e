//! The poller against banks on loopback: requests, failures, the first polls, tables that were missed, and a
//! machine that slept.

mod by_date;
mod budget;
mod clock_set;
mod faults;
mod fetch;
mod first_seen;
mod gaps;
mod past;
mod refusals;
mod sleep;
mod start;
