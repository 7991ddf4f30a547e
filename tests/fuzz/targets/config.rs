//! The file of settings: what is loaded is printed so that it loads as the same.

use std::iter;
use std::path::Path;

use silkrate::config::{Config, ConfigErrors};

use crate::checks::file;

/// As many letters as no other word of the settings has.
const SECRET_LETTERS: usize = 16;

fn load(path: &Path) -> Result<Config, ConfigErrors> {
    Config::load(Some(path), iter::empty())
}

/// The first letters of what follows `whsec_` in an input: no sentence may repeat a secret.
fn secrets(text: &str) -> Vec<&str> {
    let after = text.split("whsec_").skip(1);
    let letters = after.filter_map(|rest| rest.get(..SECRET_LETTERS));
    letters
        .filter(|secret| secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .collect()
}

fn check(sentence: &str, secrets: &[&str]) {
    assert!(!sentence.is_empty());
    assert!(
        !secrets.iter().any(|secret| sentence.contains(secret)),
        "{sentence}"
    );
}

pub(crate) fn run(bytes: &[u8]) {
    // Files that the settings name are read, and a device may never end.
    let text = String::from_utf8_lossy(bytes);
    if ["/dev", "/proc", "/sys"]
        .iter()
        .any(|folder| text.contains(folder))
    {
        return;
    }
    match load(&file::write("settings.toml", bytes)) {
        // Of a webhook less is printed than it needs.
        Ok(config) if !config.webhooks.is_empty() => {
            let printed = config.to_toml();
            assert!(
                !secrets(&text).iter().any(|secret| printed.contains(secret)),
                "{printed}"
            );
        }
        Ok(config) => {
            let printed = config.to_toml();
            let again = load(&file::write("printed.toml", printed.as_bytes()));
            let again = again.unwrap_or_else(|errors| panic!("{errors}\n{printed}"));
            assert_eq!(again.to_toml(), printed);
        }
        Err(errors) => {
            for error in &errors {
                check(&error.to_string(), &secrets(&text));
            }
        }
    }
}
