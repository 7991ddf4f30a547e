//! silkrate

pub mod domain;
pub mod sources;
pub mod config;
pub mod clock;
pub mod board;
pub mod commit;
pub mod feed;
pub mod grpc;
pub mod pb;
