//! The README and the chapters agree with the program.

use std::fs;
use std::path::{Path, PathBuf};

use silkrate::config::{Config, Store};
use silkrate::ledger::{ClockKind, Ledger};
use silkrate::sources;

/// The chapters that the README refers to, each rendered in the documentation of its module too.
const CHAPTERS: &[&str] = &[
    "src/access/README.md",
    "src/client/README.md",
    "src/config/README.md",
    "src/domain/judged/README.md",
    "src/feed/README.md",
    "src/ledger/README.md",
    "src/logging/README.md",
    "src/sources/README.md",
    "src/tabular/README.md",
    "src/telemetry/README.md",
    "src/web/README.md",
    "src/webhooks/README.md",
    "tests/bench/README.md",
    "tests/report/README.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn readme() -> String {
    read("README.md")
}

/// The text between the fences of the one block of a language.
fn block(path: &str, language: &str) -> String {
    let text = read(path);
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1);
    let block = blocks
        .next()
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .to_owned();
    assert!(blocks.next().is_none(), "there is one block of {language}");
    block
}

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.toml");
    fs::write(&path, text).unwrap();
    Config::load(Some(&path), std::iter::empty()).unwrap()
}

/// The files that the links of a text name, without those on the web. A link to a section of the text itself names none.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.starts_with("http"));
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|file| !file.is_empty()).collect()
}

#[test]
fn the_sample_configuration_is_accepted_and_has_the_defaults() {
    let mut sample = load(&block("src/config/README.md", "toml"));
    let defaults = Config::load(None, std::iter::empty()).unwrap();
    // A path of a file begins in the folder of the file, and that of the default in the current one.
    assert!(matches!(&sample.store, Store::File(path) if path.ends_with("silkrate.db")));
    sample.store = defaults.store.clone();
    assert_eq!(sample.to_toml(), defaults.to_toml());
}

#[test]
fn the_commented_settings_of_the_sample_are_accepted_too() {
    let fixtures = root().join("tests/fixtures/tls");
    let setting = |key, name| format!("{key} = \"{}\"", fixtures.join(name).display());
    let sample = block("src/config/README.md", "toml")
        .replace("# [clock]", "[clock]")
        .replace("# start", "start")
        .replace("# speed", "speed")
        .replace("# public_url", "public_url")
        .replace("# [server.tls]", "[server.tls]")
        .replace(
            "# certificate = \"server.pem\"",
            &setting("certificate", "bank.pem"),
        )
        .replace("# key = \"server.key\"", &setting("key", "bank.key"))
        .replace(
            "# client_ca = \"clients.pem\"",
            &setting("client_ca", "intermediate.pem"),
        )
        .replace("# keys", "keys")
        .replace("# [trace]", "[trace]")
        .replace("# endpoint", "endpoint")
        .replace("# sample", "sample");
    let sample = load(&sample);
    assert!(sample.clock.is_some());
    assert!(sample.trace.is_some());
    assert!(sample.access.keys.is_some());
    assert!(
        sample
            .server
            .tls
            .is_some_and(|files| files.client_ca.is_some())
    );
    assert!(sample.web.public_url.is_some());
}

#[test]
fn the_table_of_sources_names_every_source_and_every_kind() {
    let readme = readme();
    for source in sources::ALL {
        assert!(
            readme.contains(&format!("| `{}` |", source.id)),
            "{} has no row",
            source.id
        );
        assert!(
            readme.contains(&format!("`{}`", source.kind)) || source.kind.is_empty(),
            "{} is not named",
            source.kind
        );
        let attribution = source.attribution;
        assert!(readme.contains(attribution), "{}: {attribution}", source.id);
    }
}

#[test]
fn every_link_within_the_documents_leads_to_a_file() {
    let documents = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "deploy/README.md",
        "deploy/runbook.md",
    ];
    for document in documents.iter().chain(CHAPTERS) {
        let text = read(document);
        let folder = root().join(document);
        let folder = folder.parent().unwrap();
        for target in links(&text) {
            assert!(folder.join(target).exists(), "{document}: {target}");
        }
    }
}

#[test]
fn the_readme_refers_to_every_chapter_and_the_documentation_includes_it() {
    let readme = readme();
    for chapter in CHAPTERS {
        assert!(readme.contains(&format!("]({chapter})")), "{chapter}");
        let (parent, including) = if let Some(module) = chapter.strip_suffix("/README.md") {
            let name = Path::new(module).file_name().unwrap().to_str().unwrap();
            (format!("{module}.rs"), format!("{name}/README.md"))
        } else {
            panic!("{chapter} is the README of a folder")
        };
        let source = if root().join(&parent).exists() {
            read(&parent)
        } else {
            read("src/lib.rs")
        };
        assert!(
            source.contains("include_str!(") && source.contains(&including),
            "the documentation does not include {chapter}"
        );
    }
}

#[test]
fn the_readme_has_at_most_a_thousand_words() {
    // Three minutes at three hundred words a minute; code and tables are skimmed.
    let words = readme().split_whitespace().count();
    assert!(words <= 1000, "{words} words");
}

#[test]
fn every_file_that_the_map_names_exists() {
    let map = read("src/lib.rs");
    let names = map.split('`').filter(|word| {
        let file = Path::new(word).extension().is_some_and(|kind| kind == "rs");
        file && !word.contains(' ')
    });
    let names: Vec<&str> = names.collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        let is_there = root().join(name).exists() || root().join("src").join(name).exists();
        assert!(is_there, "{name}");
    }
}

#[test]
fn the_query_of_the_chapter_on_history_fits_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silkrate.db");
    let (_ledger, _reader) = Ledger::open(Some(&path), ClockKind::Real).unwrap();
    let chapter = read("src/ledger/README.md");
    let query = chapter.split("sqlite3 silkrate.db \"").nth(1).unwrap();
    let query = query.split('"').next().unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(connection.prepare(query).unwrap().column_count(), 3);
}
