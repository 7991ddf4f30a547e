//! `[shared]`: the log that several replicas share.

use std::path::PathBuf;
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
    /// How the servers are reached.
    pub access: EtcdAccess,
}

/// How the servers of etcd are reached: certificates for `https://`, and a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EtcdAccess {
    /// A PEM file of the authorities whose certificates the servers may have; without it those of the machine.
    pub ca: Option<PathBuf>,
    /// The certificate that the servers are shown, and its private key: PEM files.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name of the user, and the file of its password.
    pub user: Option<(String, PathBuf)>,
}
