//! `silkrate keys`: makes, lists, revokes and replaces the keys of clients.

mod ends;

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::access::{Key, KeyLimits, KeyRecord, KeysError, KeysFile, NewKey, Scope};
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::keys::ends::{end, overlap};
use crate::cli::table::TextTable;
use crate::cli::{config, output};
use crate::config::REQUESTS_PER_MINUTE_BOUNDS;
use crate::json;
use crate::tabular::Column;

const EXAMPLES: &str = "\
Examples:
  silkrate keys add news-desk --config silkrate.toml                     print a key to read with, once
  silkrate keys add prometheus --scope admin --expires 365d > prometheus.key
  silkrate keys add partner --expires 2027-01-31 --requests-per-minute 600 --streams 50
  silkrate keys list --config silkrate.toml
  silkrate keys rotate news-desk --overlap 1d                            a new key; the old one ends in a day
  silkrate keys rotate news-desk --overlap 0s > news-desk.key            the same where the old key has leaked: it ends now
  silkrate keys revoke news-desk

The file is that of access.keys in the configuration, or --file. It has the hashes of keys alone. A running service takes a change \
over within ten seconds, or at once on SIGHUP.";

/// How long a replaced key stays valid: a day, in which its users put the new one in its place.
const OVERLAP: &str = "1d";
const NEEDS_FILE: &str = "name the configuration of the service with --config FILE, or the file of keys with --file FILE";

/// The columns of a key.
const COLUMNS: &[Column] = &[
    ("id", "/id"),
    ("name", "/name"),
    ("state", "/state"),
    ("scope", "/scope"),
    ("created_time", "/created_time"),
    ("expires_time", "/expires_time"),
    ("revoked_time", "/revoked_time"),
    ("requests_per_minute", "/requests_per_minute"),
    ("streams", "/streams"),
    ("sha256", "/sha256"),
];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
    /// The configuration file (TOML) of the service; SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The file of keys, in place of the one that the configuration names (access.keys).
    #[arg(long, value_name = "FILE", conflicts_with = "config", global = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key, and print it. It is not shown again.
    #[command(after_help = EXAMPLES)]
    Add(AddArgs),
    /// Print the keys, with the beginnings of their hashes.
    #[command(after_help = EXAMPLES)]
    List,
    /// End a key now, and the streams that were opened with it.
    #[command(after_help = EXAMPLES)]
    Revoke {
        /// Its id, or its name where one valid key has it.
        #[arg(value_name = "ID|NAME")]
        key: String,
    },
    /// Make a key in the place of another one, and print it.
    #[command(after_help = EXAMPLES)]
    Rotate {
        /// Its id or its name.
        #[arg(value_name = "ID|NAME")]
        key: String,
        /// How long the old key stays valid; with 0s it ends now.
        #[arg(long, value_name = "DURATION", default_value = OVERLAP)]
        overlap: String,
        /// When the new key ends. Default: when the old one would have.
        #[arg(long, value_name = "DURATION|DATE")]
        expires: Option<String>,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Who or what uses it: 1 to 64 letters, digits, dots, hyphens and underscores.
    #[arg(value_name = "NAME")]
    name: String,
    /// What it may be used for. `admin` is for the operators' port, and may read too.
    #[arg(long, value_parser = scopes(), default_value = "read")]
    scope: Scope,
    /// When it ends: after a duration such as 90d, or with a date. Default: never.
    #[arg(long, value_name = "DURATION|DATE")]
    expires: Option<String>,
    /// How many requests it may make a minute, by what they cost: 1 to 1000000. Default: as many as every client.
    #[arg(long, value_name = "N", value_parser = number(REQUESTS_PER_MINUTE_BOUNDS))]
    requests_per_minute: Option<NonZeroU32>,
    /// How many streams it may have open at once, at least 1. Default: as many as every client.
    #[arg(long, value_name = "N", value_parser = number(1..=u32::MAX))]
    streams: Option<NonZeroU32>,
}

/// A number within bounds, of which the least is one.
fn number(bounds: RangeInclusive<u32>) -> impl TypedValueParser<Value = NonZeroU32> {
    let (least, most) = (i64::from(*bounds.start()), i64::from(*bounds.end()));
    let number = clap::value_parser!(u32).range(least..=most);
    number.try_map(NonZeroU32::try_from)
}

/// The names of the scopes.
fn scopes() -> impl TypedValueParser<Value = Scope> {
    let names = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str));
    names.try_map(|name| Scope::parse(&name).ok_or("no scope has this name"))
}

/// A key that was made.
#[derive(Debug, Serialize)]
struct Made<'a> {
    key: &'a str,
    #[serde(flatten)]
    row: Row,
}

/// The keys of a file.
#[derive(Debug, Serialize)]
struct List<'a> {
    keys: &'a [Row],
}

/// What is shown of a key. Instants are in UTC.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    state: &'static str,
    scope: &'static str,
    created_time: String,
    expires_time: Option<String>,
    revoked_time: Option<String>,
    requests_per_minute: Option<NonZeroU32>,
    streams: Option<NonZeroU32>,
    /// The beginning of the hash.
    sha256: String,
}

