//! Which configurations are accepted, with which values, and which are refused.

mod environment;
mod paths;

use std::fs;
use std::path::Path;

use jiff::civil::date;

use super::*;
use crate::config::print::print;
use crate::config::{CertificateAuthorities, ConfigError, Origin, Proxy};
use crate::domain::{Currency, Exceptions, Preference, SourceId};
use crate::sources::{ApiKeyPlacement, nbk};

/// A bank of none of the five, and a market of two kinds, beside the bank that is there.
static FALLBACK: Source = Source {
    id: SourceId::new("fallback"),
    home: Some(Currency::RUB),
    ..nbk::SOURCE
};
static MARKET: Source = Source {
    id: SourceId::new("market"),
    kind: "apilayer",
    home: None,
    base_url: "https://vendor.example",
    api_key_placement: ApiKeyPlacement::Header("apikey"),
    ..nbk::SOURCE
};
static OTHER_MARKET: Source = Source {
    kind: "other",
    base_url: "https://other.example",
    ..MARKET
};
static CATALOGUE: [&Source; 4] = [&FALLBACK, &OTHER_MARKET, &MARKET, &nbk::SOURCE];

/// A configuration file, and the folder that keeps it.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let (_folder, path) = written(text);
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(&CATALOGUE, Some(&path), variables)
}

fn from_file(text: &str) -> Result<Config, ConfigErrors> {
    with(text, &[])
}

/// The error without the folder the file lies in.
fn refusal(text: &str) -> String {
    let error = from_file(text).unwrap_err().to_string();
    match error.split_once("/silkrate.toml") {
        Some((before, after)) => {
            let before = before.rsplit_once('(').map_or("", |(before, _)| before);
            format!("{before}(silkrate.toml{after}")
        }
        None => error,
    }
}

fn from_variable(name: &str, value: &str) -> Result<Config, ConfigErrors> {
    with("", &[(name, value)])
}

#[test]
fn an_empty_configuration_has_the_defaults() {
    let config = load(&CATALOGUE, None, std::iter::empty()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.server.heartbeat_interval, Duration::from_secs(20));
    let ids: Vec<_> = config.sources.iter().map(|one| one.source.id).collect();
    assert_eq!(ids, [FALLBACK.id, nbk::SOURCE.id]);
    let fallbacks = [FALLBACK.id, MARKET.id].map(Preference::Source);
    assert_eq!(
        config.ticker.prefer,
        [&[Preference::Home], fallbacks.as_slice()].concat()
    );
    assert!(matches!(config.store, Store::File(path) if path == Path::new("silkrate.db")));
    assert!(config.clock.is_none());
}

#[test]
fn every_key_can_be_set_and_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, " s3cret\n").unwrap();
    let text = format!(
        r#"
        [server]
        listen = "127.0.0.1:50051"
        admin_listen = "127.0.0.1:9464"
        heartbeat_interval = "20s"
        max_streams = 50
        [web]
        listen = "127.0.0.1:8080"
        allowed_origins = ["https://news.example"]
        [ticker]
        pairs = ["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"]
        prefer = ["home", "market"]   # a source not named never answers
        [store]
        path = ":memory:"
        [clock]
        start = "2026-04-02T09:00:00Z"
        speed = 60
        [http]
        connect_timeout = "5s"
        read_timeout = "10s"
        total_timeout = "30s"
        proxy = "https://proxy.example:3128"
        ca = "system"
        extra_ca = ["{0}"]
        [sources.nbk]
        enabled = true
        base_url = "https://nationalbank.kz"
        interval = "15m"
        requests_per_day = 80
        proxy = "none"
        extra_ca = ["{0}"]
        [sources.market]
        enabled = true
        kind = "other"
        base_url = "http://127.0.0.1:9000/"
        interval = "1h"
        api_key_file = "{0}"
        "#,
        key.display()
    );
    let config = from_file(&text).unwrap();
    let server = &config.server;
    assert_eq!(server.max_streams, 50);
    assert!(matches!(config.store, Store::Memory));
    assert_eq!(config.clock.unwrap().speed, 60);
    assert_eq!(config.http.ca, CertificateAuthorities::System);
    assert_eq!(config.http.proxy.to_string(), "https://proxy.example:3128");
    assert_eq!(config.http.extra_ca, std::slice::from_ref(&key));
    let nbk = &config.sources[2];
    assert_eq!(nbk.requests_per_day, 80);
    assert_eq!(nbk.proxy, Some(Proxy::Direct));
    assert_eq!(nbk.extra_ca, [key]);
    let market = &config.sources[1];
    assert_eq!(market.source.kind, "other");
    assert_eq!(market.base_url, "http://127.0.0.1:9000");
    assert_eq!(market.api_key.as_ref().unwrap().expose(), "s3cret");

    let printed = print(&config, &CATALOGUE);
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(!format!("{config:?}").contains("s3cret"));
    let again = from_file(&printed).unwrap();
    assert_eq!(format!("{again:?}"), format!("{config:?}"));
    assert_eq!(print(&again, &CATALOGUE), printed);
}

