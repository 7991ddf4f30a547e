//! The two modules of silkrate that read numbers, names and documents. They stand here as links.

pub mod domain;
pub mod sources;
