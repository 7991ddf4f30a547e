//! Which webhooks are accepted, with which values, and which are refused.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::config::{Config, ConfigErrors, EventKind};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A configuration with a webhook of a name, an address and a secret, and more settings.
fn webhook(more: &str) -> String {
    format!(
        "[[webhooks]]\nname = \"desk\"\nurl = \"https://news.example/hooks/t0ken\"\nsecret = \"{SECRET}\"\n{more}\n"
    )
}

/// A configuration file, and the folder that keeps it.
fn written(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(text: &str) -> Result<Config, ConfigErrors> {
    let (_folder, path) = written(text);
    Config::load(Some(&path), std::iter::empty())
}

/// What is wrong with a configuration, without the folder of its file.
fn wrong(text: &str) -> Vec<String> {
    let errors = load(text).unwrap_err();
    let texts = errors.iter().map(ToString::to_string);
    let short = texts.map(|text| match text.split_once(" (/") {
        Some((key, rest)) => format!("{key} {}", rest.split_once("silkrate.toml, ").unwrap().1),
        None => text,
    });
    short.collect()
}

#[test]
fn a_webhook_has_the_pairs_of_the_ticker_and_every_event_by_default() {
    let config = load(&webhook("")).unwrap();
    let [desk] = config.webhooks.as_slice() else {
        panic!("one webhook")
    };
    assert_eq!(desk.name, "desk");
    assert_eq!(desk.pairs, config.ticker.pairs);
    assert_eq!(desk.events, EventKind::ALL);
    assert_eq!(desk.min_change_percent, None);
    assert_eq!(desk.timeout.as_secs(), 10);
}

#[test]
fn every_setting_of_a_webhook_is_printed_but_its_secrets_and_the_rest_of_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let files = format!(
        "[[webhooks]]\nname = \"second\"\nurl = \"http://127.0.0.1:9000/\"\nsecret_file = [\"{0}\", \"{0}\"]\n\
         on = [\"held\", \"change\"]\npairs = [\"*/USD\"]\nmin_change_percent = \"0.50\"\ntimeout = \"5s\"\n",
        file.display()
    );
    let config = load(&files).unwrap();
    assert_eq!(config.webhooks[0].secrets.len(), 2);
    let printed = config.to_toml();
    assert!(
        printed.contains("min_change_percent = \"0.50\""),
        "{printed}"
    );
    let again = load(&printed).unwrap();
    assert_eq!(again.to_toml(), printed);

    let inline = load(&webhook("")).unwrap();
    let printed = inline.to_toml();
    assert!(printed.contains("# secret"), "{printed}");
    let address = "# url = \"https://news.example/…\", of which the rest is not printed\n";
    assert!(printed.contains(address), "{printed}");
    let found = wrong(&printed);
    assert!(found[0].contains("it has no url"), "{found:?}");
    for text in [printed, format!("{inline:?}")] {
        let is_hidden = |secret| !text.contains(secret);
        assert!(is_hidden("MfKQ9r8") && is_hidden("t0ken"), "{text}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_line_of_the_table() {
    let found = wrong("\n[[webhooks]]\non = [\"held\"]\n");
    assert_eq!(found.len(), 3, "{found:?}");
    for (error, missing) in found.iter().zip(["name", "url", "secret"]) {
        let start = format!("`webhooks[0]` line 3): it has no {missing}; accepted: ");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_wrong_setting_is_refused_with_its_place() {
    for (more, error) in [
        (
            "on = [\"chnge\"]",
            "`webhooks[0].on` line 5): `chnge` is not an event",
        ),
        ("on = []", "`webhooks[0].on` line 5): the list is empty"),
        (
            "pairs = [\"KZTUSD\"]",
            "`webhooks[0].pairs` line 5): `KZTUSD` is not a pair",
        ),
        (
            "min_change_percent = 1",
            "`webhooks[0].min_change_percent` line 5): 1 is a number",
        ),
        (
            "min_change_percent = \"-1\"",
            "`webhooks[0].min_change_percent` line 5): `-1` is negative",
        ),
        (
            "timeout = \"2m\"",
            "`webhooks[0].timeout` line 5): `2m` is out of bounds",
        ),
        (
            "secrets = \"x\"",
            "`webhooks[0].secrets` line 5) is not a setting; did you mean `webhooks[0].secret`?",
        ),
    ] {
        let found = wrong(&webhook(more));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(error), "{found:?}");
    }
    let twice = [webhook(""), webhook("")].concat();
    assert!(wrong(&twice)[0].contains("is the name of an earlier webhook"));
    let table = wrong("[webhooks]\nname = \"desk\"\n");
    assert!(
        table[0].contains("accepted: [[webhooks]] before"),
        "{table:?}"
    );
}

#[test]
fn an_address_is_encrypted_unless_it_is_on_this_machine_and_no_error_prints_it() {
    let with_url = |url: &str| webhook("").replace("https://news.example/hooks/t0ken", url);
    for url in [
        "https://news.example:8443/a?b=c",
        "http://127.0.0.1:9000/hook",
        "http://[::1]/",
        "http://localhost:9000",
    ] {
        load(&with_url(url)).unwrap();
    }
    for url in [
        "http://news.example/t0ken",
        "http://127.0.0.1.news.example/t0ken",
        "ftp://news.example/t0ken",
        "https://me:t0ken@news.example/",
        "https://news.example/#t0ken",
        "news.example/t0ken",
        "https://",
    ] {
        let found = wrong(&with_url(url));
        assert!(
            found[0].starts_with("`webhooks[0].url` line 3): "),
            "{found:?}"
        );
        assert!(!found[0].contains("t0ken"), "{found:?}");
    }
}

#[test]
fn no_error_prints_a_secret() {
    for secret in ["hunter2hunter2", "whsec_aHVudGVyMg=="] {
        let found = wrong(&webhook("").replace(SECRET, secret));
        assert!(
            found[0].starts_with("`webhooks[0].secret` line 4): "),
            "{found:?}"
        );
        assert!(
            !found[0].contains("hunter2") && !found[0].contains("aHVudGVy"),
            "{found:?}"
        );
    }
}
