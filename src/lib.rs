//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod pb;
pub mod client;
pub mod telemetry;
pub mod cli;
