//! Replicas over a real etcd. `cargo test --test shared` needs the programs of Debian's package `etcd-server`; it is no part of
//! `cargo test`, which needs nothing that is not in the repository.

mod behind;
mod calls;
mod cluster;
mod commits;
mod damaged;
mod faults;
mod fenced;
mod log;
mod marks;
mod outages;
mod past;
mod power;
mod process;
mod reader;
mod replayed;
mod restored;
mod replicas;
mod roles;
mod secured;
mod server;
mod service;
mod troubles;
mod upgrade;
