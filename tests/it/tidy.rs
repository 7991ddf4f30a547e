//! The rules of the tree: the direction of imports, the length of a file, its header, and the words of its prose.

mod circles;
mod may_name;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use may_name::MAY_NAME;

/// The crates and calls that must not be imported or named in a module.
const MUST_NOT_NAME: &[(&str, &[&str])] = &[
    (
        "domain",
        &["tokio", "tonic", "prost", "reqwest", "dashmap", "async fn"],
    ),
    (
        "sources",
        &["tokio", "reqwest", "tracing", "Timestamp::now"],
    ),
    ("board", &["async ", "tonic", "prost"]),
    ("feed", &["tonic", "prost", "reqwest"]),
    ("queries", &["tonic", "prost", "axum"]),
    ("poller", &["tonic", "prost"]),
    ("listener", &["prost"]),
];

/// The maximum number of lines of a file.
const FILE_LINES_MAX: usize = 400;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `src`, with the module at the top of the tree that it belongs to.
fn sources() -> Vec<(PathBuf, String, String)> {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let with_module = |path: PathBuf| {
        let inside = path.strip_prefix(root().join("src")).unwrap().to_owned();
        let first = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).unwrap();
        (inside, first.trim_end_matches(".rs").to_owned(), text)
    };
    files.into_iter().map(with_module).collect()
}

/// The modules named after `crate::` in a text, doc links left out.
fn named_modules(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut named = Vec::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !word.is_empty() {
                named.push(word);
            }
        }
    }
    named
}

#[test]
fn imports_follow_the_table() {
    let mut against = Vec::new();
    for (path, module, text) in sources() {
        let allowed = MAY_NAME.iter().find(|(name, _)| *name == module);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{module} has no row in MAY_NAME"));
        for named in named_modules(&text) {
            if named != module && !allowed.contains(&named.as_str()) {
                against.push(format!("{} names crate::{named}", path.display()));
            }
        }
        if text.contains("use crate::{") {
            against.push(format!(
                "{} names modules in one brace, where this test cannot see them",
                path.display()
            ));
        }
    }
    assert_eq!(
        against,
        Vec::<String>::new(),
        "imports that MAY_NAME does not list"
    );
}

#[test]
fn no_module_names_a_forbidden_crate() {
    let mut found = Vec::new();
    for (path, module, text) in sources() {
        let words = MUST_NOT_NAME
            .iter()
            .find(|(name, _)| *name == module)
            .map_or(&[][..], |(_, words)| words);
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for word in words.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{} names {word}", path.display()));
        }
    }
    // The board publishes through a tokio channel, which is not async; its readers await it.
    assert_eq!(found, Vec::<String>::new());
}

/// The modules that make a status of gRPC, and the clients, which receive them: `client`, and `shared` of etcd. Elsewhere a request is refused by a
/// `Refusal`; a service of gRPC may name the status in the signatures of its methods.
const NAMES_A_STATUS: &[&str] = &["wire", "grpc", "client", "shared"];
/// The calls of the load generator receive statuses too.
const CALLS: &str = "calls.rs";

#[test]
fn a_status_of_grpc_is_made_in_wire_and_grpc_alone() {
    let mut found = Vec::new();
    for (path, module, text) in sources() {
        let is_allowed = NAMES_A_STATUS.contains(&module.as_str()) || path.ends_with(CALLS);
        let lines = text.lines().map(str::trim_start);
        let code: String = lines.filter(|line| !line.starts_with("//")).collect();
        let words = ["tonic::Status", "tonic_types", "(Status::", " Status::"];
        if !is_allowed && words.iter().any(|word| code.contains(word)) {
            found.push(path);
        }
    }
    assert_eq!(found, Vec::<PathBuf>::new());
}

#[test]
fn every_file_has_a_header_and_at_most_400_lines() {
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    rust_files(&root().join("tests"), &mut files);
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{} has no `//!` header", path.display()));
        }
        if text.lines().count() > FILE_LINES_MAX {
            wrong.push(format!(
                "{} has more than {FILE_LINES_MAX} lines",
                path.display()
            ));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The modules that a program has without the feature `service`: the client, and what it is built on.
const CLIENT_ALONE: &[&str] = &["domain", "causes", "authorities", "backoff", "pb", "client"];

#[test]
fn every_module_but_those_of_the_client_is_behind_the_feature_of_the_service() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut open = Vec::new();
    let mut above = "";
    for line in library.lines() {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ");
        if let Some(name) = name
            && above != "#[cfg(feature = \"service\")]"
        {
            open.push(name.trim_end_matches(';'));
        }
        above = line;
    }
    assert_eq!(open, CLIENT_ALONE);
    for (module, named) in MAY_NAME {
        if CLIENT_ALONE.contains(module) {
            let missing = named.iter().find(|name| !CLIENT_ALONE.contains(name));
            assert_eq!(missing, None, "{module} names it, and is built without it");
        }
    }
}
