//! The code between messages and the rest of the program names every field, so that a new one does not compile until it
//! is handled.

use std::fs;
use std::path::{Path, PathBuf};

fn files(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.with_extension("rs")];
    for entry in fs::read_dir(path).unwrap() {
        files.push(entry.unwrap().path());
    }
    files
}

/// Whether a line ends a pattern with `..`, which skips fields.
fn skips_fields(line: &str) -> bool {
    let line = line.trim();
    let is_alone = line == ".." || line == "..,";
    is_alone || line.contains(", .. }") || line.contains("{ .. }")
}

#[test]
fn no_conversion_of_a_message_leaves_a_field_out() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in ["json", "wire"]
        .iter()
        .flat_map(|module| files(&source.join(module)))
    {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let skipping = code.lines().filter(|line| skips_fields(line));
        found.extend(skipping.map(|line| format!("{}: {}", path.display(), line.trim())));
    }
    assert_eq!(
        found,
        Vec::<String>::new(),
        "name every field of the message"
    );
}

#[test]
fn a_pattern_that_skips_fields_is_found() {
    for line in [
        "    ..",
        "let pb::Flag { check, .. } = flag;",
        "Event::Opening { .. } => 1,",
    ] {
        assert!(skips_fields(line), "{line}");
    }
    for line in [
        "..pb::Fixing::default()",
        "Self { check, currency }",
        "0..=9",
    ] {
        assert!(!skips_fields(line), "{line}");
    }
}