#[test]
fn a_variable_overrides_the_file() {
    let file = "[sources.nbk]\ninterval = \"1h\"\n[ticker]\npairs = [\"TMT/USD\"]\n";
    let variables = [
        ("SILKRATE_SOURCES__NBK__INTERVAL", "5m"),
        ("SILKRATE_TICKER__PAIRS", "KZT/USD, KGS/USD"),
        ("SILKRATE_SOURCES__FALLBACK__ENABLED", "false"),
        ("SILKRATE_CLOCK__START", "2026-04-02T09:00:00Z"),
        ("SILKRATE_CLOCK__SPEED", "3"),
        ("PATH", "/bin"),
    ];
    let config = with(file, &variables).unwrap();
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.sources[0].interval, Duration::from_secs(300));
    let pairs: Vec<String> = config.ticker.pairs.items().collect();
    assert_eq!(pairs, ["KZT/USD", "KGS/USD"]);
    assert_eq!(config.clock.unwrap().speed, 3);
}

#[test]
fn the_variables_of_the_client_commands_are_no_settings() {
    for name in ["URL", "ADMIN_URL", "CA", "CERTIFICATE", "CERTIFICATE_KEY"] {
        let name = format!("SILKRATE_{name}");
        assert!(from_variable(&name, "http://127.0.0.1:1").is_ok(), "{name}");
    }
    assert!(from_variable("SILKRATE_URLS", "http://127.0.0.1:1").is_err());
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    assert_eq!(
        refusal("[server]\n\nlisen = \"x\"\n"),
        "`server.lisen` (silkrate.toml, line 3) is not a setting; did you mean `server.listen`?"
    );
    assert_eq!(
        refusal("[sources.nbkk]\n"),
        "`sources.nbkk` (silkrate.toml, line 1) is not a setting; did you mean `sources.nbk`?"
    );
    assert_eq!(
        from_variable("SILKRATE_SERVER__LISTN", "x")
            .unwrap_err()
            .to_string(),
        "`SILKRATE_SERVER__LISTN` (the variable SILKRATE_SERVER__LISTN) is not a setting; \
         did you mean `SILKRATE_SERVER__LISTEN`?"
    );
    assert!(from_file("[sources.nbk]\nkind = \"apilayer\"\n").is_err());
    assert!(from_file("server = 5\n").is_err());
}

