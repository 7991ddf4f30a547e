//! What is found before a start, and what is not complained about.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::config::Webhook;

/// A configuration that nothing is wrong with: free ports, and no ledger.
const FREE: &[(&str, &str)] = &[
    ("SILKRATE_SERVER__LISTEN", "127.0.0.1:0"),
    ("SILKRATE_SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
    ("SILKRATE_WEB__LISTEN", "127.0.0.1:0"),
    ("SILKRATE_STORE__PATH", ":memory:"),
];

fn config(variables: &[(&str, &str)]) -> Config {
    let variables = FREE.iter().chain(variables);
    let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, owned).unwrap()
}

/// The keys and the problems that are found.
fn found(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let found = findings(&config(variables)).into_iter();
    found
        .map(|finding| (finding.key, finding.problem))
        .collect()
}

/// The one problem that is found, which is about a key.
fn only(key: &str, variables: &[(&str, &str)]) -> String {
    let mut found = found(variables);
    assert_eq!(found.len(), 1, "{found:?}");
    let (of, problem) = found.remove(0);
    assert_eq!(of, key, "{problem}");
    problem
}

#[test]
fn a_sound_configuration_has_no_findings() {
    assert_eq!(found(&[]), []);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let path = path.to_str().unwrap();
    assert_eq!(found(&[("SILKRATE_STORE__PATH", path)]), []);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn ports_that_cannot_be_bound_are_found_together() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    // A network for documentation, of which no machine has an address.
    let found = found(&[
        ("SILKRATE_SERVER__LISTEN", &taken),
        ("SILKRATE_WEB__LISTEN", "192.0.2.1:8080"),
    ]);
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["server.listen", "web.listen"], "{found:?}");
    let one = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let twice = [
        ("SILKRATE_SERVER__LISTEN", &*one),
        ("SILKRATE_WEB__LISTEN", &*one),
    ];
    assert!(only("web.listen", &twice).contains("in use"));
}

#[test]
fn pairs_that_cannot_exist_are_found() {
    let pairs = |pairs: &str, others: &[(&str, &str)]| {
        let pairs = [("SILKRATE_TICKER__PAIRS", pairs)];
        found(&[&pairs, others].concat())
            .into_iter()
            .map(|(key, problem)| {
                assert_eq!(key, "ticker.pairs");
                problem
            })
            .collect::<Vec<_>>()
    };
    let none: [String; 0] = [];
    assert_eq!(
        pairs(
            "KZT/USD,EUR/TMT,KGS/KZT,KZT/KZT,*/EUR,UZS/*,USD/*,*/TJS",
            &[]
        ),
        none
    );
    assert_eq!(
        pairs("KZT/USD,EUR/USD,KZT/XYZ,*/XYZ,USD/USD", &[]),
        [
            "`EUR/USD` cannot exist: neither side is KZT, KGS, TJS, UZS or TMT",
            "`KZT/XYZ` cannot exist: there is no currency `XYZ`",
            "`*/XYZ` cannot exist: there is no currency `XYZ`",
            "`USD/USD` cannot exist: neither side is KZT, KGS, TJS, UZS or TMT",
        ]
    );
    let kazakh_alone = [
        ("SILKRATE_TICKER__PREFER", "home"),
        ("SILKRATE_SOURCES__NBKR__ENABLED", "false"),
    ];
    let unquoted = "no enabled source that ticker.prefer names quotes it";
    assert_eq!(
        pairs("KZT/EUR,KGS/USD,KGS/KZT,KGS/*,KZT/UZS", &kazakh_alone),
        ["KGS/USD", "KGS/KZT", "KGS/*"].map(|pair| format!("`{pair}` cannot exist: {unquoted}"))
    );
    let market_alone = [
        ("SILKRATE_TICKER__PREFER", "market"),
        ("SILKRATE_SOURCES__MARKET__ENABLED", "true"),
        ("SILKRATE_SOURCES__MARKET__KIND", "fawazahmed0"),
    ];
    assert_eq!(
        pairs("KZT/USD,KZT/KGS,KZT/EUR,*/EUR", &market_alone),
        ["KZT/EUR", "*/EUR"].map(|pair| format!("`{pair}` cannot exist: {unquoted}"))
    );
}

#[test]
fn a_ledger_that_cannot_be_opened_is_found_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let problem = |path: &Path| {
        let path = path.to_str().unwrap();
        only("store.path", &[("SILKRATE_STORE__PATH", path)])
    };
    let missing = problem(&at("missing/silkrate.db"));
    assert!(missing.contains("does not exist; create it"), "{missing}");
    let a_folder = problem(folder.path());
    assert!(a_folder.contains("it is a folder"), "{a_folder}");
    let (foreign, text) = (
        at("foreign.db"),
        "this is a text and no ledger\n".repeat(99),
    );
    fs::write(&foreign, &text).unwrap();
    let problem_of_text = problem(&foreign);
    assert!(
        problem_of_text.contains("is not a ledger of silkrate"),
        "{problem_of_text}"
    );
    assert_eq!(fs::read_to_string(&foreign).unwrap(), text);

    let replayed = at("replayed.db");
    let opened = ledger::Ledger::open(Some(&replayed), ledger::ClockKind::Replay).unwrap();
    let in_use = problem(&replayed);
    assert!(
        in_use.contains("in use by another silkrate process"),
        "{in_use}"
    );
    drop(opened);
    let other_clock = loop {
        // The thread of the ledger closes the file.
        let found = problem(&replayed);
        if !found.contains("in use") {
            break found;
        }
    };
    assert!(
        other_clock.contains("was written under the clock of a replay"),
        "{other_clock}"
    );
    let path = foreign.to_str().unwrap();
    let not_required = [
        ("SILKRATE_STORE__PATH", path),
        ("SILKRATE_STORE__REQUIRED", "false"),
    ];
    assert_eq!(found(&not_required), []);
}

