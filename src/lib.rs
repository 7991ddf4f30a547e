//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod clock;
pub mod poller;
pub mod pb;
