//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod clock;
pub mod board;
pub mod commit;
pub mod poller;
pub mod feed;
pub mod grpc;
pub mod app;
pub mod pb;