#[test]
fn a_file_of_webhooks_that_cannot_be_used_is_found_if_there_are_webhooks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let mut config = config(&[("SILKRATE_STORE__PATH", path.to_str().unwrap())]);
    fs::write(path_beside(&path), "not a database, and longer than one").unwrap();
    assert_eq!(findings(&config), []);
    config.webhooks.push(Webhook {
        name: "desk".to_owned(),
        url: "http://127.0.0.1:9/".to_owned(),
        pairs: config.ticker.pairs.clone(),
        events: Vec::new(),
        min_change_percent: None,
        secrets: Vec::new(),
        timeout: Duration::from_secs(1),
    });
    let found = findings(&config);
    let [finding] = &*found else {
        panic!("{found:?}");
    };
    assert_eq!(finding.key, "store.path");
    let problem = &finding.problem;
    assert!(problem.contains("silkrate.db.webhooks"), "{problem}");
    config.store_required = false;
    assert_eq!(findings(&config), []);
}

#[test]
fn what_keeps_a_source_from_being_polled_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no certificate\n").unwrap();
    let of_nbk = [("SILKRATE_SOURCES__NBK__EXTRA_CA", file.to_str().unwrap())];
    let problem = only("sources.nbk.base_url", &of_nbk);
    assert!(problem.contains("no certificate"), "{problem}");

    let without_key = [("SILKRATE_SOURCES__MARKET__ENABLED", "true")];
    let problem = only("sources.market.api_key_file", &without_key);
    assert!(
        problem.contains("`apilayer` answers no request without a key"),
        "{problem}"
    );
    let stand_in = [
        without_key[0],
        ("SILKRATE_SOURCES__MARKET__BASE_URL", "http://127.0.0.1:9"),
    ];
    assert_eq!(found(&stand_in), []);
}

#[test]
fn a_public_address_that_does_not_end_with_the_path_is_warned_of() {
    let warned = |path: &str, url: &str| {
        let config = config(&[
            ("SILKRATE_WEB__PATH", path),
            ("SILKRATE_WEB__PUBLIC_URL", url),
        ]);
        assert_eq!(findings(&config), []);
        let warnings = warnings(&config).into_iter();
        warnings.map(|warning| warning.key).collect::<Vec<_>>()
    };
    for (path, url) in [
        ("/", "https://site.example/"),
        ("/", "https://site.example/rates/"),
        ("/rates/", "https://site.example/rates/"),
        ("/rates/", "https://site.example/fx/rates"),
    ] {
        assert_eq!(warned(path, url), [""; 0], "{path} {url}");
    }
    for (path, url) in [
        ("/rates/", "https://site.example/"),
        ("/rates/", "https://site.example"),
        ("/rates/", "https://site.example/fx/"),
        ("/rates/", "https://site.example/exrates/"),
        ("/fx/rates/", "https://site.example/rates/"),
    ] {
        assert_eq!(warned(path, url), ["web.public_url"], "{path} {url}");
    }
    assert_eq!(warnings(&config(&[("SILKRATE_WEB__PATH", "/rates/")])), []);
}

#[test]
fn a_port_of_operators_that_other_machines_reach_is_warned_of() {
    let open = ("SILKRATE_ACCESS__OPEN_ADMIN", "true");
    let warned = |address| {
        let config = config(&[("SILKRATE_SERVER__ADMIN_LISTEN", address), open]);
        let warnings = warnings(&config).into_iter();
        warnings.map(|warning| warning.key).collect::<Vec<_>>()
    };
    for address in ["127.0.0.1:9464", "127.8.9.10:9464", "[::1]:9464"] {
        assert_eq!(warned(address), [""; 0], "{address}");
    }
    for address in ["0.0.0.0:9464", "10.1.2.3:9464", "[::]:9464"] {
        assert_eq!(warned(address), ["server.admin_listen"], "{address}");
    }
}

#[test]
fn a_port_of_operators_that_demands_a_key_is_warned_of_where_there_is_none() {
    let everywhere = ("SILKRATE_SERVER__ADMIN_LISTEN", "0.0.0.0:9464");
    let found = warnings(&config(&[everywhere]));
    assert_eq!(found.len(), 1);
    assert!(found[0].problem.contains("it demands a key"), "{found:?}");
    let keys = ("SILKRATE_ACCESS__KEYS", "/nowhere/keys.toml");
    let with_keys = config(&[everywhere, keys]);
    assert_eq!(warnings(&with_keys), []);
    let missing = super::keys(&with_keys).unwrap();
    assert_eq!(missing.key, "access.keys");
    assert!(
        missing.problem.contains("there is no such file"),
        "{missing:?}"
    );
}
