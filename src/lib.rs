//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod pb;
