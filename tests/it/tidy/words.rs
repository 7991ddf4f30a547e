//! Words that the prose and the names of the tree must not use: each has a standard term, which a reader can search for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tidy::root;

/// Each phrase with the terms to write in its place.
const WORDS: &[(&str, &str)] = &[
    ("asked for by", "requested by"),
    ("behind our back", "the effect itself"),
    ("believed", "accepted"),
    ("everybody", "every subscriber, every client"),
    ("fed up", "the error itself"),
    ("for people", "the reader: an operator, a visitor"),
    ("handed in", "submitted, uploaded"),
    ("hands in", "submits, uploads"),
    ("is told", "receives, is notified"),
    ("looked at", "read, checked, derived"),
    ("nobody", "no client, no source"),
    ("of ours", "of silkrate"),
    ("sign of life", "heartbeat"),
    ("so many", "the number itself"),
    ("told apart", "distinguished"),
    ("what became of", "the outcome of"),
    ("what becomes of", "the outcome of"),
    ("who asks", "the client, the caller"),
    ("whoever", "a client that, an operator who"),
    ("without a word", "without a message, silently"),
];

/// The kinds of files that are read.
const EXTENSIONS: &[&str] = &["rs", "proto", "md", "sql", "mjs", "ts"];
/// The folders that are read, beside the documents at the root.
const FOLDERS: &[&str] = &["src", "tests", "proto"];
/// Folders with files that are not written by hand.
const GENERATED: &[&str] = &["dist", "node_modules", "snapshots"];
/// This file.
const LIST: &str = "tests/it/tidy/words.rs";

/// The words of a file in lower case, one space between two of them: a phrase may be broken across the lines of a comment,
/// and the words of a name are joined by `_`.
fn words(text: &str) -> String {
    let is_separator = |letter: char| !letter.is_alphanumeric() && letter != '\'';
    let words = text.split(is_separator).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}

/// The phrases of the list that stand in a text.
fn found(text: &str) -> Vec<String> {
    let words = words(text);
    let is_found = |(phrase, _): &&(&str, &str)| words.contains(&format!(" {phrase} "));
    let rows = WORDS.iter().filter(is_found);
    rows.map(|(phrase, instead)| format!("`{phrase}`; write: {instead}"))
        .collect()
}

fn files(folder: &Path, is_nested: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if is_nested && !GENERATED.contains(&&*name) {
                files(&path, true, found);
            }
        } else if EXTENSIONS.iter().any(|extension| {
            path.extension()
                .is_some_and(|of_path| of_path == *extension)
        }) {
            found.push(path);
        }
    }
}

#[test]
fn no_file_uses_a_word_of_the_list() {
    let mut paths = Vec::new();
    files(&root(), false, &mut paths);
    for folder in FOLDERS {
        files(&root().join(folder), true, &mut paths);
    }
    assert!(paths.len() > 100, "{} files", paths.len());
    let mut used = Vec::new();
    for path in paths.iter().filter(|path| !path.ends_with(LIST)) {
        let text = fs::read_to_string(path).unwrap();
        let lines = found(&text).into_iter();
        used.extend(lines.map(|line| format!("{}: {line}", path.display())));
    }
    assert!(used.is_empty(), "{}", used.join("\n"));
}

#[test]
fn a_phrase_is_found_across_lines_and_in_names() {
    let texts = [
        "/// The client\n    /// is told.",
        "fn a_client_is_told_why() {}",
        "\"Whoever reads\"",
        "it is toldest, so manyfold",
    ];
    assert_eq!(texts.map(|text| found(text).len()), [1, 1, 1, 0]);
}
