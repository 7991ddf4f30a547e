//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod poller;
pub mod pb;
