//! The rows of the file of webhooks: what is known to receivers, and the events that wait.

use std::fs;
use std::sync::LazyLock;

use silkrate::board::BoardReader;
use silkrate::clock::Clock;
use silkrate::config::Config;
use silkrate::webhooks::{Webhooks, check, states};

use crate::checks::service::SERVICE;
use crate::checks::{file, prose, statements};

const NAME: &str = "webhooks.db";
/// The webhook that the rows of the corpus are of.
const SETTINGS: &str = "\
[[webhooks]]
name = 'desk'
url = 'http://127.0.0.1:9/'
secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='
min_change_percent = '1'
";

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let settings = file::write("webhooks.toml", SETTINGS.as_bytes());
    let config = Config::load(Some(&settings), std::iter::empty());
    config.unwrap_or_else(|errors| panic!("{errors}"))
});

/// A file that the service has just made.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = file::path("empty-webhooks.db");
    SERVICE.with(|service| service.wait(open(&path, &service.board)));
    fs::read(path).expect("the service makes a file")
});

async fn open(path: &std::path::Path, board: &BoardReader) {
    let config = &*CONFIG;
    let of_board = (board.clone(), &config.ticker.prefer);
    let path = Some(path.to_owned());
    let opened = Webhooks::open(
        &config.webhooks,
        &config.http,
        path,
        of_board,
        Clock::real(),
    );
    if let Err(error) = opened.await {
        prose::check(&error.to_string());
    }
}

/// An input: statements that insert rows.
pub(crate) fn run(bytes: &[u8]) {
    let rows = String::from_utf8_lossy(bytes);
    let path = file::write(NAME, &EMPTY);
    if !statements::insert(&path, &rows) {
        return;
    }
    if let Ok(states) = states(&path) {
        for state in states.iter().filter(|state| !state.name.is_empty()) {
            assert!(rows.contains(&state.name.replace('\'', "''")), "{state:?}");
        }
    }
    drop(check(&path));
    SERVICE.with(|service| service.wait(open(&path, &service.board)));
}
