//! `[shared]`: the log that several replicas share.

use std::time::Duration;

/// `[shared]`: the log that several replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The addresses of the servers of etcd.
    pub servers: Vec<String>,
    /// The name of the log.
    pub name: String,
    /// The name of this replica.
    pub node: String,
    /// Where operators reach this replica, as a URL; empty if it is not said.
    pub advertise_admin: String,
    /// Whether it leads when no other replica does; otherwise it never asks a bank.
    pub may_lead: bool,
    /// How long its lead lasts without a message from it.
    pub lease: Duration,
}
