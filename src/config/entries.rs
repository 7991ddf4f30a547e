//! The settings as written, by key: those of the file, overridden by those of the environment.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::variables::{is_of_clients, is_service_link, variable_of};
use crate::config::{ConfigError, ConfigErrors, Origin, variables};

/// What some editors write before the text of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What follows the name of a table that may be written several times, in the key of a setting of it; a number stands
/// between the brackets in the key of one of them.
const REPEATED: &str = "[]";

/// A value before it is parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// A TOML string, or a TOML date and time.
    Text(String),
    /// A TOML array of strings.
    List(Vec<String>),
    /// A TOML integer.
    Integer(String),
    /// A TOML boolean.
    Flag(bool),
    /// The text of a variable, which may be any of these.
    Variable(String),
    /// A type that no setting has, by name.
    Other(&'static str),
}

/// One setting as written.
#[derive(Debug, Clone)]
struct Entry {
    value: Raw,
    origin: Origin,
}

/// The settings as written, and what is wrong with them: all of it is reported at once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_key: BTreeMap<String, Entry>,
    errors: RefCell<Vec<ConfigError>>,
    ignored_variables: Vec<String>,
}

impl Entries {
    /// Reads the file and the environment. A key that is not in `known` is an error.
    ///
    /// # Errors
    /// If the file cannot be read or is not TOML: then nothing else can be said about it.
    pub(super) fn read(
        known: &[String],
        file: Option<&Path>,
        environment: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut entries = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
                path: path.to_owned(),
                error,
            })?;
            // Editors of Windows write a byte order mark, which is not part of TOML.
            let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
            entries.add_file(known, &FileText { path, text })?;
        }
        entries.add_environment(known, environment);
        Ok(entries)
    }

    /// The names of the variables that were ignored, or everything that was wrong.
    pub(super) fn finish(self) -> Result<Vec<String>, ConfigErrors> {
        match ConfigErrors::new(self.errors.into_inner()) {
            Some(errors) => Err(errors),
            None => Ok(self.ignored_variables),
        }
    }

    fn add_file(&mut self, known: &[String], file: &FileText<'_>) -> Result<(), ConfigError> {
        let root = DeTable::parse(file.text).map_err(|error| ConfigError::Syntax {
            origin: file.origin(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        self.add_table(known, file, "", root.get_ref());
        Ok(())
    }

    fn add_table(
        &mut self,
        known: &[String],
        file: &FileText<'_>,
        prefix: &str,
        table: &DeTable<'_>,
    ) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let origin = file.origin(name.span().start);
            let below = format!("{key}.");
            if known
                .iter()
                .any(|known| known.starts_with(&format!("{key}{REPEATED}.")))
            {
                self.add_tables(known, file, &key, value);
                continue;
            }
            let nearest = if let DeValue::Table(inner) = value.get_ref() {
                if known.iter().any(|known| known.starts_with(&below)) {
                    self.add_table(known, file, &below, inner);
                    continue;
                }
                nearest(&key, known.iter().flat_map(|known| tables_of(known)))
            } else if known.contains(&key) {
                let value = raw(value.get_ref());
                self.by_key.insert(key, Entry { value, origin });
                continue;
            } else {
                nearest(&key, known.iter().map(String::as_str))
            };
            self.add_error(ConfigError::UnknownKey {
                key,
                origin,
                nearest,
            });
        }
    }

    /// Adds the settings of a table that may be written several times.
    fn add_tables(
        &mut self,
        known: &[String],
        file: &FileText<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) {
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(Spanned::get_ref).collect(),
            _ => Vec::new(),
        };
        let tables: Option<Vec<_>> = items.iter().map(|item| item.as_table()).collect();
        let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
            self.add_error(ConfigError::Value {
                key: key.to_owned(),
                origin: file.origin(value.span().start),
                reason: "this is not a list of tables".to_owned(),
                accepted: format!("[[{key}]] before the settings of each"),
            });
            return;
        };
        for (index, table) in tables.into_iter().enumerate() {
            let numbered = format!("{key}[{index}]");
            let prefix = format!("{key}{REPEATED}.");
            let own = known.iter().filter_map(|known| known.strip_prefix(&prefix));
            let own: Vec<String> = own.map(|name| format!("{numbered}.{name}")).collect();
            let start = table.iter().map(|(name, _)| name.span().start).min();
            let origin = file.origin(start.unwrap_or(value.span().start));
            let entry = Entry {
                value: Raw::Other("a table"),
                origin,
            };
            self.by_key.insert(numbered.clone(), entry);
            self.add_table(&own, file, &format!("{numbered}."), table);
        }
    }

    fn add_environment(&mut self, known: &[String], environment: &[(String, String)]) {
        // A table that may be written several times has no variables: there is no name for one of them.
        let single = known.iter().filter(|key| !key.contains(REPEATED));
        let keys: BTreeMap<String, &String> = single.map(|key| (variable_of(key), key)).collect();
        for (name, value) in environment {
            if !name.starts_with(variables::PREFIX) || is_of_clients(name) {
                continue;
            }
            if let Some(&key) = keys.get(name) {
                let value = Raw::Variable(value.clone());
                let origin = Origin::Variable(name.clone());
                self.by_key.insert(key.clone(), Entry { value, origin });
            } else if is_service_link(name, value) {
                self.ignored_variables.push(name.clone());
            } else {
                self.add_error(ConfigError::UnknownKey {
                    origin: Origin::Variable(name.clone()),
                    key: name.clone(),
                    nearest: nearest(name, keys.keys().map(String::as_str)),
                });
            }
        }
    }

    /// How many times a table was written that may be written several times.
    pub(super) fn tables(&self, key: &str) -> usize {
        let start = format!("{key}[");
        let tables = self.by_key.keys();
        let tables = tables.filter(|key| key.starts_with(&start) && key.ends_with(']'));
        tables.count()
    }

    /// The keys of the settings that variables gave.
    pub(super) fn of_variables(&self) -> Vec<String> {
        let given = |entry: &Entry| matches!(entry.origin, Origin::Variable(_));
        let entries = self.by_key.iter().filter(|(_, entry)| given(entry));
        entries.map(|(key, _)| key.clone()).collect()
    }

    /// Whether a setting is set, rightly or not.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// Parses a setting, if it is set; `accepted` describes the accepted values in the error. A wrong value is an error, and
    /// counts as not set here.
    pub(super) fn get<T>(
        &self,
        key: &str,
        accepted: &str,
        parse: impl FnOnce(&Raw) -> Result<T, String>,
    ) -> Option<T> {
        let entry = self.by_key.get(key)?;
        match parse(&entry.value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(key, reason, accepted);
                None
            }
        }
    }

    /// The path that a setting has: a relative one begins in the folder of the file that has the setting, whichever folder a
    /// command is run in. One of a variable begins in the folder of the process.
    pub(super) fn path(&self, key: &str, path: &str) -> PathBuf {
        match self.by_key.get(key).map(|entry| &entry.origin) {
            Some(Origin::File { path: file, .. }) => folder(file).join(path),
            _ => PathBuf::from(path),
        }
    }

    /// Adds the error of a setting, with the place it came from.
    pub(super) fn refuse(&self, key: &str, reason: String, accepted: &str) {
        let entry = self.by_key.get(key);
        self.add_error(ConfigError::Value {
            key: key.to_owned(),
            origin: entry.map_or(Origin::Default, |entry| entry.origin.clone()),
            reason,
            accepted: accepted.to_owned(),
        });
    }

    /// Adds an error.
    pub(super) fn add_error(&self, error: ConfigError) {
        self.errors.borrow_mut().push(error);
    }
}

