//! A complete subscriber in Rust: prints the ticker when it changes, reconnects, resumes.
//!
//! ```sh
//! cargo run --example watch -- http://127.0.0.1:50051 KZT/USD UZS/USD
//! ```
//!
//! `silkrate::client` does all of what the contract asks of a client; with `--updates N` this one ends after N changes,
//! and disconnects and resumes once halfway.

use std::error::Error;

use silkrate::client::{Client, Watch, WatchEvent, WatchOptions};
use silkrate::pb::Rate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let updates: usize = match words.iter().position(|word| word == "--updates") {
        Some(option) => words
            .drain(option..)
            .nth(1)
            .ok_or("--updates has a number")?
            .parse()?,
        None => 0,
    };
    let mut words = words.into_iter();
    let url = words
        .next()
        .ok_or("usage: watch URL [PAIR…] [--updates N]")?;
    let options = WatchOptions {
        pairs: words.collect(),
        ..WatchOptions::default()
    };
    let mut watch = Watch::new(Client::new(&url)?, options);
    let mut changes = 0;
    loop {
        match watch.next().await? {
            WatchEvent::Opening { verdict, .. } => say(&format!("{verdict:?}")),
            WatchEvent::Disconnected { reason, retry_in } => {
                say(&format!("{reason}; again in {retry_in:?}"));
            }
            WatchEvent::Update { rates, .. } if rates.is_empty() => {}
            WatchEvent::Snapshot | WatchEvent::Update { .. } => {
                print(&watch.rates().iter().map(entry).collect::<Vec<_>>());
                changes += 1;
                if changes == updates {
                    return Ok(());
                }
                if changes * 2 == updates {
                    watch.reconnect();
                }
            }
            WatchEvent::Heartbeat(_) => {}
        }
    }
}

/// A pair on the ticker, with every digit.
fn entry(rate: &Rate) -> String {
    let percent = rate.change.as_ref();
    let percent = percent.map_or("n/a".to_owned(), |change| format!("{}%", change.percent));
    format!("{} = {} {percent}", rate.pair, rate.value)
}

#[expect(clippy::print_stdout, reason = "an example is a program of its own")]
fn print(entries: &[String]) {
    println!("{}", entries.join(" • "));
}

#[expect(clippy::print_stderr, reason = "an example is a program of its own")]
fn say(text: &str) {
    eprintln!("watch: {text}");
}
