//! Helpers that several tests use.

pub(crate) mod april;
pub(crate) mod authority;
pub(crate) mod bank;
pub(crate) mod boards;
pub(crate) mod browser;
pub(crate) mod captured;
pub(crate) mod collector;
pub(crate) mod commits;
pub(crate) mod counted;
pub(crate) mod keys;
pub(crate) mod lone_poller;
pub(crate) mod mirror;
pub(crate) mod program;
pub(crate) mod receiver;
pub(crate) mod records;
pub(crate) mod scripted;
pub(crate) mod silkrate;
pub(crate) mod test_commit;
pub(crate) mod tls;
pub(crate) mod wire;
