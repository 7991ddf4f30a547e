//! The earlier names of the options.

use crate::client::commands::{Ran, silkrate};
use crate::support::april::{bank_of_april, silkrate_of_april};

const HISTORY: &[&str] = &["history", "USD/KZT", "--csv"];
const FIXINGS: &[&str] = &["fixings", "nbk", "USD", "--csv"];
const PERIODS: &[&str] = &["periods", "USD/KZT", "--csv"];

/// A command, the earlier name of an option, its name, and a value that changes the output.
const OPTIONS: &[(&[&str], &str, &str, &str)] = &[
    (HISTORY, "--from", "--start", "2026-04-02"),
    (HISTORY, "--to", "--end", "2026-04-01"),
    (FIXINGS, "--from", "--start", "2026-04-02"),
    (FIXINGS, "--to", "--end", "2026-04-01"),
    // The only month has the same figures in any range that it touches: no month is left.
    (PERIODS, "--from", "--start", "2026-05-01"),
    (PERIODS, "--to", "--end", "2026-03-31"),
    (
        &["rates", "USD/KZT", "--csv"],
        "--on",
        "--date",
        "2026-04-01",
    ),
    (
        &["convert", "1", "USD", "KZT", "--csv"],
        "--on",
        "--date",
        "2026-04-01",
    ),
];

#[tokio::test]
async fn an_earlier_name_of_an_option_has_the_effect_of_its_name() {
    let bank = bank_of_april().await;
    let server = silkrate_of_april(&bank).await;
    let run = async |command: &[&str], option: &[&str]| {
        let address = ["--server", server.url.as_str()];
        let Ran { code, out, err } = silkrate(&[command, option, &address].concat()).await;
        let expected = i32::from(command == PERIODS && !option.is_empty());
        assert_eq!(code, expected, "{command:?} {option:?}: {err}");
        (out, err)
    };
    for (command, earlier, name, value) in OPTIONS {
        let named = run(command, &[name, value]).await;
        assert_eq!(run(command, &[earlier, value]).await, named, "{command:?}");
        assert_ne!(run(command, &[]).await, named, "{command:?} {name}");
    }
    server.finish().await;
}
