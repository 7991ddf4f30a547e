//! Replicas over a real etcd. `cargo test --test shared` needs the programs of Debian's package `etcd-server`; it is no part of
//! `cargo test`, which needs nothing that is not in the repository.

mod commits;
mod log;
mod replicas;
mod server;
mod service;