pub(super) fn run(
    arguments: &KeysArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let path = path(arguments)?;
    let (file, now) = (KeysFile::new(&path), Timestamp::now());
    let format = arguments.format.format()?;
    let makes = matches!(arguments.action, Action::Add(_) | Action::Rotate { .. });
    if makes && matches!(format, Format::Csv(_) | Format::Ndjson) {
        return Err(Failure::Usage {
            message: "a new key has no CSV format and no NDJSON format".to_owned(),
            hint: "print it with --format table or --format json".to_owned(),
        });
    }
    match &arguments.action {
        Action::Add(new) => {
            let expires = new
                .expires
                .as_deref()
                .map(|text| end(text, now))
                .transpose()?;
            let new = NewKey {
                name: new.name.clone(),
                scope: new.scope,
                expires,
                limits: KeyLimits {
                    requests_per_minute: new.requests_per_minute,
                    streams: new.streams,
                },
            };
            let (_key, made) = file.add(new, now, |key, made| show(key, made, format, out))?;
            tell(&made, &path, format, err)
        }
        Action::List => list(&file.keys()?, now, format, out),
        Action::Revoke { key } => {
            let row = Row::at(now, &file.revoke(key, now)?);
            if format == Format::Table {
                writeln!(out, "revoked {} (id {})", row.name, row.id)?;
                return Ok(());
            }
            document(&[row]).print(format, out, String::new)
        }
        Action::Rotate {
            key,
            overlap: text,
            expires,
        } => {
            let until = overlap(text, now)?;
            let expires = expires.as_deref().map(|text| end(text, now)).transpose()?;
            let show = |key: &Key, made: &KeyRecord| show(key, made, format, out);
            let (_key, made) = file.rotate(key, (until, expires), now, show)?;
            tell(&made, &path, format, err)
        }
    }
}

/// The file of keys.
fn path(arguments: &KeysArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = &arguments.file {
        return Ok(file.clone());
    }
    let config = config::load(arguments.config.as_deref())?;
    config.access.keys.ok_or_else(|| Failure::Usage {
        message: "the configuration names no file of keys (access.keys)".to_owned(),
        hint: NEEDS_FILE.to_owned(),
    })
}

/// Prints a new key to stdout, as a table alone: for a file of its user.
fn show(key: &Key, record: &KeyRecord, format: Format, out: &mut dyn Write) -> io::Result<()> {
    if output::is_lost() {
        return Err(io::Error::other("standard output is closed or /dev/null"));
    }
    let (key, row) = (key.expose(), Row::at(record.created, record));
    if format == Format::Json {
        writeln!(out, "{}", json::text(&Made { key, row })?)?;
    } else {
        writeln!(out, "{key}")?;
    }
    out.flush()
}

/// Says what was made. JSON has it beside the key.
fn tell(
    record: &KeyRecord,
    path: &Path,
    format: Format,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    if format == Format::Table {
        let row = Row::at(record.created, record);
        let ends = row.expires_time.as_deref().unwrap_or("never");
        let path = std::path::absolute(path).unwrap_or_else(|_nowhere| path.to_owned());
        writeln!(
            err,
            "made the key {} (id {}, scope {}, expires {ends}) in {}; it is not shown again",
            row.name,
            row.id,
            row.scope,
            path.display()
        )?;
    }
    Ok(())
}

fn list(
    keys: &[KeyRecord],
    now: Timestamp,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rows: Vec<Row> = keys.iter().map(|key| Row::at(now, key)).collect();
    document(&rows).print(format, out, || table(&rows))
}

fn document(rows: &[Row]) -> Document<'_, List<'_>, Row> {
    Document {
        message: List { keys: rows },
        rows,
        columns: COLUMNS,
    }
}

fn table(rows: &[Row]) -> String {
    let heading = [
        "ID", "NAME", "STATE", "SCOPE", "CREATED", "EXPIRES", "REVOKED", "A MINUTE", "STREAMS",
        "SHA-256",
    ];
    let mut table = TextTable::new(heading);
    let number = |limit: Option<NonZeroU32>| limit.map_or_else(String::new, |n| n.to_string());
    for row in rows {
        table.push([
            row.id.clone(),
            row.name.clone(),
            row.state.to_owned(),
            row.scope.to_owned(),
            row.created_time.clone(),
            row.expires_time.clone().unwrap_or_default(),
            row.revoked_time.clone().unwrap_or_default(),
            number(row.requests_per_minute),
            number(row.streams),
            format!("{}…", row.sha256),
        ]);
    }
    table.render()
}

impl Row {
    fn at(now: Timestamp, key: &KeyRecord) -> Self {
        let text = |instant: Timestamp| format!("{instant:.0}");
        let state = match (key.revoked, key.check(now)) {
            (Some(_), _) => "revoked",
            (None, Err(_)) => "expired",
            (None, Ok(())) => "valid",
        };
        let scope = if key.has(Scope::Admin) {
            Scope::Admin
        } else {
            Scope::Read
        };
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            state,
            scope: scope.as_str(),
            created_time: text(key.created),
            expires_time: key.expires.map(text),
            revoked_time: key.revoked.map(text),
            requests_per_minute: key.limits.requests_per_minute,
            streams: key.limits.streams,
            sha256: key.hash.shown(),
        }
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let (message, hint) = (error.to_string(), error.remedy().to_owned());
        match error {
            KeysError::Unknown(_)
            | KeysError::SeveralNamed { .. }
            | KeysError::NameTaken(_)
            | KeysError::BadName(_) => Self::Usage { message, hint },
            _ => Self::Failed { message, hint },
        }
    }
}
