//! What the README says is so.

use std::fs;
use std::path::Path;

use silkrate::config::Config;
use silkrate::sources;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The text between the fences of the one block of a language.
fn block(language: &str) -> String {
    let readme = readme();
    let fence = format!("```{language}\n");
    let mut blocks = readme.split(&fence).skip(1);
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

#[test]
fn the_sample_configuration_is_accepted_and_says_the_defaults() {
    let sample = load(&block("toml"));
    let defaults = Config::load(None, std::iter::empty()).unwrap();
    assert_eq!(sample.to_toml(), defaults.to_toml());
}

#[test]
fn the_commented_settings_of_the_sample_are_accepted_too() {
    let sample = block("toml")
        .replace("# [clock]", "[clock]")
        .replace("# start", "start")
        .replace("# speed", "speed");
    assert!(load(&sample).clock.is_some());
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
fn what_is_in_use_is_not_called_unused() {
    let readme = readme();
    let unused = readme.split("not in use yet").skip(1);
    for sentence in unused.filter_map(|rest| rest.split(". ").next()) {
        assert!(!sentence.contains("[web]"), "{sentence}");
    }
}
