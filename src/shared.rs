//! Replicas of one service on several machines: a log that all of them read, and one of them writes.
//!
#![doc = include_str!("shared/README.md")]
//!
#![doc = include_str!("shared/scale.md")]

pub mod record;
pub mod apply;
pub mod log;
pub mod members;
pub mod etcd;
pub mod node;
pub mod polls;
pub mod restore;