struct FileText<'a> {
    path: &'a Path,
    text: &'a str,
}

impl FileText<'_> {
    fn origin(&self, byte: usize) -> Origin {
        let before = self.text.bytes().take(byte);
        let line = before.filter(|&byte| byte == b'\n').count() + 1;
        Origin::File {
            path: self.path.to_owned(),
            line,
        }
    }
}

/// The folder of a file, from the root on.
fn folder(file: &Path) -> PathBuf {
    let whole = std::path::absolute(file).unwrap_or_else(|_nowhere| file.to_owned());
    let folder = whole.parent().unwrap_or(&whole).to_owned();
    // Two paths can be compared if a folder has one name. A symbolic link stays: what it leads to may be replaced.
    if folder.components().any(|part| part == Component::ParentDir) {
        folder.canonicalize().unwrap_or(folder)
    } else {
        folder
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => Raw::Integer(number.to_string()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Datetime(instant) => Raw::Text(instant.to_string()),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str());
            let texts: Option<Vec<String>> = texts.map(|text| text.map(str::to_owned)).collect();
            texts.map_or(
                Raw::Other("an array of other values than strings"),
                Raw::List,
            )
        }
        DeValue::Float(_) => Raw::Other("a number with a fraction"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}

/// The tables that contain a key: `sources` and `sources.nbk` for `sources.nbk.interval`.
fn tables_of(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |inner| {
        inner.rsplit_once('.').map(|(outer, _)| outer)
    })
    .skip(1)
}

/// The candidate with the fewest edits to the word, the first of equals; `None` when that is another word and not the same
/// one misspelt.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let counted = candidates.map(|candidate| (edits(word, candidate), candidate));
    let (edits, nearest) = counted.min_by_key(|(edits, _)| *edits)?;
    // With half of its letters wrong it is another word. A common prefix up to a dot or an underscore does not count:
    // `sources.ecb` is far from `sources.cbr`.
    let own = word
        .chars()
        .count()
        .saturating_sub(shared_head(word, nearest));
    (edits * 2 <= own).then(|| nearest.to_owned())
}

/// The length of the common prefix, up to and including its last dot or underscore.
fn shared_head(word: &str, other: &str) -> usize {
    let shared = word.chars().zip(other.chars());
    let shared = shared.take_while(|(a, b)| a == b).enumerate();
    let heads = shared.filter(|(_, (character, _))| matches!(character, '.' | '_'));
    heads.last().map_or(0, |(index, _)| index + 1)
}

/// The Levenshtein distance: insertions, deletions and replacements that turn one word into the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, from_character) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = index + 1;
        next.push(left);
        for (pair, to_character) in row.windows(2).zip(to.chars()) {
            let &[diagonal, above] = pair else { continue };
            let replaced = diagonal + usize::from(from_character != to_character);
            left = replaced.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_the_levenshtein_distance() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("listen", "listen"), 0);
    }

    #[test]
    fn a_misspelt_word_has_a_nearest_one_and_another_word_has_none() {
        let known = [
            "server.listen",
            "sources.nbk",
            "sources.cbr",
            "SILKRATE_SERVER__LISTEN",
        ];
        let nearest = |word| nearest(word, known.into_iter());
        for (word, meant) in [
            ("server.lisen", "server.listen"),
            ("sever.listen", "server.listen"),
            ("sources.nbkk", "sources.nbk"),
            ("sources.cbk", "sources.nbk"),
            ("SILKRATE_SERVER__LSITEN", "SILKRATE_SERVER__LISTEN"),
        ] {
            assert_eq!(nearest(word).as_deref(), Some(meant), "{word}");
        }
        for other in [
            "server.port",
            "sources.ecb",
            "database.url",
            "SILKRATE_PORT",
            "",
        ] {
            assert_eq!(nearest(other), None, "{other}");
        }
    }
}