#[test]
fn the_settings_name_days_off_and_working_days_of_a_source() {
    let file = "[sources.nbk]\nholidays = [\"2026-03-25\", \"2026-03-24\"]\n\
                working_days = [\"2026-03-28\"]\n";
    let config = from_file(file).unwrap();
    for document in config.sources[1].documents {
        let schedule = document.schedule;
        let holidays = [date(2026, 3, 24), date(2026, 3, 25)];
        assert_eq!(schedule.exceptions.holidays, holidays);
        assert!(!schedule.is_publication_day(holidays[0]));
        assert!(schedule.is_publication_day(date(2026, 3, 28)), "a Saturday");
    }
    let others = config.sources[0].documents[0].schedule.exceptions;
    assert_eq!(others, Exceptions::NONE);
    let printed = print(&config, &CATALOGUE);
    assert!(printed.contains("holidays = [\"2026-03-24\", \"2026-03-25\"]"));
    assert_eq!(print(&from_file(&printed).unwrap(), &CATALOGUE), printed);
    let variable = from_variable("SILKRATE_SOURCES__NBK__HOLIDAYS", "2026-03-24,2026-03-25");
    let documents = variable.unwrap().sources[1].documents;
    assert_eq!(documents[0].schedule.exceptions.holidays.len(), 2);

    assert_eq!(
        refusal("[sources.nbk]\nholidays = [\"24.03.2026\"]\n"),
        "`sources.nbk.holidays` (silkrate.toml, line 2): `24.03.2026` is not a date; accepted: \
         a list of dates in quotes, such as [\"2026-03-20\"]"
    );
    let both = "[sources.nbk]\nholidays = [\"2026-03-24\"]\nworking_days = [\"2026-03-24\"]\n";
    let both = refusal(both);
    assert!(
        both.contains("2026-03-24 is one of its holidays too"),
        "{both}"
    );
}

#[test]
fn a_wrong_value_is_refused_with_its_key_its_place_and_the_accepted_values() {
    assert_eq!(
        refusal("[sources.nbk]\ninterval = \"15x\"\n"),
        "`sources.nbk.interval` (silkrate.toml, line 2): `15x` is not a duration; accepted: \
         an integer with a unit (500ms, 20s, 15m, 1h) in quotes, from 100ms to 24h"
    );
    let variable = from_variable(
        "SILKRATE_SOURCES__NBK__BASE_URL",
        "https://bank.example/xml",
    );
    let variable = variable.unwrap_err().to_string();
    let begin = "`sources.nbk.base_url` (the variable SILKRATE_SOURCES__NBK__BASE_URL): ";
    assert!(variable.starts_with(begin), "{variable}");
}

#[test]
fn every_value_out_of_bounds_is_refused() {
    for wrong in [
        "[server]\nlisten = \"localhost\"",
        "[server]\nlisten = 50051",
        "[server]\nheartbeat_interval = \"61s\"",
        "[server]\nmax_streams = 0",
        "[server]\nmax_streams = \"many\"",
        "[server]\nheartbeat_interval = \"999ms\"",
        "[web]\nallowed_origins = \"https://news.example\"",
        "[web]\nallowed_origins = [\"news.example\"]",
        "[web]\nallowed_origins = [1]",
        "[ticker]\npairs = []",
        "[ticker]\npairs = [\"KZT\"]",
        "[ticker]\nprefer = []",
        "[ticker]\nprefer = [\"home\", \"home\"]",
        "[ticker]\nprefer = [\"unknown\"]",
        "[store]\npath = \"\"",
        "[clock]\nstart = \"yesterday\"",
        "[clock]\nspeed = 2",
        "[clock]\nstart = \"2026-04-02T09:00:00Z\"\nspeed = 0",
        "[clock]\nstart = \"2026-04-02T09:00:00Z\"\nspeed = 1000001",
        "[clock]\nstart = \"2026-04-02T09:00:00Z\"\nspeed = 1.5",
        "[http]\nread_timeout = \"0s\"",
        "[http]\nca = \"/nowhere/at/all.pem\"",
        "[http]\nextra_ca = [\"/nowhere/at/all.pem\"]",
        "[http]\nproxy = \"socks5://proxy.example\"",
        "[http]\nproxy = \"http://me:s3cret@proxy.example\"",
        "[sources.nbk]\nproxy = \"proxy.example\"",
        "[sources.nbk]\nenabled = \"true\"",
        "[sources.nbk]\ninterval = \"99ms\"",
        "[sources.nbk]\nrequests_per_day = 0",
        "[sources.nbk]\nrequests_per_day = \"100\"",
        "[sources.nbk]\ninterval = \"25h\"",
        "[sources.nbk]\ninterval = 15",
    ] {
        let errors = from_file(wrong).unwrap_err();
        let errors: Vec<_> = errors.iter().collect();
        assert!(
            matches!(errors[..], [ConfigError::Value { .. }]),
            "{wrong}: {errors:?}"
        );
    }
}

