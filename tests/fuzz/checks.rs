//! What the targets share: the checks that every value read from damaged input must pass, and the service that they ask.

pub(crate) mod client;
pub(crate) mod documents;
pub(crate) mod file;
pub(crate) mod prose;
pub(crate) mod service;
pub(crate) mod statements;
