//! The effective configuration as TOML: `silkrate config` prints it, and it loads to the same configuration.

use crate::config::Config;
use crate::config::settings::{Shown, WEBHOOK, settings};
use crate::sources::{self, Source};

impl Config {
    /// The configuration as TOML, every setting in force: of a disabled source only that it is disabled. It contains the path
    /// of the file of an API key or a secret, and never the key or the secret, nor more of the address of a webhook than its
    /// host: what stands in the configuration itself must be added to what is printed.
    pub fn to_toml(&self) -> String {
        print(self, sources::ALL)
    }
}

/// Prints a configuration for a catalogue of sources.
pub(super) fn print(config: &Config, catalogue: &[&'static Source]) -> String {
    let mut lines = Vec::new();
    let mut table = String::new();
    for setting in settings(config, catalogue) {
        if setting.table != table {
            if !table.is_empty() {
                lines.push(String::new());
            }
            lines.push(heading(&setting.table));
            table.clone_from(&setting.table);
        }
        let name = setting.name;
        lines.push(match setting.shown {
            Shown::Whole(value) => format!("{name} = {value}"),
            Shown::Part(comment) => format!("# {comment}"),
        });
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The line that begins a table. Webhooks are a list of tables, whose names are settings of their own.
fn heading(table: &str) -> String {
    if table.starts_with(WEBHOOK) {
        "[[webhooks]]".to_owned()
    } else {
        format!("[{table}]")
    }
}
