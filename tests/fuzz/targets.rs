//! Everything of silkrate that reads input from elsewhere, each with what must hold of any input. A target panics where that does
//! not hold.

mod config;
mod decimal;
mod connection;
mod forwarded;
mod keys;
mod ledger;
mod names;
mod nbkr_history;
mod record;
mod requests;
mod web;
mod webhooks;

use crate::checks::documents;

/// A part of silkrate that reads input.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Gives it an input.
    pub(crate) run: fn(&[u8]),
    pub(crate) kind: Kind,
}

/// How many inputs a target gets, and how long ones.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Quick,
    /// Some of its inputs are as long as the longest document that is fetched.
    Document,
    /// It takes milliseconds for an input, and gets fewer of those that are made by chance.
    Slow,
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target {
        name,
        run,
        kind: Kind::Quick,
    }
}

const fn document(name: &'static str, run: fn(&[u8])) -> Target {
    Target {
        kind: Kind::Document,
        ..target(name, run)
    }
}

const fn slow(name: &'static str, run: fn(&[u8])) -> Target {
    Target {
        kind: Kind::Slow,
        ..target(name, run)
    }
}

/// Every target. `seeds.txt` lists the folders with their first inputs.
pub(crate) const TARGETS: &[Target] = &[
    target("decimal", decimal::run),
    target("names", names::run),
    document("nbk", |bytes| documents::check("nbk", bytes)),
    document("nbkr", |bytes| documents::check("nbkr", bytes)),
    slow("nbkr_history", nbkr_history::run),
    document("cbu", |bytes| documents::check("cbu", bytes)),
    document("nbt", |bytes| documents::check("nbt", bytes)),
    document("cbt", |bytes| documents::check("cbt", bytes)),
    document("cbr", |bytes| documents::check("cbr", bytes)),
    document("market", |bytes| documents::check("market", bytes)),
    slow("config", config::run),
    target("keys", keys::run),
    target("forwarded", forwarded::run),
    target("record", record::run),
    slow("requests", requests::of_client),
    slow("operators", requests::of_operator),
    slow("web", web::run),
    slow("connection", connection::run),
    slow("ledger", ledger::run),
    slow("webhooks", webhooks::run),
];
