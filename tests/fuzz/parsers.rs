//! The same as `guided.rs`, of the targets that need `domain` and `sources` alone.

#![no_main]

#[path = "guided/chosen.rs"]
mod chosen;
#[path = "guided/progress.rs"]
mod progress;

mod checks {
    pub(crate) mod documents;
    pub(crate) mod prose;
}

mod targets {
    pub(crate) mod decimal;
    pub(crate) mod names;
    pub(crate) mod nbkr_history;
}

use checks::documents;
use chosen::Run;
use libfuzzer_sys::fuzz_target;
use targets::{decimal, names, nbkr_history};

fn find(name: &str) -> Option<Run> {
    Some(match name {
        "decimal" => decimal::run,
        "names" => names::run,
        "nbk" => |bytes| documents::check("nbk", bytes),
        "nbkr" => |bytes| documents::check("nbkr", bytes),
        "nbkr_history" => nbkr_history::run,
        "cbu" => |bytes| documents::check("cbu", bytes),
        "nbt" => |bytes| documents::check("nbt", bytes),
        "cbt" => |bytes| documents::check("cbt", bytes),
        "cbr" => |bytes| documents::check("cbr", bytes),
        "market" => |bytes| documents::check("market", bytes),
        _ => return None,
    })
}

fuzz_target!(|bytes: &[u8]| chosen::give(find, bytes));
