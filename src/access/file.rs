//! The keys file: a list of TOML tables, one for each key.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use crate::access::{KeyHash, KeyLimits, KeyRecord, KeysError, Scope};
use crate::small_file;

/// The version of the format.
const VERSION: u32 = 1;
/// How many keys a file has: at some 250 bytes each, a mebibyte of text.
pub(super) const KEYS_MAX: usize = 4000;
/// The most letters of a name: it stands in a column of a terminal and in lines of the log.
const NAME_BYTES_MAX: usize = 64;
/// As many letters in a row as a key or a hash has, without its first and last ones, and few names.
const SECRET_LETTERS_MIN: usize = 32;
/// What the file begins with.
const HEADER: &str = "\
# The access keys of silkrate. `silkrate keys` writes this file, and a running service reads it again every ten seconds.
# It has the hashes of the keys alone: a key that is lost is replaced (`silkrate keys rotate NAME`).
";

/// The keys file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<u32>,
    #[serde(default)]
    keys: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    sha256: String,
    scopes: Vec<String>,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    requests_per_minute: Option<NonZeroU32>,
    streams: Option<NonZeroU32>,
}

/// The bytes of the file.
///
/// # Errors
/// When it cannot be read, is too large, or is no regular file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeysError> {
    small_file::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => KeysError::Missing(path.to_owned()),
        _ => KeysError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        },
    })
}

/// The keys of a file.
///
/// # Errors
/// The first thing that is wrong with it, with its line.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<KeyRecord>, KeysError> {
    let wrong = |start: usize, problem: String| {
        let problem = without_secrets(&problem);
        let before = bytes.iter().take(start);
        let breaks = before.filter(|byte| **byte == b'\n').count();
        KeysError::Wrong {
            path: path.to_owned(),
            line: breaks.saturating_add(1),
            problem,
        }
    };
    let text = str::from_utf8(bytes)
        .map_err(|error| wrong(error.valid_up_to(), "it is not text".to_owned()))?;
    let document: Document = toml::from_str(text).map_err(|error| {
        // Its own text repeats the line, which may have a hash.
        let start = error.span().map_or(0, |span| span.start);
        wrong(start, error.message().replace('\n', " "))
    })?;
    if *document.version.get_ref() != VERSION {
        let problem =
            format!("this version of silkrate reads the version {VERSION} of the file alone");
        return Err(wrong(document.version.span().start, problem));
    }
    if document.keys.len() > KEYS_MAX {
        return Err(wrong(0, format!("it has more than {KEYS_MAX} keys")));
    }
    let (mut records, mut ids) = (Vec::with_capacity(document.keys.len()), BTreeSet::new());
    for entry in document.keys {
        let start = entry.span().start;
        let record = record(entry.into_inner()).map_err(|problem| wrong(start, problem))?;
        if !ids.insert(record.id.clone()) {
            return Err(wrong(
                start,
                format!("the id `{}` is that of two keys", record.id),
            ));
        }
        records.push(record);
    }
    Ok(records)
}

/// A problem without the words of it that may be a key or a hash: a text in the wrong place is repeated by the parser.
fn without_secrets(problem: &str) -> String {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let words = problem.split_inclusive(|letter| !is_of_word(letter));
    let shown = words.map(|word| {
        let letters = word.trim_end_matches(|letter| !is_of_word(letter));
        if letters.len() < SECRET_LETTERS_MIN {
            word.to_owned()
        } else {
            word.replace(letters, "…")
        }
    });
    shown.collect()
}

fn record(entry: Entry) -> Result<KeyRecord, String> {
    let Entry {
        id,
        name,
        sha256,
        scopes,
        created,
        expires,
        revoked,
        requests_per_minute,
        streams,
    } = entry;
    if !is_name(&id) {
        return Err(format!("the id `{}` is no id", id.escape_debug()));
    }
    if !is_name(&name) {
        return Err(KeysError::BadName(name).to_string());
    }
    let instant = |field: &str, text: &str| {
        let parsed = text.parse::<Timestamp>();
        parsed.map_err(|_not_one| {
            format!("{field} of `{name}` is no timestamp such as 2026-04-02T09:00:00Z")
        })
    };
    let optional = |field, text: Option<String>| text.map(|text| instant(field, &text)).transpose();
    let hash = KeyHash::parse(&sha256);
    let hash = hash.ok_or_else(|| format!("sha256 of `{name}` has not 64 hexadecimal digits"))?;
    let mut named = BTreeSet::new();
    for scope in &scopes {
        let known = Scope::parse(scope);
        named.insert(known.ok_or_else(|| {
            format!(
                "`{}` is no scope: the scopes are read and admin",
                scope.escape_debug()
            )
        })?);
    }
    if named.is_empty() {
        return Err(format!(
            "`{name}` has no scope: the scopes are read and admin"
        ));
    }
    Ok(KeyRecord {
        created: instant("created", &created)?,
        expires: optional("expires", expires)?,
        revoked: optional("revoked", revoked)?,
        scopes: named,
        limits: KeyLimits {
            requests_per_minute,
            streams,
        },
        id,
        hash,
        name,
    })
}

/// Whether a text is a name: it is an argument of commands, a field of the log, and a label.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_letter)
}

/// The text of a file with these keys.
pub(super) fn text(records: &[KeyRecord]) -> String {
    let mut text = format!("{HEADER}version = {VERSION}\n");
    for record in records {
        let KeyRecord {
            id,
            name,
            hash,
            scopes,
            created,
            expires,
            revoked,
            limits,
        } = record;
        let scopes: Vec<String> = scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
        let optional = [("expires", expires), ("revoked", revoked)];
        let optional = optional.map(|(field, instant)| match instant {
            Some(instant) => format!("{field} = \"{instant}\"\n"),
            None => String::new(),
        });
        let limits = [
            ("requests_per_minute", limits.requests_per_minute),
            ("streams", limits.streams),
        ];
        let limits = limits.map(|(field, limit)| match limit {
            Some(limit) => format!("{field} = {limit}\n"),
            None => String::new(),
        });
        // Names and ids have plain letters alone, so nothing is to be escaped. A `String` takes every text.
        let _written = write!(
            text,
            "\n[[keys]]\nid = \"{id}\"\nname = \"{name}\"\nsha256 = \"{}\"\nscopes = [{}]\ncreated = \"{created}\"\n{}{}",
            hash.digits(),
            scopes.join(", "),
            optional.concat(),
            limits.concat(),
        );
    }
    text
}

/// A path with something at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
