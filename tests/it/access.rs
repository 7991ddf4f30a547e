//! Keys of clients: who is admitted to what, and how keys come and go while the service runs.

mod command;
mod file;
mod limits;
mod matrix;
mod refusals;
mod secrets;
mod streams;
mod tokens;
