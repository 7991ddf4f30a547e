//! Tests of the differences of configurations.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// The configuration of a file with this text.
fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.toml");
    fs::write(&path, text).unwrap();
    Config::load(Some(&path), std::iter::empty()).unwrap()
}

/// The differences of two files, each as it is printed, those that need a restart marked with a star.
fn changes(before: &str, now: &str) -> Vec<String> {
    let [before, now] = [before, now].map(|text| config(text).effective(b"salt"));
    let changes = differences(&before, &now).into_iter();
    let text = |change: SettingChange| {
        let star = if change.needs_restart { "* " } else { "" };
        format!("{star}{change}")
    };
    changes.map(text).collect()
}

fn webhook(url: &str, secret: u8) -> String {
    let secret = STANDARD.encode([secret; 32]);
    format!("[[webhooks]]\nname = \"desk\"\nurl = \"{url}\"\nsecret = \"whsec_{secret}\"\n")
}

#[test]
fn a_difference_names_the_setting_its_values_and_whether_it_needs_a_restart() {
    let before = "[sources.nbk]\ninterval = \"15m\"\n[web]\npublic_url = \"https://a.example/\"\n";
    let now = "[server]\nmax_streams = 100\n[sources.nbk]\ninterval = \"5m\"\n[ticker]\npairs = [\"KZT/USD\"]\n\
               [log]\nlevel = \"debug\"\nformat = \"json\"\n";
    assert_eq!(
        changes(before, now),
        [
            "* server.max_streams: 65536 -> 100",
            "ticker.pairs: [\"KGS/USD\", \"KZT/USD\", \"TJS/USD\", \"UZS/USD\", \"TMT/USD\"] -> [\"KZT/USD\"]",
            "sources.nbk.interval: \"15m\" -> \"5m\"",
            "* log.format: \"auto\" -> \"json\"",
            "log.level: \"info\" -> \"debug\"",
            "web.public_url: not set any more; it was \"https://a.example/\"",
        ]
    );
    assert_eq!(changes(now, now), [""; 0]);
}

#[test]
fn a_source_or_a_webhook_that_comes_or_goes_is_one_difference() {
    let disabled = "[sources.cbr]\nenabled = false\n";
    assert_eq!(
        changes("", disabled),
        ["sources.cbr.enabled: true -> false"]
    );
    assert_eq!(
        changes(disabled, ""),
        ["sources.cbr.enabled: false -> true"]
    );
    let webhook = webhook("https://desk.example/t0ken", 1);
    assert_eq!(changes("", &webhook), ["webhooks.desk: absent -> present"]);
    assert_eq!(changes(&webhook, ""), ["webhooks.desk: present -> absent"]);
}

#[test]
fn of_a_secret_is_shown_that_it_changed_and_nothing_else() {
    let before = webhook("https://desk.example/t0ken", 1);
    let url = webhook("https://desk.example/an0ther", 1);
    let secret = webhook("https://desk.example/t0ken", 2);
    assert_eq!(
        changes(&before, &url),
        ["webhooks.desk.url: changed, not shown"]
    );
    assert_eq!(
        changes(&before, &secret),
        ["webhooks.desk.secret: changed, not shown"]
    );
    let shown = format!("{:?}", settings(&config(&before), sources::ALL));
    assert!(!shown.contains("t0ken"), "{shown}");
    let effective = config(&before).effective(b"salt");
    assert!(
        effective
            .iter()
            .all(|setting| !setting.value.contains("t0ken"))
    );
}

#[test]
fn the_key_of_a_vendor_is_compared_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let text = format!(
        "[sources.market]\nenabled = true\napi_key_file = \"{}\"\n",
        file.display()
    );
    let effective = |key: &str| {
        fs::write(&file, key).unwrap();
        config(&text).effective(b"salt")
    };
    let (before, now) = (effective("one"), effective("another"));
    let changes = differences(&before, &now);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].key, "sources.market.api_key_file");
    assert_eq!(changes[0].from, changes[0].to);
    assert_eq!(differences(&now, &effective("another")), []);
}

#[test]
fn a_reloaded_configuration_keeps_what_needs_a_restart_and_takes_over_the_rest() {
    let before = config("[server]\nmax_streams = 100\n[store]\npath = \"one.db\"\n");
    let next = config(
        "[server]\nmax_streams = 200\n[store]\npath = \"two.db\"\n[web]\nlisten = \"127.0.0.1:1\"\n\
         allowed_origins = [\"*\"]\n[log]\nformat = \"text\"\nlevel = \"warn\"\n[ticker]\npairs = [\"KZT/USD\"]\n\
         [trace]\nendpoint = \"http://127.0.0.1:4317\"\n[clock]\nstart = \"2026-04-02T09:00:00Z\"\n",
    );
    let wanted = next.effective(b"");
    let reloaded = before.reloaded(next).effective(b"");
    // Applied are exactly the differences that need no restart.
    let applied = differences(&before.effective(b""), &reloaded);
    assert!(
        applied.iter().all(|change| !change.needs_restart),
        "{applied:?}"
    );
    assert_eq!(applied.len(), 3);
    let left = differences(&reloaded, &wanted);
    assert!(left.iter().all(|change| change.needs_restart), "{left:?}");
    assert_eq!(left.len(), 8);
}

#[test]
fn the_variable_of_a_setting_gives_it_its_value() {
    let config = config(
        "[server]\nadmin_hosts = [\"a.example\", \"b.example\"]\nmax_streams = 100\n[ticker]\npairs = [\"KZT/USD\", \"*/EUR\"]\n\
         [sources.nbk]\nenabled = false\n[sources.cbr]\nholidays = [\"2026-03-20\"]\n[log]\naccess = true\n\
         [web]\npath = \"/rates/\"\n[trace]\nendpoint = \"http://127.0.0.1:4317\"\nsample = \"10%\"\n",
    );
    let before = config.effective(b"salt");
    let variables = before
        .iter()
        .map(|setting| variable(&setting.key, &setting.value).unwrap());
    let again = Config::load(None, variables.collect::<Vec<_>>().into_iter()).unwrap();
    assert_eq!(differences(&before, &again.effective(b"salt")), []);
    assert!(again.variables.contains(&"log.access".to_owned()));
}
