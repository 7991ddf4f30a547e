//! The browser side over real sockets.

mod answers;
mod base_path;
mod charts;
mod currencies;
mod embed;
mod events;
mod files;
mod formulas;
pub(crate) mod grpc_web;
mod half_close;
mod hosts;
mod lines;
mod origins;
mod over_time;
mod pages;
mod picture;
mod ready;
mod tables;
mod threats;
mod wrong_addresses;

use crate::support::april::bank_of_april;
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

/// The origin of a page that may read.
const FRIEND: &str = "https://news.example";
/// The origin of a page that may not.
const FOREIGN: &str = "https://evil.example";

/// The service of 2 April 2026, readable for the pages of some origins.
async fn silkrate_with(bank: &Bank, allowed_origins: &[&str]) -> Silkrate {
    let mut config = settings("2026-04-02T09:00:00Z");
    config.sources.push(source("nbk", "", &bank.url()));
    config.web.allowed_origins = allowed_origins.iter().map(ToString::to_string).collect();
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    silkrate
}

async fn april() -> (Bank, Silkrate) {
    let bank = bank_of_april().await;
    let silkrate = silkrate_with(&bank, &[FRIEND]).await;
    (bank, silkrate)
}