#[test]
fn a_wrong_kind_is_refused_with_the_kinds_there_are() {
    let error = refusal("[sources.market]\nkind = \"oracle\"\n");
    assert!(
        error.ends_with("accepted: one of other, apilayer"),
        "{error}"
    );
    let market = from_file("[sources.market]\nenabled = true\n").unwrap();
    assert_eq!(market.sources[1].base_url, "https://vendor.example");
    assert_eq!(market.sources[1].interval, Duration::from_secs(3_600));
}

#[test]
fn a_key_file_that_gives_no_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for content in [None, Some(" \n".to_owned()), Some("x".repeat(2 << 20))] {
        let _written = content.map(|content| fs::write(&path, content).unwrap());
        let text = format!(
            "[sources.market]\nenabled = true\napi_key_file = \"{}\"\n",
            path.display()
        );
        let error = refusal(&text);
        assert!(error.contains("contains no key"), "{error}");
        assert!(error.contains("sources.market.api_key_file"), "{error}");
    }
}

#[test]
fn a_file_that_is_missing_or_not_toml_is_refused() {
    let missing = load(
        &CATALOGUE,
        Some(Path::new("/nowhere/silkrate.toml")),
        std::iter::empty(),
    );
    let first = |errors: ConfigErrors| errors.iter().next().unwrap().to_string();
    let missing = first(missing.unwrap_err());
    assert!(missing.contains("cannot be read"), "{missing}");
    let errors = from_file("[server]\nlisten = \n").unwrap_err();
    assert!(
        matches!(
            errors.iter().next(),
            Some(ConfigError::Syntax {
                origin: Origin::File { line: 2, .. },
                ..
            })
        ),
        "{errors}"
    );
}

#[test]
fn a_path_without_its_first_slash_is_refused_with_an_example() {
    let path =
        |text: &str| from_file(&format!("[web]\npath = {text}")).map(|config| config.web.path);
    assert_eq!(path("\"/rates\"").unwrap(), "/rates/");
    assert_eq!(from_file("").unwrap().web.path, "/");
    let error = refusal("[web]\npath = \"rates\"\n");
    assert!(error.contains("web.path"), "{error}");
    assert!(error.contains("does not begin with a slash"), "{error}");
    assert!(error.contains("such as /rates/"), "{error}");
}

#[test]
fn origins_are_a_list_or_all_of_them() {
    let listed = |text: &str| {
        let config = from_file(&format!("[web]\nallowed_origins = {text}"));
        config.unwrap().web.allowed_origins
    };
    assert_eq!(
        listed("[\"HTTPS://News.example/\"]"),
        ["https://news.example"]
    );
    assert_eq!(listed("[\"*\"]"), ["*"]);
    let framing = "[web]\nframe_ancestors = [\"https://News.example\"]";
    let framing = from_file(framing).unwrap().web.frame_ancestors;
    assert_eq!(framing, ["https://news.example"]);
    let policy = refusal("[web]\nframe_ancestors = [\"'self'\"]");
    assert!(policy.contains("web.frame_ancestors"), "{policy}");
    assert!(from_file("[web]\nallowed_origins = [\"https://*.example\"]").is_err());
}

#[test]
fn a_list_in_a_variable_has_no_brackets() {
    let set = |value| from_variable("SILKRATE_WEB__ALLOWED_ORIGINS", value);
    let config = set("https://a.example, https://b.example").unwrap();
    assert_eq!(config.web.allowed_origins.len(), 2);
    let error = set("[\"https://a.example\"]").unwrap_err().to_string();
    assert!(error.contains("with commas between the items"), "{error}");
}
